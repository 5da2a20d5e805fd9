"""`data verify` finds what is wrong with a -C set, and nothing where nothing is."""

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from robustmoll.cli import main
from robustmoll.corruptions import EXTRA, NAMES
from robustmoll.data.corrupted import verify as verify_module
from robustmoll.data.corrupted.verify import verify
from robustmoll.data.corrupted.write import write_corrupted
from tests.data.corrupted.folders import make_folders
from tests.data.samples import image_set


def written(folder: Path, layout: Any) -> Path:  # noqa: ANN401
    return write_corrupted(image_set(), folder, corruptions=("fog", "snow"), severities=(1, 2), layout=layout)


def flip_a_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-20] ^= 1
    path.write_bytes(content)


def cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


@pytest.mark.parametrize(
    "file, spoil, message",
    [
        ("fog.npy", Path.unlink, "fog.npy is missing"),
        ("fog.npy", flip_a_bit, "fog.npy was altered or cut off"),
        ("snow.npy", cut_off, "snow.npy was altered or cut off"),
        ("labels.npy", flip_a_bit, "labels.npy was altered or cut off"),
        ("rain.npy", Path.touch, "rain.npy is not in the manifest"),
        ("rain.npy.part", Path.touch, "rain.npy.part is unfinished"),
    ],
)
def test_spoilt_npy_files_are_named(tmp_path: Path, file: str, spoil: Callable[[Path], None], message: str) -> None:
    assert verify(written(tmp_path, "npy")) == []
    spoil(tmp_path / file)
    assert verify(tmp_path) == [message]


def relabel(path: Path) -> None:
    path.rename(path.parents[1] / "class1" / path.name)


@pytest.mark.parametrize(
    "spoil, messages",
    [
        (Path.unlink, ["{} is missing"]),
        (flip_a_bit, ["{} was altered or cut off"]),
        (cut_off, ["{} was altered or cut off"]),
        (relabel, ["{} is missing", "fog/2/class1/000003.png is not in the manifest"]),
    ],
)
def test_spoilt_pictures_are_named(tmp_path: Path, spoil: Callable[[Path], None], messages: list[str]) -> None:
    assert verify(written(tmp_path, "folder")) == []
    file = "fog/2/class0/000003.png"
    spoil(tmp_path / file)
    assert verify(tmp_path) == [message.format(file) for message in messages]


def test_a_spoilt_list_is_named(tmp_path: Path) -> None:
    path = written(tmp_path, "folder") / "checksums" / "fog-2.sha256"
    path.write_text("torn")
    assert verify(tmp_path)[0] == "checksums/fog-2.sha256 was altered or cut off"
    (tmp_path / "manifest.json").write_text("{}")
    with pytest.raises(ValueError, match=r"is no manifest of `robustmoll corrupt`"):
        verify(tmp_path)


def test_what_is_damaged_and_removed_is_written_again(tmp_path: Path) -> None:
    flip_a_bit(written(tmp_path, "npy") / "fog.npy")
    (tmp_path / "fog.npy").unlink()
    assert verify(written(tmp_path, "npy")) == []


