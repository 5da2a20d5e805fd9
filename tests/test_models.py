"""The networks: parameters against closed forms, timm's interface, and how timm's own are fitted to small images."""

import json
import math
from itertools import pairwise
from pathlib import Path

import pytest
import timm
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional as F

from robustmoll.models import create_model, list_models
from robustmoll.models.backbone import BACKBONES, Backbone
from robustmoll.models.preact_resnet import PreActBlock, PreActResNet, Residual, basic, bottleneck
from robustmoll.models.stems import final_stride
from robustmoll.models.wide_resnet import WideResNet

# name: (depths, output channels of the stages, stem channels, bottleneck), the whole architecture in a line
ARCHITECTURES: dict[str, tuple[list[int], list[int], int, bool]] = {
    "preact_resnet18": ([2, 2, 2, 2], [64, 128, 256, 512], 64, False),
    "preact_resnet34": ([3, 4, 6, 3], [64, 128, 256, 512], 64, False),
    "preact_resnet50": ([3, 4, 6, 3], [256, 512, 1024, 2048], 64, True),
    "preact_resnet101": ([3, 4, 23, 3], [256, 512, 1024, 2048], 64, True),
    "wide_resnet16_2": ([2, 2, 2], [32, 64, 128], 16, False),
    "wide_resnet40_2": ([6, 6, 6], [32, 64, 128], 16, False),
    "wide_resnet28_4": ([4, 4, 4], [64, 128, 256], 16, False),
    "wide_resnet28_10": ([4, 4, 4], [160, 320, 640], 16, False),
    "wide_resnet40_10": ([6, 6, 6], [160, 320, 640], 16, False),
    "digits_cnn": ([1, 1, 1], [16, 32, 64], 16, False),
    "cifar_cnn": ([1, 1, 1], [32, 64, 128], 32, False),
}
SMALL = ["digits_cnn", "cifar_cnn", "wide_resnet16_2"]


def count_params(name: str, in_chans: int, num_classes: int) -> int:
    """Counts by hand: convolutions without bias, two numbers a normalised channel, one last layer with bias."""
    depths, outputs, channels, is_bottleneck = ARCHITECTURES[name]
    total = 9 * in_chans * channels
    for depth, out in zip(depths, outputs, strict=True):
        for _ in range(depth):
            total += 2 * channels
            if is_bottleneck:
                width = out // 4
                total += channels * width + 2 * width + 9 * width**2 + 2 * width + width * out
            else:
                total += 9 * channels * out + 2 * out + 9 * out**2
            total += channels * out if channels != out else 0
            channels = out
    return total + 2 * channels + (channels + 1) * num_classes


def on_meta(name: str, **kwargs: int) -> Backbone:
    with torch.device("meta"):
        return timm.create_model(name, **kwargs)


def noise(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(1))


def small(name: str, **kwargs: int) -> nn.Module:
    """A network with fixed weights, and running statistics as if it had been trained."""
    torch.manual_seed(0)
    model = create_model(name, **{"num_classes": 10, **kwargs})
    for _ in range(3):
        model(noise(8, model.in_chans, 32, 32))
    return model.eval()


@pytest.mark.parametrize("name", BACKBONES)
@pytest.mark.parametrize(("in_chans", "num_classes"), [(3, 10), (1, 200)])
def test_parameters_are_those_of_the_architecture(name: str, in_chans: int, num_classes: int) -> None:
    model = on_meta(name, in_chans=in_chans, num_classes=num_classes)
    assert sum(p.numel() for p in model.parameters()) == count_params(name, in_chans, num_classes)


def test_the_list_tells_the_published_parameters() -> None:
    listed = list_models()
    assert {info.name for info in listed} == set(ARCHITECTURES)
    assert all(info.summary.endswith(".") for info in listed)
    assert {info.name: round(info.params / 1e6, 2) for info in listed if "resnet" in info.name} == {
        "preact_resnet18": 11.17,
        "preact_resnet34": 21.28,
        "preact_resnet50": 23.51,
        "preact_resnet101": 42.51,
        "wide_resnet16_2": 0.69,
        "wide_resnet40_2": 2.24,
        "wide_resnet28_4": 5.85,
        "wide_resnet28_10": 36.48,
        "wide_resnet40_10": 55.84,
    }


