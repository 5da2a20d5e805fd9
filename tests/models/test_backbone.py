"""Our networks behind timm's interface: any size, channels and classes, the same laws for all."""

import math
from itertools import pairwise

import pytest
import timm
import torch
from timm.optim import create_optimizer_v2
from torch.nn import functional as F

from robustmoll.models import create_model
from robustmoll.models.backbone import BACKBONES
from tests.models.tiny_models import SMALL, noise, on_meta, small


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
        expected = [
            (2, info["num_chs"], *(math.ceil(side / info["reduction"]) for side in size)) for info in model.feature_info
        ]
        if name == "allconv":  # a convolution without padding
            expected[-1] = (*expected[-1][:2], *(side - 2 for side in expected[-1][2:]))
        assert shapes == expected
    assert model.num_features == shapes[-1][1]
    assert all(b["reduction"] / a["reduction"] in (1, 2) for a, b in pairwise(model.feature_info))


@pytest.mark.parametrize("name", SMALL)
def test_feature_maps_of_the_stages(name: str) -> None:
    model, x = timm.create_model(name, features_only=True, in_chans=1).eval(), noise(2, 1, 32, 32)
    with torch.no_grad():
        maps = model(x)
        expected = model.body.stem_norm(model.body.stem(x))
        for map_, stage in zip(maps, model.body.stages, strict=True):
            expected = stage(expected)
            torch.testing.assert_close(map_, expected)
    assert [map_.shape[1] for map_ in maps] == model.feature_info.channels()
    last = timm.create_model(name, features_only=True, global_pool="", out_indices=(-1,), in_chans=1).eval()
    assert [map_.shape for map_ in last(x)] == [maps[-1].shape]


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


@pytest.mark.parametrize("name", BACKBONES)
def test_layers_are_grouped_by_depth(name: str) -> None:
    model = on_meta(name)
    fine, coarse = (timm.models.group_parameters(model, model.group_matcher(coarse)) for coarse in (False, True))
    for groups in (fine, coarse):
        assert sorted(key for keys in groups.values() for key in keys) == sorted(dict(model.named_parameters()))
        assert all(key.startswith("stem") for key in groups[0])
    blocks = sum(any(True for _ in block.parameters()) for stage in model.stages for block in stage)
    assert (len(fine), len(coarse)) == (1 + blocks + 1, 1 + len(model.stages) + 1)


@pytest.mark.parametrize("name", BACKBONES)
def test_layer_decay_slows_what_lies_deep(name: str) -> None:
    model = on_meta(name)
    optimizer = create_optimizer_v2(model, "sgd", lr=1.0, weight_decay=0.1, layer_decay=0.5)
    scales = {id(p): group["lr_scale"] for group in optimizer.param_groups for p in group["params"]}
    blocks = [block for stage in model.stages for block in stage if any(True for _ in block.parameters())]
    for depth, part in enumerate([model.stem, *blocks, model.head]):
        expected = 0.5 ** (len(blocks) + 1 - depth)
        assert {scales[id(p)] for p in part.parameters()} == {expected}
    decays = {id(p): group["weight_decay"] for group in optimizer.param_groups for p in group["params"]}
    assert all((decays[id(p)] == 0) == (p.ndim == 1) for p in model.parameters())


def test_without_pooling_there_are_features_and_no_classes() -> None:
    model = BACKBONES["digits_cnn"](num_classes=0, global_pool="", in_chans=1)
    assert model(torch.zeros(1, 1, 16, 16)).ndim == 4
    with pytest.raises(ValueError, match="say num_classes=0"):
        model.reset_classifier(10)
    with pytest.raises(ValueError, match="say num_classes=0"):
        BACKBONES["digits_cnn"](num_classes=10, global_pool="")


@pytest.mark.parametrize(("name", "size"), [("digits_cnn", 32), ("cifar_cnn", 32), ("tiny_imagenet_cnn", 64)])
def test_small_networks_end_on_four_by_four_positions_of_their_images(name: str, size: int) -> None:
    features = on_meta(name).forward_features(torch.empty(1, 3, size, size, device="meta"))
    assert features.shape[2:] == (4, 4)
