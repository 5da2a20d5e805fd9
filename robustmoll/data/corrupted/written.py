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

COMPARED = ("count", "classes", "labels", "size", "channels", "images", "pixels", "files")
AGAIN = "remove it, and run the same `robustmoll corrupt` again"


def open_written(folder: Path, clean: ImageSet) -> CorruptedSet:
    """Opens a set that has a manifest; what is not done yet is not there.

    Raises:
        ValueError: If it was made from other images than the clean ones, going by labels, classes, pixels and files.
    """
    manifest = Manifest.read(folder)
    if name := manifest.differs(describe(clean), COMPARED):
        raise ValueError(
            f"{folder} was made from a set with other {name} than the {len(clean)} images of {clean.name};"
            f" give the test set of {manifest.clean['dataset']} that it was made from"
        )
    if not manifest.corruptions:
        raise ValueError(f"{folder} holds no finished corruption; run the same `robustmoll corrupt` again")
    return CorruptedSet(
        folder.resolve().name,
        clean,
        mode="written",
        preset=manifest.preset,
        seed=manifest.seed,
        frost=manifest.frost,
        corruptions=manifest.corruptions,
        severities=tuple(manifest.severities),
        read=partial(_npy_cell if manifest.layout == "npy" else _folder_cell, folder, clean, manifest),
    )


def _npy_cell(folder: Path, clean: ImageSet, manifest: Manifest, name: str, severity: float) -> tuple[Images, Tensor]:
    labels = read_labels(folder, len(clean), manifest.severities).view(len(manifest.severities), -1)
    place = manifest.severities.index(severity)
    return npy_images(folder, clean, manifest.severities, name, severity), labels[place]


def _folder_cell(
    folder: Path, clean: ImageSet, manifest: Manifest, name: str, severity: float
) -> tuple[Images, Tensor]:
    file, cell = folder / list_file(name, severity), f"{name}/{severity:g}/"
    paths = list(read_list(file))
    places = [path.removeprefix(cell).partition("/") for path in paths]
    index = {name: label for label, name in enumerate(clean.classes)}
    if len(places) != len(clean) or not all(place[0] in index for place in places):
        raise ValueError(f"{file} does not list {len(clean)} images of the clean set's classes; {AGAIN}")
    stems = tuple(place[2].removesuffix(".png") for place in places)
    if clean.files and stems != clean.files:
        stem, other = next(pair for pair in zip(stems, clean.files, strict=True) if pair[0] != pair[1])
        raise ValueError(
            f"{file} lists an image made from {stem}, where the clean set has {other}; give the test set of"
            f" {manifest.clean['dataset']} that it was made from"
        )
    labels = torch.tensor([index[place[0]] for place in places])
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
        lines = path.read_bytes().decode().removesuffix("\n").split("\n")  # as written, whatever a name holds
        return {file: digest for digest, file in (line.split("  ", 1) for line in lines)}
    except (OSError, ValueError) as error:
        raise ValueError(f"{path} is no list of files and hashes: {error}; {AGAIN}") from error
