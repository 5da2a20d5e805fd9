import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torchvision.datasets import FashionMNIST as Reference

from robustmoll.data import FashionMNIST


def write_idx(path: Path, array: np.ndarray) -> None:
    shape = b"".join(int(n).to_bytes(4, "big") for n in array.shape)
    path.write_bytes(bytes((0, 0, 8, array.ndim)) + shape + array.astype(np.uint8).tobytes())


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "FashionMNIST" / "raw"  # where torchvision has it
    folder.mkdir(parents=True)
    random = np.random.default_rng(0)
    for prefix, n in (("train", 30), ("t10k", 20)):
        write_idx(folder / f"{prefix}-images-idx3-ubyte", random.integers(0, 256, (n, 28, 28)))
        write_idx(folder / f"{prefix}-labels-idx1-ubyte", random.integers(0, 10, n))
    return folder


@pytest.mark.parametrize("packed", [False, True])
def test_files_are_read_as_torchvision_does(root: Path, packed: bool) -> None:
    references = [Reference(str(root.parents[1]), train=train) for train in (True, False)]
    if packed:
        for path in list(root.iterdir()):
            path.with_name(path.name + ".gz").write_bytes(gzip.compress(path.read_bytes()))
            path.unlink()
    data = FashionMNIST(str(root))
    for part, reference in zip(data.load(), references, strict=True):
        assert torch.equal(part.images[:], reference.data[:, None]) and torch.equal(part.labels, reference.targets)
        assert part.classes == tuple(reference.classes)
    assert len(data.test()) == 20


def missing(path: Path) -> None:
    path.unlink()


def cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def of_other_numbers(path: Path) -> None:
    path.write_bytes(b"\0\0\x0d\3" + path.read_bytes()[4:])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def damaged(path: Path) -> None:
    path.with_name(path.name + ".gz").write_bytes(gzip.compress(path.read_bytes())[:-100])
    path.unlink()


@pytest.mark.parametrize(
    "spoil, message",
    [
        (missing, r"t10k-images-idx3-ubyte is missing, .*robustmoll data get FashionMNIST"),
        (cut_off, "no IDX file of uint8 in 3 dimensions, or cut off"),
        (of_other_numbers, "no IDX file of uint8 in 3 dimensions"),
        (empty, "no IDX file of uint8 in 3 dimensions"),
        (damaged, "is damaged"),
    ],
)
def test_spoilt_files_are_named(root: Path, spoil: Callable[[Path], None], message: str) -> None:
    spoil(root / "t10k-images-idx3-ubyte")
    with pytest.raises(ValueError, match=message):
        FashionMNIST(str(root)).test()
