"""Published -C sets are read in the right order, and refused where they are not what they should be."""

import pickle
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from robustmoll.data import open_corrupted
from robustmoll.data.corrupted.verify import verify
from tests.data.corrupted.folders import make_folders
from tests.data.samples import image_set

CLEAN = image_set(6, classes=2)


def make_npy(folder: Path, names: tuple[str, ...] = ("fog", "snow")) -> Path:
    """A set whose pixels tell corruption, severity and image."""
    folder.mkdir(exist_ok=True)
    for place, name in enumerate(names):
        rows = np.arange(30, dtype=np.uint8) + 100 * place
        np.save(folder / f"{name}.npy", np.broadcast_to(rows[:, None, None, None], (30, 32, 32, 3)))
    np.save(folder / "labels.npy", np.tile(CLEAN.labels.numpy(), 5))
    return folder


def test_cifar_c_is_read_by_severity(tmp_path: Path) -> None:
    found = open_corrupted(make_npy(tmp_path / "CIFAR-10-C"), CLEAN)
    assert (found.name, found.mode, found.preset, found.seed) == ("CIFAR-10-C", "released", "cifar", None)
    assert (found.frost, found.severities) == ("frost", (1, 2, 3, 4, 5))
    assert found.corruptions == ("snow", "fog")  # in the original's order
    cell = found.images("snow", 4)
    assert cell.images[:, 2, 5, 7].tolist() == [118, 119, 120, 121, 122, 123]
    assert torch.equal(cell.labels, CLEAN.labels) and cell.images.shape == (6, 3, 32, 32)


def test_npy_files_are_mapped_and_left_alone(tmp_path: Path) -> None:
    path = make_npy(tmp_path) / "fog.npy"
    images = open_corrupted(tmp_path, CLEAN).images("fog", 1).images
    with open(path, "r+b") as file:  # the set is open already, but nothing of it is read yet
        file.seek(-32 * 32 * 3 * 30, 2)
        file.write(b"\xff")
    assert images[:1][0, 0, 0, 0] == 255
    before = path.read_bytes()
    images[:2].zero_()
    assert path.read_bytes() == before


class Touch:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return Path.touch, (self.path,)


def with_objects(root: Path) -> None:
    np.save(root / "fog.npy", np.array([Touch(root / "victim")] * 30, dtype=object), allow_pickle=True)


def with_a_pickle(root: Path) -> None:
    (root / "fog.npy").write_bytes(pickle.dumps(Touch(root / "victim")))


def with_too_few_rows(root: Path) -> None:
    np.save(root / "fog.npy", np.zeros((29, 32, 32, 3), np.uint8))


def with_channels_first(root: Path) -> None:
    np.save(root / "fog.npy", np.zeros((30, 3, 32, 32), np.uint8))


def with_floats(root: Path) -> None:
    np.save(root / "fog.npy", np.zeros((30, 32, 32, 3), np.float32))


def cut_off(root: Path) -> None:
    (root / "fog.npy").write_bytes((root / "fog.npy").read_bytes()[:-1])


def with_an_html_page(root: Path) -> None:
    (root / "fog.npy").write_text("<!DOCTYPE html><html>Sign in</html>")


def with_other_labels(root: Path) -> None:
    np.save(root / "labels.npy", 1 - np.tile(CLEAN.labels.numpy(), 5))


def with_labels_once(root: Path) -> None:
    np.save(root / "labels.npy", CLEAN.labels.numpy())


def with_float_labels(root: Path) -> None:
    np.save(root / "labels.npy", np.tile(CLEAN.labels.numpy(), 5).astype(float))


def with_labels_alone(root: Path) -> None:
    (root / "fog.npy").unlink()
    (root / "snow.npy").unlink()


@pytest.mark.parametrize(
    "spoil, message",
    [
        (with_objects, r"fog\.npy is no npy file of numbers"),
        (with_a_pickle, r"fog\.npy is no npy file of numbers"),
        (with_too_few_rows, r"fog\.npy has shape \(29, 32, 32, 3\), but \(30, 32, 32, 3\) is needed"),
        (with_channels_first, r"fog\.npy has shape \(30, 3, 32, 32\)"),
        (with_floats, r"fog\.npy holds float32, but uint8 is needed"),
        (cut_off, r"fog\.npy is no npy file of numbers, or is damaged or cut off"),
        (with_an_html_page, r"fog\.npy is no npy file of numbers"),
        (with_other_labels, r"labels\.npy disagrees with the labels of the 6 clean images of some"),
        (with_labels_once, r"labels\.npy has shape \(6,\), but \(30,\) is needed"),
        (with_float_labels, r"labels\.npy holds float64"),
        (with_labels_alone, r"holds labels\.npy, but no <corruption>\.npy"),
    ],
)
def test_spoilt_npy_sets_are_refused(tmp_path: Path, spoil: Callable[[Path], None], message: str) -> None:
    make_npy(tmp_path)
    spoil(tmp_path)
    with pytest.raises(ValueError, match=message) as raised:
        open_corrupted(tmp_path, CLEAN)
    assert "\n" not in str(raised.value) and not (tmp_path / "victim").exists()


