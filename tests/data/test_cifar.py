"""CIFAR from its archives: the right pixels and labels, and nothing that a file says is run."""

import io
import pickle
import struct
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from PIL import Image

from robustmoll.data import CIFAR10, CIFAR100
from robustmoll.data.pickles import load_pickled


class Python2Pickler(pickle._Pickler):  # type: ignore[name-defined]
    """Writes strings as Python 2 did, which made the official files."""

    dispatch: ClassVar = dict(pickle._Pickler.dispatch)  # type: ignore[attr-defined]

    def save_text(self, value: bytes) -> None:
        self.write(pickle.BINSTRING + struct.pack("<i", len(value)) + value)

    dispatch[bytes] = save_text


def pickled(content: dict[bytes, Any]) -> bytes:
    stream = io.BytesIO()
    Python2Pickler(stream, protocol=2).dump(content)
    return stream.getvalue().replace(b"numpy._core.multiarray", b"numpy.core.multiarray")


def batch(data: type[CIFAR10 | CIFAR100], n: int, seed: int) -> dict[bytes, Any]:
    random = np.random.default_rng(seed)
    labels = random.integers(0, len(data.CLASSES), n).tolist()
    return {
        b"data": random.integers(0, 256, (n, 3072), dtype=np.uint8),
        data.LABELS: labels,
        b"filenames": [b"some.png"] * n,
    }


def make_archive(root: Path, data: type[CIFAR10 | CIFAR100], **changes: bytes) -> dict[str, dict[bytes, Any]]:
    """Makes an unpacked archive; `changes` are the contents of files to replace."""
    folder = root / data.FOLDER
    folder.mkdir(parents=True)
    batches = {name: batch(data, 4, seed) for seed, name in enumerate((*data.TRAIN, *data.TEST))}
    meta = {data.LABEL_NAMES: [name.encode() for name in data.CLASSES]}
    for name, content in {**batches, data.META: meta}.items():
        (folder / name).write_bytes(changes.get(name.replace(".", "_"), pickled(content)))
    return batches


def pack(root: Path, data: type[CIFAR10 | CIFAR100]) -> Path:
    archive = root / data.ARCHIVE
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(root / data.FOLDER, data.FOLDER)
    return archive


@pytest.mark.parametrize("data", [CIFAR10, CIFAR100])
def test_archives_are_read_packed_and_unpacked(tmp_path: Path, data: type[CIFAR10 | CIFAR100]) -> None:
    batches = make_archive(tmp_path / "unpacked", data)
    packed = pack(tmp_path / "unpacked", data).rename(tmp_path / data.ARCHIVE)
    for root in (tmp_path / "unpacked", tmp_path / "unpacked" / data.FOLDER, packed, tmp_path):
        train, test = data(str(root)).load()
        for part, names in ((train, data.TRAIN), (test, data.TEST)):
            pixels = np.concatenate([batches[name][b"data"] for name in names]).reshape(-1, 3, 32, 32)
            assert np.array_equal(part.images[:].numpy(), pixels)
            assert part.labels.tolist() == [label for name in names for label in batches[name][data.LABELS]]
        assert train.moments() == data.STANDARD and test.classes == data(str(root)).classes()
        assert torch.equal(data(str(root)).test().images[:], test.images[:])


def test_the_official_order_of_classes_is_the_alphabet() -> None:
    for data, n in ((CIFAR10, 10), (CIFAR100, 100)):
        assert len(set(data.CLASSES)) == n and list(data.CLASSES) == sorted(data.CLASSES)
    # Places that the field knows by heart.
    assert CIFAR10.CLASSES.index("cat") == 3 and CIFAR100.CLASSES.index("maple_tree") == 47


class Touch:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return Path.touch, (self.path,)


class Evaluate:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return eval, (f"open({str(self.path)!r}, 'w')",)


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("attack", [Touch, Evaluate])
def test_a_pickle_that_holds_a_program_does_not_run(tmp_path: Path, attack: type, protocol: int) -> None:
    victim = tmp_path / "victim"
    evil = pickle.dumps({b"data": attack(victim)}, protocol=protocol)
    make_archive(tmp_path, CIFAR10, test_batch=evil)
    with pytest.raises(ValueError, match=r"test_batch is refused or damaged: it asks for .*, which no"):
        CIFAR10(str(tmp_path)).test()
    assert not victim.exists()
    pickle.loads(evil)  # the attack is real: Python's own unpickler runs it
    assert victim.exists()


