"""The blocks of our networks, against their papers' formulas and against timm's."""

import math

import pytest
import torch
from timm.models.densenet import DenseBlock, DenseTransition
from torch import Tensor, nn
from torch.nn import functional as F

from robustmoll.models.densenet import DenseLayer, DenseNet, transition
from robustmoll.models.preact_resnet import PreActBlock, PreActResNet, Residual, basic, bottleneck
from robustmoll.models.resnext import ResNeXt29
from robustmoll.models.wide_resnet import WideResNet
from tests.models.tiny_models import noise, on_meta, small


@pytest.mark.parametrize("residual", [basic, bottleneck])
@pytest.mark.parametrize(
    ("in_channels", "stride", "first"), [(32, 1, False), (32, 1, True), (8, 1, True), (8, 2, True)]
)
def test_block_is_the_paper_s(residual: Residual, in_channels: int, stride: int, first: bool) -> None:
    torch.manual_seed(0)
    width = 32 if residual is basic else 8
    block, x = PreActBlock(in_channels, width, stride, residual, first), noise(4, in_channels, 8, 8)
    out = block(x)
    convs = [m.weight for m in block.residual.modules() if isinstance(m, nn.Conv2d)]
    a = activated = F.relu(F.batch_norm(x, None, None, training=True))
    for index, weight in enumerate(convs):
        a = F.relu(F.batch_norm(a, None, None, training=True)) if index else a
        is_strided = weight.shape[-1] == 3 and weight is next(w for w in convs if w.shape[-1] == 3)
        a = F.conv2d(a, weight, stride=stride if is_strided else 1, padding=weight.shape[-1] // 2)
    shortcut = activated if first else x
    if isinstance(block.shortcut, nn.Conv2d):
        shortcut = F.conv2d(shortcut, block.shortcut.weight, stride=stride)
    assert isinstance(block.shortcut, nn.Conv2d) == (in_channels != 32)
    torch.testing.assert_close(out, shortcut + a, atol=1e-5, rtol=1e-5)


def test_convolutions_start_as_in_he_et_al() -> None:
    torch.manual_seed(0)
    for layer in PreActResNet(bottleneck, depths=(1, 1), widths=(32, 64)).modules():
        if isinstance(layer, nn.Conv2d):
            fan_out = layer.out_channels * layer.kernel_size[0] ** 2
            assert abs(layer.weight.mean() * math.sqrt(fan_out)) < 0.2
            assert abs(layer.weight.std() / math.sqrt(2 / fan_out) - 1) < 0.1


def test_a_resnext_block_adds_up_paths_that_do_not_meet() -> None:
    torch.manual_seed(0)
    block, x = ResNeXt29(cardinality=4, base_width=8).stages[1][0].eval(), noise(2, 256, 8, 8)

    def normalised(x: Tensor, norm: nn.BatchNorm2d) -> Tensor:
        return F.batch_norm(x, norm.running_mean, norm.running_var, norm.weight, norm.bias)

    a = F.relu(normalised(F.conv2d(x, block.conv1.weight), block.bn1))
    paths = []
    for group in range(4):
        d = slice(16 * group, 16 * (group + 1))
        path = torch.zeros(2, 64, 4, 4)
        path[:, d] = F.conv2d(a[:, d], block.conv2.weight[d], stride=2, padding=1)
        path = F.relu(normalised(path, block.bn2))
        paths.append(F.conv2d(path[:, d], block.conv3.weight[:, d]))
    shortcut = normalised(F.conv2d(x, block.downsample[0].weight, stride=2), block.downsample[1])
    torch.testing.assert_close(
        block(x.clone()), F.relu(shortcut + normalised(sum(paths), block.bn3)), atol=1e-4, rtol=0
    )


def test_dense_layers_are_timm_s() -> None:
    torch.manual_seed(0)
    ours = nn.Sequential(*(DenseLayer(24 + 12 * index, growth=12) for index in range(3)))
    theirs = DenseBlock(num_layers=3, num_input_features=24, bn_size=4, growth_rate=12)
    keys = {"layer.0.0": "norm1", "layer.1": "conv1", "layer.2.0": "norm2", "layer.3": "conv2"}
    for index, layer in enumerate(ours):
        for mine, timms in keys.items():
            layer.get_submodule(mine).load_state_dict(
                theirs[f"denselayer{index + 1}"].get_submodule(timms).state_dict()
            )
    x = noise(4, 24, 8, 8)
    torch.testing.assert_close(ours(x.clone()), theirs(x.clone()))


def test_a_transition_is_timm_s() -> None:
    torch.manual_seed(0)
    ours, theirs = transition(24, 12), DenseTransition(24, 12)
    ours[0][0].load_state_dict(theirs.norm.state_dict())
    ours[1].load_state_dict(theirs.conv.state_dict())
    x = noise(4, 24, 8, 8)
    torch.testing.assert_close(ours(x.clone()), theirs(x.clone()))


def test_a_densenet_halves_its_channels_between_blocks() -> None:
    features = [info["num_chs"] for info in on_meta("densenet_bc100").feature_info]
    assert features == [24 + 16 * 12, 216 // 2 + 16 * 12, 300 // 2 + 16 * 12]


def test_allconv_is_augmix_s_but_for_its_slips() -> None:
    model, x = small("allconv"), noise(2, 3, 32, 32)

    def gelu_norm(x: Tensor, norm: nn.BatchNorm2d) -> Tensor:
        x = F.batch_norm(x, norm.running_mean, norm.running_var, norm.weight, norm.bias)
        return x * torch.sigmoid(1.702 * x)

    convs = [m for m in model.modules() if isinstance(m, nn.Conv2d)]
    norms = [m for m in model.modules() if isinstance(m, nn.BatchNorm2d)]
    a = x
    for index, (conv, norm) in enumerate(zip(convs, norms, strict=True)):
        if index in (3, 6):
            a = F.max_pool2d(a, 2)
        a = gelu_norm(F.conv2d(a, conv.weight, padding=1 if index < 6 else 0), norm)
    assert a.shape == (2, 192, 6, 6)
    expected = F.linear(a.mean((2, 3)), model.get_classifier().weight, model.get_classifier().bias)
    with torch.no_grad():
        torch.testing.assert_close(model(x), expected, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("depth", [4, 17])
def test_there_is_no_wide_resnet_of_every_depth(depth: int) -> None:
    with pytest.raises(ValueError, match=f"6 n \\+ 4 layers .* got depth={depth}"):
        WideResNet(depth, 2)


@pytest.mark.parametrize("depth", [4, 99])
def test_there_is_no_densenet_of_every_depth(depth: int) -> None:
    with pytest.raises(ValueError, match=f"6 n \\+ 4 layers .* got depth={depth}"):
        DenseNet(depth)
