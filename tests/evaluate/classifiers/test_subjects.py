"""Any network of timm is judged on what timm itself would show it, and no file of weights can run code."""

import dataclasses
import pickle
import warnings
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import timm
import torch
from PIL import Image
from timm.data import create_transform, resolve_model_data_config
from timm.models import save_for_hf
from torch import nn

import robustmoll as rm
from robustmoll.data import ImageSet
from robustmoll.evaluate.classifiers.subjects import load_subject
from robustmoll.evaluate.classifiers.views import View
from robustmoll.models import create_model
from robustmoll.storage import checkpoint


@pytest.fixture(scope="module")
def network() -> nn.Module:
    torch.manual_seed(0)
    return timm.create_model("test_resnet", num_classes=7).eval()


@pytest.fixture(scope="module")
def folder(network: nn.Module, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As timm saves a network, with preprocessing of its own."""
    folder = tmp_path_factory.mktemp("saved") / "tiny"
    config = {"input_size": (3, 64, 64), "crop_pct": 0.8, "interpolation": "bilinear", "mean": (0.4, 0.5, 0.6)}
    save_for_hf(network, folder, data_config=config, safe_serialization=True)
    return folder


def picture() -> Image.Image:
    """A smooth picture of an odd shape."""
    y, x = np.mgrid[:90, :120]
    return Image.fromarray(np.stack([x * 2, y * 2, (x + y)], 2).astype(np.uint8))


def test_saved_folder_gives_the_logits_that_timm_gives(network: nn.Module, folder: Path) -> None:
    theirs = timm.create_model(f"local-dir:{folder}", pretrained=True).eval()
    transform = create_transform(**resolve_model_data_config(theirs), is_training=False)
    with torch.no_grad():
        expected = theirs(transform(picture())[None])
        assert not torch.allclose(expected, network(torch.zeros(1, 3, 64, 64)))
    file = folder / "model.safetensors"
    for name in (str(folder), f"local-dir:{folder}", str(file)):
        subject = load_subject(name)
        images = subject.view.transform(picture())[None]
        assert images.dtype == torch.uint8 and images.shape == (1, 3, 64, 64)
        with torch.no_grad():
            torch.testing.assert_close(subject.model.eval()(images / 255), expected, rtol=1e-4, atol=1e-5)
        assert (subject.name, subject.num_classes, subject.channels) == ("tiny", 7, 3)
    assert subject.view == View((64, 64), crop_pct=0.8, interpolation="bilinear")


def test_batches_get_what_pictures_get() -> None:
    """Up to rounding: Pillow and PyTorch resize in arithmetic of their own."""
    for view in (View((64, 64), 0.8), View((64, 48), 0.9, "bilinear"), View((64, 64), 0.9, crop_mode="squash")):
        image = torch.from_numpy(np.array(picture())).permute(2, 0, 1)
        pixels = view(image[None]).int()
        assert pixels.shape == (1, 3, *view.size)
        assert (pixels[0] - view.transform(picture()).int()).abs().max() <= 2


def test_images_of_the_right_size_are_taken_as_they_are() -> None:
    images = torch.randint(256, (2, 3, 64, 64), dtype=torch.uint8)
    assert View((64, 64), crop_pct=0.875)(images) is images


def test_checkpoint_of_ours_is_a_subject_too(tmp_path: Path) -> None:
    network = create_model("digits_cnn", num_classes=4, in_chans=1, img_size=32).eval()
    config = {
        **{"architecture": "digits_cnn", "model_args": {}, "num_classes": 4, "label_names": ["a", "b", "c"]},
        "pretrained_cfg": {"input_size": [1, 32, 32], "mean": [0.5], "std": [0.25]},
    }
    checkpoint.save(tmp_path, checkpoint.Checkpoint(1, network.state_dict(), config, {}))
    subject = load_subject(str(tmp_path / "last"))
    assert (subject.num_classes, subject.channels, subject.view) == (3, 1, View((32, 32)))
    x = torch.rand(2, 1, 32, 32)
    with torch.no_grad():
        torch.testing.assert_close(subject.model.eval()(x), network((x - 0.5) / 0.25)[:, :3])


class Trap:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return exec, ("raise SystemExit('code has run')",)


@pytest.mark.parametrize("suffix", [".pt", ".pth", ".bin", ".ckpt", ".pth.tar"])
def test_pickled_weights_are_refused_unopened(folder: Path, tmp_path: Path, suffix: str) -> None:
    trap = tmp_path / f"model{suffix}"
    trap.write_bytes(pickle.dumps(Trap()))
    with pytest.raises(ValueError, match=r"may hold code, and is not opened: give a folder .*safetensors"):
        load_subject(str(trap))
    # Nor are they taken where the safe file is missing.
    alone = tmp_path / "alone"
    alone.mkdir()
    (alone / "config.json").write_bytes((folder / "config.json").read_bytes())
    (alone / "pytorch_model.bin").write_bytes(pickle.dumps(Trap()))
    with pytest.raises(ValueError, match=r"model\.safetensors is missing"):
        load_subject(str(alone))


def test_random_weights_are_only_had_on_request() -> None:
    subject = load_subject("test_resnet", random_classes=5)
    assert subject.num_classes == 5 and subject.name == "test_resnet (random weights)"
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    again = load_subject("test_resnet", random_classes=5)
    assert torch.equal(torch.rand(1), expected), "they are none of the caller's draws"
    assert all(map(torch.equal, subject.model.state_dict().values(), again.model.state_dict().values()))
    with pytest.raises(ValueError, match=r"timm has no weights for 'wide_resnet16_2'.*--pretrained false"):
        load_subject("wide_resnet16_2")


@pytest.mark.parametrize("name", ["resnet18.a1_in1k", "hf-hub:timm/resnet18.a1_in1k"])
def test_without_a_network_one_line_says_so(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*args: object, **kwargs: object) -> nn.Module:
        assert kwargs == {"pretrained": True}
        raise OSError("cannot find the requested files\nin the local cache")

    monkeypatch.setattr(timm, "create_model", unreachable)
    with pytest.raises(ValueError, match=r"cannot be had \(OSError: cannot find .*give a folder") as raised:
        load_subject(name)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "damage, message",
    [
        (lambda folder: (folder / "config.json").unlink(), "config.json is missing"),
        (lambda folder: (folder / "config.json").write_text("{}"), "is not what timm's save_pretrained writes"),
        (lambda folder: (folder / "config.json").write_text("[]"), r"is not what .*config\.json should hold an object"),
        (lambda folder: (folder / "config.json").write_text("{"), "is not what timm's save_pretrained writes"),
        (lambda folder: (folder / "model.safetensors").write_bytes(b"no"), "is not what timm's save_pretrained writes"),
        (
            lambda folder: safetensors.torch.save_file({"fc.weight": torch.zeros(1)}, folder / "model.safetensors"),
            "of another architecture",
        ),
    ],
)
def test_damaged_folder_is_refused(folder: Path, tmp_path: Path, damage: object, message: str) -> None:
    for name in ("config.json", "model.safetensors"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    damage(tmp_path)  # type: ignore[operator]
    with pytest.raises(ValueError, match=message) as raised:
        load_subject(str(tmp_path))
    assert "\n" not in str(raised.value)


def mine(classes: int, channels: int) -> ImageSet:
    images = torch.zeros(1, channels, 64, 64, dtype=torch.uint8)
    return ImageSet("mine", "test", images, torch.tensor([0]), tuple("abcdefghij"[:classes]))


def test_images_of_other_classes_or_channels_are_refused(folder: Path) -> None:
    subject = load_subject(str(folder))
    subject.check_fits(mine(7, 3))
    with pytest.raises(ValueError, match="tiny tells 7 classes apart, but mine has 10"):
        subject.check_fits(mine(10, 3))
    with pytest.raises(ValueError, match="tiny takes 3 channels, but the images of mine have 1"):
        subject.check_fits(mine(7, 1))


def test_classes_go_by_their_names_where_these_are_known(folder: Path) -> None:
    unnamed = load_subject(str(folder))
    assert unnamed.classes == ()
    subject = dataclasses.replace(unnamed, classes=tuple("abcdefg"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        subject.check_fits(mine(7, 3))
    with pytest.raises(ValueError, match=r"the classes of mine in another order \(class 1 is 'b' to it, 'c' there\)"):
        subject.check_fits(dataclasses.replace(mine(7, 3), classes=tuple("acbdefg")))
    with pytest.warns(UserWarning, match=r"other names \(class 6 is 'g' to it, 'x' there\)"):
        subject.check_fits(dataclasses.replace(mine(7, 3), classes=tuple("abcdefx")))


def test_unknown_name_offers_the_nearest() -> None:
    with pytest.raises(ValueError, match=r"unknown model 'resnet_18'; did you mean 'resnet18'"):
        load_subject("resnet_18")


def test_everything_is_at_hand_after_one_import() -> None:
    assert rm.evaluate.load_subject is load_subject and callable(rm.evaluate.bench)
    with pytest.raises(AttributeError, match="no attribute 'evaluation'"):
        _ = rm.evaluation