@pytest.mark.parametrize(
    "content, message",
    [
        (b"", "test_batch is refused or damaged"),
        (b"<html>", "test_batch is refused or damaged"),
        (pickled({b"data": np.zeros((4, 3072), np.uint8)}), "does not hold one label for each of its 4 images"),
        (pickled({b"data": np.zeros((4, 3072)), b"labels": [0] * 4}), "does not hold images as cifar10"),
        (pickled({b"data": np.zeros((4, 1024), np.uint8), b"labels": [0] * 4}), "does not hold images as cifar10"),
        (pickled({b"data": np.zeros((4, 3072), np.uint8), b"labels": [10] * 4}), "labels 10..10 do not fit 10 classes"),
        (pickle.dumps([1]), "holds a list, not the dictionary"),
    ],
)
def test_spoilt_batches_are_named(tmp_path: Path, content: bytes, message: str) -> None:
    make_archive(tmp_path, CIFAR10, test_batch=content)
    with pytest.raises(ValueError, match=message) as raised:
        CIFAR10(str(tmp_path)).test()
    assert "\n" not in str(raised.value)


def test_other_class_names_are_refused(tmp_path: Path) -> None:
    names = [b"cat", *(name.encode() for name in CIFAR10.CLASSES[1:])]
    make_archive(tmp_path, CIFAR10, batches_meta=pickled({b"label_names": names}))
    with pytest.raises(ValueError, match="does not name the classes of cifar10 in their order"):
        CIFAR10(str(tmp_path)).test()


def test_spoilt_archives_are_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"holds neither .*robustmoll data get CIFAR10 --root"):
        CIFAR10(str(tmp_path)).test()
    make_archive(tmp_path / "a", CIFAR10)
    archive = pack(tmp_path / "a", CIFAR10)
    content = archive.read_bytes()
    archive.write_bytes(content[: len(content) // 2])
    with pytest.raises(ValueError, match="no archive, or damaged"):
        CIFAR10(str(archive)).test()
    archive.write_text("<html>Not found</html>")
    with pytest.raises(ValueError, match="no archive, or damaged"):
        CIFAR10(str(archive)).test()
    (tmp_path / "a" / CIFAR10.FOLDER / "test_batch").unlink()
    with pytest.raises(ValueError, match="test_batch is missing"):
        CIFAR10(str(tmp_path / "a")).test()
    pack(tmp_path / "a", CIFAR10)
    with pytest.raises(ValueError, match="holds no test_batch"):
        CIFAR10(str(archive)).test()


def make_folders(root: Path, size: int = 32) -> None:
    for split in ("train", "test"):
        for label, name in enumerate(CIFAR10.CLASSES):
            (root / split / name).mkdir(parents=True)
            Image.new("RGB", (size, size), (label, 0, 0)).save(root / split / name / "0.png")


def test_class_folders_are_read_in_the_official_order(tmp_path: Path) -> None:
    make_folders(tmp_path)
    train, test = CIFAR10(str(tmp_path)).load()
    for part in (train, test):
        assert part.labels.tolist() == part.images[:, 0, 0, 0].tolist() == list(range(10))
    assert test.files == ("0",) * 10


def test_class_folders_of_another_layout_are_refused(tmp_path: Path) -> None:
    make_folders(tmp_path / "large", size=48)
    with pytest.raises(ValueError, match="not of 32 x 32 pixels"):
        CIFAR10(str(tmp_path / "large")).test()
    make_folders(tmp_path / "other")
    (tmp_path / "other" / "test" / "dog").rename(tmp_path / "other" / "test" / "wolf")
    with pytest.raises(ValueError, match="must hold the 10 classes of cifar10; wrong: dog, wolf"):
        CIFAR10(str(tmp_path / "other")).test()


def test_numbers_strings_and_arrays_are_all_that_is_admitted() -> None:
    content = {b"data": np.arange(6, dtype=np.uint8).reshape(2, 3), b"labels": [1, 2], b"name": b"x"}
    found = load_pickled(pickled(content), "some")
    assert np.array_equal(found.pop(b"data"), content.pop(b"data")) and found == content