@pytest.mark.parametrize("name", BACKBONES)
def test_timm_has_no_network_of_this_name(name: str) -> None:
    assert timm.models.is_model(name)
    assert not hasattr(timm.models, name)


@pytest.mark.parametrize("name", BACKBONES)
@pytest.mark.parametrize(("in_chans", "sizes"), [(1, [(33, 47)]), (3, [(32, 32), (64, 64)])])
def test_any_size_and_the_strides_it_tells(name: str, in_chans: int, sizes: list[tuple[int, int]]) -> None:
    model = on_meta(name, in_chans=in_chans, num_classes=7)
    shapes: list[tuple[int, ...]] = []
    for info in model.feature_info:
        model.get_submodule(info["module"]).register_forward_hook(lambda m, i, out: shapes.append(tuple(out.shape)))
    for size in sizes:
        shapes.clear()
        assert model(torch.empty(2, in_chans, *size, device="meta")).shape == (2, 7)
        assert shapes == [
            (2, info["num_chs"], *(math.ceil(side / info["reduction"]) for side in size)) for info in model.feature_info
        ]
    assert model.num_features == shapes[-1][1]
    assert all(2 * a["reduction"] == b["reduction"] for a, b in pairwise(model.feature_info))


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("in_chans", [1, 3])
def test_gradients_reach_every_parameter(name: str, in_chans: int) -> None:
    torch.manual_seed(0)
    model = create_model(name, num_classes=10, in_chans=in_chans)
    F.cross_entropy(model(noise(8, in_chans, 32, 32)), torch.arange(8)).backward()
    dead = [key for key, p in model.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert dead == []


@pytest.mark.parametrize("name", SMALL)
def test_images_of_a_batch_do_not_meet_in_eval(name: str) -> None:
    model, x = small(name), noise(4, 3, 33, 47)
    with torch.no_grad():
        alone = torch.cat([model(image[None]) for image in x])
        torch.testing.assert_close(model(x), alone)
        assert (alone.std(0) > 0).all()


@pytest.mark.parametrize("name", SMALL)
def test_channels_last_gives_the_same(name: str) -> None:
    model, x = small(name), noise(4, 3, 32, 32)
    with torch.no_grad():
        expected = model(x)
        model = model.to(memory_format=torch.channels_last)
        x = x.contiguous(memory_format=torch.channels_last)
        assert model.forward_features(x).is_contiguous(memory_format=torch.channels_last)
        torch.testing.assert_close(model(x), expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("name", SMALL)
def test_weights_round_trip(name: str) -> None:
    model, other, x = small(name), create_model(name, num_classes=10), noise(2, 3, 32, 32)
    other.eval()
    with torch.no_grad():
        assert not torch.equal(model(x), other(x))
        other.load_state_dict(model.state_dict())
        assert torch.equal(model(x), other(x))


def test_timm_interface() -> None:
    model, x = small("digits_cnn"), noise(2, 3, 32, 32)
    with torch.no_grad():
        features = model.forward_features(x)
        pooled = model.forward_head(features, pre_logits=True)
        torch.testing.assert_close(pooled, features.mean((2, 3)))
        torch.testing.assert_close(model(x), model.get_classifier()(pooled))
    assert pooled.shape == (2, model.num_features) == (2, model.head_hidden_size)
    assert model.pretrained_cfg["input_size"] == (3, 32, 32)
    assert model.get_submodule(model.pretrained_cfg["first_conv"]).in_channels == 3
    assert model.get_submodule(model.pretrained_cfg["classifier"]) is model.get_classifier()

    model.reset_classifier(4)
    assert model(x).shape == (2, 4) and model.num_classes == 4
    model.reset_classifier(4, global_pool="catavgmax")
    assert model(x).shape == (2, 4) and model.head_hidden_size == 2 * model.num_features
    model.reset_classifier(0, global_pool="max")
    torch.testing.assert_close(model(x), features.amax((2, 3)))


def test_dropout_acts_before_the_last_layer_in_training_only() -> None:
    model = create_model("digits_cnn", num_classes=10, drop_rate=0.5).eval()
    features = noise(1, 64, 4, 4)
    assert torch.equal(model.forward_head(features), model.forward_head(features))
    model.train()
    zeros = (model.forward_head(features.expand(400, -1, -1, -1), pre_logits=True) == 0).float().mean()
    assert abs(zeros - 0.5) < 0.02


def test_layers_are_grouped_by_depth() -> None:
    groups = timm.models.group_parameters(model := on_meta("wide_resnet16_2"), model.group_matcher())
    assert sum(len(names) for names in groups.values()) == len(list(model.parameters()))
    assert len(groups) >= 7  # the stem and six blocks at least


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


# Networks of timm


@pytest.mark.parametrize(
    ("name", "in_chans"),
    [("resnet18", 1), ("resnet26t", 1), ("seresnext26d_32x4d", 3), ("resnetv2_50x1_bit", 1), ("densenet121", 3)],
)
def test_a_resnet_gets_a_stem_for_small_images(name: str, in_chans: int) -> None:
    with torch.device("meta"), pytest.warns(UserWarning, match=f"{name} at 32 px.*stride 32 -> 8"):
        model = create_model(name, num_classes=10, in_chans=in_chans)
        x = torch.empty(2, in_chans, 32, 32)
        assert model.forward_features(x).shape[-2:] == (4, 4)
        assert model(x).shape == (2, 10)
    first = next(m for m in model.modules() if isinstance(m, nn.Conv2d))
    assert (first.in_channels, first.kernel_size, first.stride) == (in_chans, (3, 3), (1, 1))
    assert not any(isinstance(m, nn.MaxPool2d) for m in model.modules())
    assert final_stride(model) == 8


def test_the_new_stem_trains() -> None:
    torch.manual_seed(0)
    with pytest.warns(UserWarning):
        model = create_model("test_resnet", num_classes=10)
    F.cross_entropy(model(noise(8, 3, 32, 32)), torch.arange(8)).backward()
    first = model.get_submodule(model.pretrained_cfg["first_conv"])
    assert first.kernel_size == (3, 3) and first.weight.grad.abs().sum() > 0


@pytest.mark.parametrize(
    ("size", "is_replaced"), [(64, True), (95, True), (96, False), ((96, 224), False), ((64, 224), True)]
)
@pytest.mark.filterwarnings("ignore:resnet18 at")
def test_the_stem_stays_where_it_fits(size: int | tuple[int, int], is_replaced: bool) -> None:
    with torch.device("meta"):
        model = create_model("resnet18", num_classes=10, img_size=size)
    assert (final_stride(model) == 8) == is_replaced
    assert model.conv1.kernel_size == ((3, 3) if is_replaced else (7, 7))


def test_pretrained_weights_keep_their_stem(tmp_path: Path) -> None:
    source = timm.create_model("test_resnet")
    save_file(source.state_dict(), tmp_path / "model.safetensors")
    overlay = {"file": str(tmp_path / "model.safetensors")}
    with pytest.warns(UserWarning, match="total stride of 32"):
        model = create_model("test_resnet", num_classes=10, pretrained=True, pretrained_cfg_overlay=overlay)
    kept = {key: value for key, value in model.state_dict().items() if not key.startswith("fc.")}
    assert all(torch.equal(value, source.state_dict()[key]) for key, value in kept.items())


@pytest.mark.parametrize(
    ("name", "size"), [("vit_tiny_patch16_224", 64), ("swin_tiny_patch4_window7_224", 64), ("mixer_s16_224", (32, 64))]
)
@pytest.mark.filterwarnings("error")
def test_a_transformer_is_told_the_size(name: str, size: int | tuple[int, int]) -> None:
    shape = (size, size) if isinstance(size, int) else size
    with torch.device("meta"):
        model = create_model(name, num_classes=10, in_chans=1, img_size=size)
        assert model(torch.empty(2, 1, *shape)).shape == (2, 10)


@pytest.mark.parametrize(("name", "size", "stride"), [("convnext_atto", 32, 32), ("efficientnet_b0", 63, 32)])
def test_a_stride_that_is_too_large_is_told(name: str, size: int, stride: int) -> None:
    with torch.device("meta"), pytest.warns(UserWarning, match=f"{name} at {size} px: its total stride of {stride}"):
        create_model(name, num_classes=10, img_size=size)


@pytest.mark.filterwarnings("error")
def test_a_stride_that_fits_is_not_mentioned() -> None:
    for name, size in [("convnext_atto", 64), ("vit_tiny_patch16_224", 32), ("preact_resnet18", 32)]:
        with torch.device("meta"):
            create_model(name, num_classes=10, img_size=size)


def test_a_saved_network_of_ours_loads_by_its_source(tmp_path: Path) -> None:
    model, x = small("digits_cnn", num_classes=4, in_chans=1), noise(2, 1, 32, 32)
    config = {
        "architecture": "digits_cnn",
        "num_classes": 4,
        "pretrained_cfg": {"input_size": [1, 32, 32], "num_classes": 4},
    }
    (tmp_path / "config.json").write_text(json.dumps(config))
    save_file(model.state_dict(), tmp_path / "model.safetensors")
    loaded = create_model(f"local-dir:{tmp_path}", num_classes=4, in_chans=1, pretrained=True).eval()
    with torch.no_grad():
        assert torch.equal(loaded(x), model(x))


@pytest.mark.parametrize(
    ("name", "kwargs", "message"),
    [
        ("preact_resnet19", {}, "unknown model 'preact_resnet19'; did you mean 'preact_resnet18'"),
        ("resnet18.a1_in2k", {}, "unknown model 'resnet18.a1_in2k'; did you mean 'resnet18.a1_in1k'"),
        ("preact_resnet18", {"pretrained": True}, "no pretrained weights for 'preact_resnet18'"),
        ("resnet50t", {"pretrained": True}, "no pretrained weights for 'resnet50t'"),
        (
            "digits_cnn",
            {"drop_rat": 0.1},
            "unknown argument of model 'digits_cnn', 'drop_rat'; did you mean 'drop_rate'",
        ),
        ("resnet18", {"drop_rat": 0.1}, "unknown argument of model 'resnet18', 'drop_rat'; did you mean 'drop_rate'"),
        ("digits_cnn", {"global_pool": "mean"}, "'digits_cnn' cannot be built with .*global_pool='mean'"),
        ("resnet18", {"act_layer": "rellu"}, "'resnet18' cannot be built with .*act_layer='rellu'"),
        ("digits_cnn", {"num_classes": 0}, "num_classes of model 'digits_cnn' must be .* at least 1, got 0"),
        ("digits_cnn", {"num_classes": "ten"}, "num_classes of model 'digits_cnn' must be .* got 'ten'"),
        ("digits_cnn", {"in_chans": -1}, "in_chans of model 'digits_cnn' must be .* got -1"),
        ("digits_cnn", {"img_size": 0}, "img_size of model 'digits_cnn' must be .* got 0"),
    ],
)
def test_a_mistake_gets_one_clear_line(name: str, kwargs: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message) as error:
        create_model(name, **{"num_classes": 10, **kwargs})
    assert "\n" not in str(error.value)


def test_timm_too_says_that_there_are_no_weights() -> None:
    with pytest.raises(ValueError, match="no pretrained weights for 'wide_resnet16_2'"):
        timm.create_model("wide_resnet16_2", pretrained=True)


@pytest.mark.parametrize("depth", [4, 17])
def test_there_is_no_wide_resnet_of_every_depth(depth: int) -> None:
    with pytest.raises(ValueError, match=f"6 n \\+ 4 layers .* got depth={depth}"):
        WideResNet(depth, 2)
