"""The layouts of the published -C sets (D. Hendrycks and T. Dietterich, 2019), read as they are."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from robustmoll.corruptions import ALL, SEVERITIES, preset_of_size
from robustmoll.data.corrupted.corrupted_set import CorruptedSet
from robustmoll.data.corrupted.npy import map_npy
from robustmoll.data.folders import class_folders, find_images
from robustmoll.data.image_set import ImageSet
from robustmoll.data.images import FolderImages, Images, as_it_is

__all__ = [
    "check_classes",
    "find_cells",
    "find_corruptions",
    "npy_images",
    "open_folders",
    "open_npy",
    "read_labels",
]

FROST_FAULT = (
    "the frost that was first published with TinyImageNet-C shows 1,000 classes; remove it, and get the corrected files"
    " with `robustmoll data get TinyImageNet-C` (zenodo.org/records/8206060)"
)


def open_npy(folder: Path, clean: ImageSet) -> CorruptedSet:
    """Opens a set in the layout of CIFAR-10-C: five times N images in each `<corruption>.npy`, in order of severity.

    Raises:
        ValueError: If labels or images have another number, shape or type, or labels are not those of the clean set.
    """
    names = [name for name in ALL if (folder / f"{name}.npy").exists()]
    if not names:
        raise ValueError(f"{folder} holds labels.npy, but no <corruption>.npy such as fog.npy")
    labels = read_labels(folder, len(clean), SEVERITIES)
    if not torch.equal(labels, clean.labels.repeat(len(SEVERITIES))):
        raise ValueError(
            f"{folder / 'labels.npy'} disagrees with the labels of the {len(clean)} clean images of {clean.name};"
            " give the test set that it was made from"
        )
    for name in names:  # of a spoilt file one hears now, not after hours of work on the others
        npy_images(folder, clean, SEVERITIES, name, SEVERITIES[0])
    return _released(folder, clean, names, partial(_npy_cell, folder, clean), clean.size)


def open_folders(folder: Path, clean: ImageSet) -> CorruptedSet:
    """Opens a set in the layout of ImageNet-C: `<corruption>/<severity>/<class>/<file>`.

    The corruptions may lie one folder deeper, as the parts of ImageNet-C (noise, blur, ...) do. Severities that none of
    them has are not there; but all must have the same.

    Raises:
        ValueError: If no corruption is found, or one lacks a severity of another, or classes of the clean set.
    """
    found = find_corruptions(folder)
    if not found:
        raise ValueError(
            f"{folder} is no -C set: it has neither manifest.json nor labels.npy nor a folder such as fog/1"
        )
    severities = sorted({int(cell.name) for place in found.values() for cell in find_cells(place)})
    for name, place in found.items():
        for severity in severities:
            check_classes(place / str(severity), name, clean.classes)
    read = partial(_folder_cell, found, clean)
    first = next(iter(found))
    size = read(first, severities[0])[0].shape[2:]
    return _released(folder, clean, list(found), read, (size[0], size[1]), severities)


def _released(
    folder: Path,
    clean: ImageSet,
    names: Sequence[str],
    read: partial,
    size: tuple[int, int],
    severities: Sequence[int] = SEVERITIES,
) -> CorruptedSet:
    return CorruptedSet(
        folder.resolve().name,
        clean,
        mode="released",
        preset=preset_of_size(*size),
        seed=None,
        frost="frost",
        corruptions=tuple(names),
        severities=tuple(severities),
        read=read,
    )


def read_labels(folder: Path, count: int, severities: Sequence[float]) -> Tensor:
    """Reads labels.npy: those of the `count` images once for each severity; shape (n,), int64."""
    path = folder / "labels.npy"
    labels = map_npy(path, (len(severities) * count,), "u1 i1 <i2 <i4 <i8 <u2 <u4")
    return torch.from_numpy(labels.astype("i8"))


def npy_images(folder: Path, clean: ImageSet, severities: Sequence[float], name: str, severity: float) -> Tensor:
    """Maps the images of a cell; shape (N, C, H, W)."""
    n, (height, width) = len(clean), clean.size
    array = map_npy(folder / f"{name}.npy", (len(severities) * n, height, width, clean.channels))
    start = list(severities).index(severity) * n
    return torch.from_numpy(array[start : start + n]).permute(0, 3, 1, 2)


def _npy_cell(folder: Path, clean: ImageSet, name: str, severity: float) -> tuple[Images, Tensor]:
    return npy_images(folder, clean, SEVERITIES, name, severity), clean.labels  # compared when the set was opened


def _folder_cell(found: dict[str, Path], clean: ImageSet, name: str, severity: float) -> tuple[Images, Tensor]:
    found_images = find_images(found[name] / f"{severity:g}", clean.classes)
    return FolderImages(found_images.files, as_it_is, clean.channels), found_images.labels


def find_corruptions(folder: Path) -> dict[str, Path]:
    """Returns the folder of each corruption that a set has, in the original's order."""
    places = [folder, *sorted(path for path in folder.iterdir() if path.is_dir())]
    found = {name: [place / name for place in places if find_cells(place / name)] for name in ALL}
    return {name: paths[0] for name, paths in found.items() if paths}


def find_cells(place: Path) -> list[Path]:
    """Returns the folders of the severities that a corruption has."""
    return [cell for severity in SEVERITIES if (cell := place / str(severity)).is_dir()]


def check_classes(folder: Path, corruption: str, classes: Sequence[str]) -> None:
    """Raises a ValueError if a cell has other class folders than the clean set."""
    if (found := class_folders(folder)) == tuple(sorted(classes)):
        return
    if corruption == "frost" and len(classes) == 200 and len(found) == 1000:
        raise ValueError(f"{folder} has 1000 classes, but 200 are needed: {FROST_FAULT}")
    different = sorted(set(found) ^ set(classes))
    raise ValueError(
        f"{folder} has {len(found)} class folders, the clean set {len(classes)}; they differ in {len(different)},"
        f" such as {different[0]}"
    )