def test_cells_that_are_not_there_are_named(tmp_path: Path) -> None:
    found = open_corrupted(make_npy(tmp_path), CLEAN)
    with pytest.raises(ValueError, match=r"unknown corruption of .* 'frost'.* Known: snow, fog"):
        found.images("frost", 1)
    with pytest.raises(ValueError, match=r"has no severity 2\.5; it has 1, 2, 3, 4, 5"):
        found.images("fog", 2.5)


def test_no_set_at_all_is_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"is no -C set: it has neither manifest\.json nor labels\.npy nor a folder"):
        open_corrupted(tmp_path, CLEAN)
    with pytest.raises(ValueError, match="does not exist"):
        open_corrupted(tmp_path / "nowhere", CLEAN)


@pytest.mark.parametrize("part", ["", "weather"])
def test_class_folders_are_read_class_by_class(tmp_path: Path, part: str) -> None:
    clean = make_folders(tmp_path / part)
    found = open_corrupted(tmp_path, clean)
    assert (found.mode, found.preset, found.corruptions) == ("released", "tiny", ("frost", "fog"))
    for severity in range(1, 6):
        cell = found.images("fog", severity)
        assert torch.equal(cell.labels, clean.labels)
        expected = torch.tensor([[10 * severity, label, i] for label in range(3) for i in range(2)])
        assert ((cell.images[:][:, :, 9, 9] - expected).abs() <= 2).all()  # JPEG


@pytest.mark.parametrize("lacking", [(1, 2), (4,)])
def test_severities_that_no_corruption_has_are_not_there(tmp_path: Path, lacking: tuple[int, ...]) -> None:
    clean = make_folders(tmp_path)
    for severity in lacking:
        for name in ("fog", "frost"):
            shutil.rmtree(tmp_path / name / str(severity))
    found = open_corrupted(tmp_path, clean)
    assert found.severities == tuple(severity for severity in range(1, 6) if severity not in lacking)
    assert found.images("fog", 3).images[:].shape == clean.images.shape
    with pytest.raises(ValueError, match=f"has no severity {lacking[0]}; it has {found.severities[0]}"):
        found.images("fog", lacking[0])
    missing = [f"{name}/{severity} does not exist" for name in ("frost", "fog") for severity in lacking]
    told = [problem for problem in verify(tmp_path) if "does not exist" in problem]
    assert all(end in problem for end, problem in zip(missing, told, strict=True))


def test_the_frost_that_was_first_published_is_refused(tmp_path: Path) -> None:
    clean = make_folders(tmp_path, ("fog",), classes=200, each=1)
    make_folders(tmp_path / "other", ("frost",), classes=1000, each=1, severities=1)
    shutil.move(tmp_path / "other" / "frost", tmp_path / "frost")
    with pytest.raises(ValueError, match=r"frost/1 has 1000 classes, but 200 .*zenodo\.org/records/8206060"):
        open_corrupted(tmp_path, clean)


def without_a_class(root: Path) -> None:
    shutil.rmtree(root / "fog" / "4" / "n00000001")


def without_a_severity(root: Path) -> None:
    shutil.rmtree(root / "fog" / "4")


def with_an_empty_class(root: Path) -> None:
    for path in (root / "fog" / "4" / "n00000001").iterdir():
        path.unlink()


def with_a_wrong_class(root: Path) -> None:
    (root / "fog" / "4" / "n00000001").rename(root / "fog" / "4" / "n00000009")


def with_an_image_in_another_class(root: Path) -> None:
    cell = root / "fog" / "4"
    (cell / "n00000001" / "val_0.JPEG").rename(cell / "n00000002" / "val_7.JPEG")


def without_an_image(root: Path) -> None:
    (root / "fog" / "4" / "n00000001" / "val_0.JPEG").unlink()


@pytest.mark.parametrize(
    "spoil, message",
    [
        (without_a_class, "fog/4 has 2 class folders, the clean set 3; they differ in 1, such as n00000001"),
        (without_a_severity, "fog/4 does not exist"),
        (with_an_empty_class, "n00000001 holds no images"),
        (with_a_wrong_class, "they differ in 2, such as n00000001"),
        (with_an_image_in_another_class, r"the labels of fog 4 are not those of the clean images \(6 against 6\)"),
        (without_an_image, r"the labels of fog 4 are not those of the clean images \(5 against 6\)"),
    ],
)
def test_spoilt_folders_are_refused(tmp_path: Path, spoil: Callable[[Path], None], message: str) -> None:
    clean = make_folders(tmp_path)
    spoil(tmp_path)
    with pytest.raises(ValueError, match=message):
        open_corrupted(tmp_path, clean).images("fog", 4)


def test_clean_images_in_another_order_are_refused(tmp_path: Path) -> None:
    clean = make_folders(tmp_path)
    with pytest.raises(ValueError, match="are not those of the clean images"):
        open_corrupted(tmp_path, replace(clean, labels=clean.labels.flip(0))).images("fog", 1)
