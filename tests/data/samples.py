"""Small image sets and folders that tests of the data read."""

import multiprocessing
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from robustmoll.data import ImageSet

__all__ = ["image_set", "in_child", "make_folder", "write_image"]


def image_set(n: int = 12, size: int = 32, classes: int = 3, channels: int = 3, name: str = "some") -> ImageSet:
    """Random images with the labels 0, 1, ..., 0, 1, ..."""
    generator = torch.Generator().manual_seed(n)
    images = torch.randint(256, (n, channels, size, size), generator=generator, dtype=torch.uint8)
    names = tuple(f"class{label}" for label in range(classes))
    return ImageSet(name, "test", images, torch.arange(n) % classes, names)


def write_image(path: Path, grey: int = 0, size: tuple[int, int] = (12, 10)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (grey, grey, grey)).save(path)


def make_folder(root: Path, splits: tuple[str, ...] = ("train", "test"), images: int = 3) -> Path:
    for split in splits:
        for label, name in enumerate(("cat", "dog")):
            for i in range(images):
                write_image(root / split / name / f"{i}.png", grey=100 * label + i)
    return root


def in_child(work: Callable[[], Any]) -> int:
    """Runs work in a process of its own; returns its exit code, or minus the signal that ended it."""
    child = multiprocessing.get_context("fork").Process(target=work)
    child.start()
    child.join()
    assert child.exitcode is not None
    return child.exitcode
