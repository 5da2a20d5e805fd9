"""Looks a -C set through: is every file there, whole, unaltered and in its place?"""

import hashlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from robustmoll.corruptions import EXTRA, NAMES, SEVERITIES
from robustmoll.data.corrupted.manifest import MANIFEST, Manifest
from robustmoll.data.corrupted.npy import map_npy
from robustmoll.data.corrupted.published import check_classes, find_cells, find_corruptions
from robustmoll.data.corrupted.published_files import CIFAR_FILES
from robustmoll.data.corrupted.written import read_list
from robustmoll.data.folders import class_folders, find_images
from robustmoll.data.images import read_picture
from robustmoll.progress import ProgressBar

__all__ = ["verify"]

CIFAR_TEST = 10_000


def verify(folder: str | Path) -> list[str]:
    """Returns what is wrong with a -C set, one line a problem; none if all is well.

    A set that `robustmoll corrupt` wrote is compared with its manifest, file by file, and must hold every corruption
    that was asked for. Of the published sets, CIFAR-10-C and CIFAR-100-C are compared with the checksums of their
    files; in class folders, every cell must have the same files in the same classes, all of them images of one size.

    Args:
        folder: Of the set.

    Raises:
        ValueError: If it holds no -C set.
    """
    folder = Path(folder).expanduser()
    if not folder.is_dir():
        raise ValueError(f"folder {folder} does not exist")
    if (folder / MANIFEST).exists():
        return list(_written(folder, Manifest.read(folder)))
    if (folder / "labels.npy").exists():
        return list(_published_npy(folder))
    if find_corruptions(folder):
        return list(_published_folders(folder))
    raise ValueError(f"{folder} is no -C set: it has neither {MANIFEST} nor labels.npy nor a folder such as fog/1")


def _written(folder: Path, manifest: Manifest) -> Iterator[str]:
    expected = dict(manifest.files)
    for name in manifest.files:
        if name.endswith(".sha256") and (folder / name).is_file():
            try:
                expected |= read_list(folder / name)
            except ValueError:
                continue  # its own hash is wrong as well
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}

    def look(name: str) -> str | None:
        if name not in there:
            return f"{name} is missing"
        return None if _hash(folder / name, "sha256") == expected[name] else f"{name} was altered or cut off"

    yield from _look_at(list(expected), look)
    for name in manifest.requested:
        if name not in manifest.corruptions:
            yield f"{name} was asked for and is not finished; run the same `robustmoll corrupt` again"
    for name in sorted(there - expected.keys() - {MANIFEST}):
        unfinished = ".part" in name or name.endswith(".tmp")
        yield f"{name} is {'unfinished' if unfinished else 'not in the manifest'}"


def _published_npy(folder: Path) -> Iterator[str]:
    rows = len(SEVERITIES) * CIFAR_TEST
    try:
        labels = np.asarray(map_npy(folder / "labels.npy", (rows,), "u1 i1 <i2 <i4 <i8"))
    except ValueError as error:
        yield str(error)
        return
    classes = int(labels.max()) + 1
    counts = np.bincount(labels.clip(0), minlength=classes)
    if classes not in CIFAR_FILES or (labels.reshape(len(SEVERITIES), -1) != labels[:CIFAR_TEST]).any():
        yield "labels.npy does not hold the labels of a CIFAR test set five times"
        return
    if (counts != rows // classes).any():
        yield f"labels.npy does not hold {rows // classes} labels of each of {classes} classes"

    def look(name: str) -> str | None:
        if not (folder / name).exists() and name.removesuffix(".npy") in EXTRA:
            return None
        try:
            if name != "labels.npy":
                map_npy(folder / name, (rows, 32, 32, 3))
        except ValueError as error:
            return str(error)
        same = _hash(folder / name, "md5") == CIFAR_FILES[classes][name]
        return None if same else f"{name} is not the file that was published with CIFAR-{classes}-C"

    yield from _look_at(list(CIFAR_FILES[classes]), look)


def _published_folders(folder: Path) -> Iterator[str]:
    found = find_corruptions(folder)
    if set(found) & set(NAMES):  # else it holds the extra ones alone
        yield from (f"{name} is missing" for name in NAMES if name not in found)
    model = next((name for name in found if name != "frost"), "frost")
    example = find_cells(found[model])[0]
    classes = class_folders(example)
    expected = set(_files_of(example, classes))
    files: list[str] = []
    for name, place in found.items():
        for severity in SEVERITIES:
            cell = place / str(severity)
            try:
                check_classes(cell, name, classes)
            except ValueError as error:
                yield str(error)
                continue
            there = _files_of(cell, classes)
            for stem in sorted(expected - there.keys()):
                yield f"{cell / stem} is missing, going by {model}/{example.name}"
            for stem in sorted(there.keys() - expected):
                yield f"{cell / stem} is one too many, going by {model}/{example.name}"
            files += there.values()
    size = read_picture(files[0]).size

    def look(file: str) -> str | None:
        try:
            return None if (other := read_picture(file).size) == size else f"{file} is {other}, not {size} pixels"
        except ValueError as error:
            return str(error)

    yield from _look_at(files, look)


def _files_of(cell: Path, classes: tuple[str, ...]) -> dict[str, str]:
    """Returns the images of a cell by class and name."""
    files, labels, stems = find_images(cell, classes)
    names = (f"{classes[label]}/{stem}" for label, stem in zip(labels.tolist(), stems, strict=True))
    return dict(zip(names, files, strict=True))


def _look_at(files: list[str], look: Callable[[str], str | None]) -> Iterator[str]:
    """Yields what a function finds wrong with files, in their order; hashing and decoding use all cores."""
    with ThreadPoolExecutor() as pool, ProgressBar(len(files), unit="files") as bar:
        for file, problem in zip(files, pool.map(look, files), strict=True):
            bar.advance(1, file)
            if problem:
                yield problem


def _hash(path: Path, kind: str) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, kind).hexdigest()
