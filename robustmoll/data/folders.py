"""Images in one folder a class."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from PIL import Image
from torch import Tensor

__all__ = ["LabelledFiles", "class_folders", "find_images", "holds_images", "sub_folders"]


class LabelledFiles(NamedTuple):
    """Images in files, and of which class they are.

    Attributes:
        files: Their paths.
        labels: Index of the class of each, shape (N,), int64.
        stems: Their paths below the class folder, without the suffix.
    """

    files: list[str]
    labels: Tensor
    stems: tuple[str, ...]


def class_folders(root: Path) -> tuple[str, ...]:
    """Returns the sorted names of the sub-folders that `root` must have, one a class."""
    if not root.is_dir():
        raise ValueError(f"folder {root} does not exist; it should hold a folder of images for each class")
    if len(names := sub_folders(root)) < 2:
        raise ValueError(f"{root} has {len(names)} class sub-folders, at least 2 are needed")
    return names


def sub_folders(root: Path) -> tuple[str, ...]:
    """Returns the sorted names of all sub-folders but hidden ones."""
    return tuple(sorted(entry.name for entry in os.scandir(root) if entry.is_dir() and entry.name[0] != "."))


def find_images(root: Path, classes: Sequence[str]) -> LabelledFiles:
    """Lists the images of class folders, class by class in the given order, sorted by path within a class.

    They may lie deeper, also behind links; hidden files and folders are left aside.

    Raises:
        ValueError: If a class has none.
    """
    files: list[str] = []
    stems: list[str] = []
    labels: list[int] = []
    for label, name in enumerate(classes):
        folder = os.path.join(root, name)
        found = sorted(_images_below(folder))
        if not found:
            raise ValueError(f"class folder {folder} holds no images; add some or remove the folder")
        files += found
        stems += [os.path.splitext(os.path.relpath(file, folder))[0].replace(os.sep, "/") for file in found]
        labels += [label] * len(found)
    return LabelledFiles(files, torch.tensor(labels), tuple(stems))


def holds_images(folder: Path, *, deeper: bool) -> bool:
    """Returns whether images lie in a folder, or, if `deeper`, anywhere below it."""
    return bool(_images_below(str(folder)) if deeper else _images_among(next(os.walk(folder))[2]))


def _images_below(folder: str) -> list[str]:
    """Follows links, and looks into no folder twice: a link may lead back to where it lies."""
    found: list[str] = []
    seen: set[str] = set()
    for parent, folders, names in os.walk(folder, followlinks=True):
        if (here := os.path.realpath(parent)) in seen:
            folders.clear()
            continue
        seen.add(here)
        folders[:] = sorted(name for name in folders if name[0] != ".")
        found += [os.path.join(parent, name) for name in _images_among(names)]
    return found


def _images_among(names: Sequence[str]) -> list[str]:
    # Some formats Pillow can only write, such as PDF; MPO is opened as JPEG.
    known = Image.registered_extensions().items()
    suffixes = {suffix for suffix, kind in known if kind in Image.OPEN or kind == "MPO"}
    return [name for name in names if name[0] != "." and os.path.splitext(name)[1].lower() in suffixes]
