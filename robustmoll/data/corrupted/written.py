"""What `robustmoll corrupt` wrote, read back."""

from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from robustmoll.data.corrupted.corrupted_set import CorruptedSet
from robustmoll.data.corrupted.manifest import Manifest, describe
from robustmoll.data.corrupted.published import npy_images, read_labels
from robustmoll.data.image_set import ImageSet
from robustmoll.data.images import FolderImages, Images, as_it_is

__all__ = ["list_file", "open_written", "read_list"]


def open_written(folder: Path, clean: ImageSet) -> CorruptedSet:
    """Opens a set that has a manifest; what is not done yet is not there.

    Raises:
        ValueError: If it was made from other images than the clean ones, going by labels and classes.
    """
    manifest = Manifest.read(folder)
    asked = describe(clean)
    for name in ("count", "classes", "labels"):
        if manifest.clean.get(name) != asked[name]:
            raise ValueError(
                f"{folder} was made from images with other {name} than the {len(clean)} clean ones of {clean.name};"
                f" give the test set of {manifest.clean.get('dataset')} that it was made from"
            )
    if not manifest.corruptions:
        raise ValueError(f"{folder} holds no finished corruption; run the same `robustmoll corrupt` again")
    cell = partial(_npy_cell if manifest.layout == "npy" else _folder_cell, folder, clean, manifest)
    severities = tuple(manifest.severities)
    parts = (manifest.preset, manifest.seed, manifest.frost, manifest.corruptions, severities, cell)
    return CorruptedSet(folder.resolve().name, clean, "written", *parts)


def _npy_cell(folder: Path, clean: ImageSet, manifest: Manifest, name: str, severity: float) -> tuple[Images, Tensor]:
    labels = read_labels(folder, len(clean), manifest.severities).view(len(manifest.severities), -1)
    place = manifest.severities.index(severity)
    return npy_images(folder, clean, manifest.severities, name, severity), labels[place]


def _folder_cell(
    folder: Path, clean: ImageSet, manifest: Manifest, name: str, severity: float
) -> tuple[Images, Tensor]:
    paths = list(read_list(folder / list_file(name, severity)))
    index = {name: label for label, name in enumerate(clean.classes)}
    labels = torch.tensor([index[path.split("/")[2]] for path in paths])
    return FolderImages([str(folder / path) for path in paths], as_it_is, clean.channels), labels


def list_file(corruption: str, severity: float) -> str:
    """Returns the path, below the folder of a set, of the file that lists a cell's images and their hashes."""
    return f"checksums/{corruption}-{severity:g}.sha256"


def read_list(path: Path) -> dict[str, str]:
    """Reads a list of files in the format of sha256sum; from paths to hashes, in the file's order.

    Raises:
        ValueError: If it is missing or damaged.
    """
    try:
        lines = [line.split("  ", 1) for line in path.read_text().splitlines()]
        return {file: digest for digest, file in lines}
    except (OSError, ValueError) as error:
        raise ValueError(f"{path} is no list of files and hashes: {error}") from error