@pytest.fixture
def cifar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A set in the layout of CIFAR-10-C, with 20 images, that passes for the published one."""
    monkeypatch.setattr(verify_module, "CIFAR_TEST", 20)
    np.save(tmp_path / "labels.npy", np.tile(np.arange(20) % 10, 5))
    random = np.random.default_rng(0)
    for name in (*NAMES, *EXTRA):
        np.save(tmp_path / f"{name}.npy", random.integers(0, 256, (100, 32, 32, 3), dtype=np.uint8))
    hashes = {path.name: hashlib.md5(path.read_bytes()).hexdigest() for path in sorted(tmp_path.iterdir())}
    monkeypatch.setattr(verify_module, "CIFAR_FILES", {10: hashes})
    return tmp_path


def test_cifar_c_is_compared_with_what_was_published(cifar: Path) -> None:
    assert verify(cifar) == []
    (cifar / "saturate.npy").unlink()  # one of the four extra ones
    assert verify(cifar) == []
    (cifar / "fog.npy").unlink()
    flip_a_bit(cifar / "snow.npy")
    np.save(cifar / "frost.npy", np.zeros((99, 32, 32, 3), np.uint8))
    found = verify(cifar)
    assert [Path(problem.split()[0]).name for problem in found] == ["fog.npy", "frost.npy", "snow.npy"]
    assert "is missing" in found[0] and "has shape (99, 32, 32, 3)" in found[1]
    assert found[2] == "snow.npy is not the file that was published with CIFAR-10-C"


@pytest.mark.parametrize(
    "labels, message",
    [
        (np.tile(np.arange(20) % 10, 4), r"labels.npy has shape (80,), but (100,) is needed"),
        (np.arange(100) // 10, "labels.npy does not hold the labels of a CIFAR test set five times"),
        (np.tile(np.minimum(np.arange(20), 9), 5), "labels.npy does not hold 10 labels of each of 10 classes"),
    ],
)
def test_spoilt_labels_of_cifar_c_are_named(cifar: Path, labels: np.ndarray, message: str) -> None:
    np.save(cifar / "labels.npy", labels)
    assert message in verify(cifar)[0]


def no_image(cell: Path) -> None:
    (cell / "n00000000" / "val_0.JPEG").write_bytes(b"\xff\xd8")


def torn(cell: Path) -> None:
    path = cell / "n00000000" / "val_0.JPEG"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)).save(path)
    path.write_bytes(path.read_bytes()[:-900])


def of_another_size(cell: Path) -> None:
    Image.new("RGB", (64, 63)).save(cell / "n00000000" / "val_0.JPEG")


def relabelled(cell: Path) -> None:
    relabel_to = cell / "n00000002" / "val_0.JPEG"
    relabel_to.rename(cell / "n00000001" / "val_5.JPEG")


def without_a_class(cell: Path) -> None:
    shutil.rmtree(cell / "n00000001")


@pytest.mark.parametrize(
    "spoil, messages",
    [
        (no_image, ["cannot read image"]),
        (torn, ["cannot read image"]),
        (of_another_size, ["is (64, 63), not (64, 64) pixels"]),
        (relabelled, ["n00000002/val_0 is missing", "n00000001/val_5 is one too many"]),
        (without_a_class, ["has 2 class folders, the clean set 3"]),
    ],
)
def test_spoilt_class_folders_are_named(tmp_path: Path, spoil: Callable[[Path], None], messages: list[str]) -> None:
    make_folders(tmp_path, NAMES)
    assert verify(tmp_path) == []
    spoil(tmp_path / "snow" / "3")
    found = verify(tmp_path)
    assert len(found) == len(messages)
    for problem, message in zip(found, messages, strict=True):
        assert message in problem and "\n" not in problem


def test_a_missing_corruption_and_the_first_frost_are_named(tmp_path: Path) -> None:
    make_folders(tmp_path, ("snow",), classes=200, each=1)
    make_folders(tmp_path, ("frost",), classes=1000, each=1, severities=1)
    found = verify(tmp_path)
    assert found[:13] == [f"{name} is missing" for name in NAMES if name not in ("snow", "frost")]
    assert "frost/1 has 1000 classes" in found[13] and "zenodo.org/records/8206060" in found[13]


def test_command_lists_the_problems(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (written(tmp_path, "npy") / "fog.npy").unlink()
    (tmp_path / "snow.npy").unlink()
    assert main(["data", "verify", str(tmp_path)]) == 2
    told = capsys.readouterr()
    assert told.out.splitlines() == ["fog.npy is missing", "snow.npy is missing"]
    assert "2 problems" in told.err and told.err.count("\n") == 1
    assert main(["data", "verify", str(tmp_path / "nowhere")]) == 2
    assert main(["data", "verify", str(Path(__file__).parent)]) == 2
    assert "is no -C set" in capsys.readouterr().err
