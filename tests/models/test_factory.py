"""Networks by name: how timm's own are fitted to small images, saved ones, and mistakes."""

import json
from pathlib import Path

import pytest
import timm
import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional as F

from robustmoll.models import create_model
from robustmoll.models.stems import final_stride
from tests.models.tiny_models import noise, small


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
    ("name", "size", "options"),
    [
        ("vit_tiny_patch16_224", 64, {}),
        ("vit_tiny_patch16_224", 32, {"patch_size": 4}),
        ("deit3_small_patch16_224", 32, {"patch_size": 4}),
        ("swin_tiny_patch4_window7_224", 96, {}),
        ("mixer_s16_224", (48, 64), {}),
        ("convnext_atto", 32, {"patch_size": 1}),
        ("preact_resnet18", 32, {}),
    ],
)
@pytest.mark.filterwarnings("error")
def test_what_fits_is_built_in_silence(name: str, size: int | tuple[int, int], options: dict[str, int]) -> None:
    shape = (size, size) if isinstance(size, int) else size
    with torch.device("meta"):
        model = create_model(name, num_classes=10, in_chans=1, img_size=size, **options)
        assert model(torch.empty(2, 1, *shape)).shape == (2, 10)


@pytest.mark.parametrize(
    ("name", "size", "stride", "advice"),
    [
        ("vit_tiny_patch16_224", 32, 16, "take a smaller patch_size"),
        ("convnext_atto", 64, 32, "take a smaller patch_size"),
        ("efficientnet_b0", 95, 32, "take larger images"),
    ],
)
def test_a_stride_that_is_too_large_is_told(name: str, size: int, stride: int, advice: str) -> None:
    message = f"{name} at {size} px: its total stride of {stride} leaves less than 3x3 positions; {advice}"
    with torch.device("meta"), pytest.warns(UserWarning, match=message):
        create_model(name, num_classes=10, img_size=size)


@pytest.mark.parametrize("name", ["test_vit", "test_convnext", "test_resnet"])
@pytest.mark.filterwarnings("error")
def test_fine_tuning_at_224_px_keeps_all_weights_but_the_head(name: str, tmp_path: Path) -> None:
    source = timm.create_model(name, img_size=224) if name == "test_vit" else timm.create_model(name)
    save_file(source.state_dict(), tmp_path / "model.safetensors")
    overlay = {"file": str(tmp_path / "model.safetensors")}
    model = create_model(name, num_classes=10, img_size=224, pretrained=True, pretrained_cfg_overlay=overlay)
    head = source.pretrained_cfg["classifier"]
    kept = {key: value for key, value in model.state_dict().items() if not key.startswith(head)}
    assert all(torch.equal(value, source.state_dict()[key]) for key, value in kept.items())
    assert len(kept) == len(source.state_dict()) - 2


def test_pretrained_patches_stay_as_they_are(tmp_path: Path) -> None:
    save_file(timm.create_model("test_vit").state_dict(), tmp_path / "model.safetensors")
    overlay = {"file": str(tmp_path / "model.safetensors")}
    with pytest.warns(UserWarning, match="test_vit at 32 px: .* positions; take larger images"):
        create_model("test_vit", num_classes=10, img_size=32, pretrained=True, pretrained_cfg_overlay=overlay)


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
        ("local-dir:no/such", {}, "'local-dir:no/such' cannot be had .FileNotFoundError: .*; without a network, name"),
        ("resnet18", {"checkpoint_path": "no.safetensors"}, "model 'resnet18' cannot be had"),
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
