"""The two layouts in which -C sets are written; each file or cell gets its own name when it is whole."""

import hashlib
import io
import os
import re
import shutil
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image
from torch import Tensor

from robustmoll.data.corrupted.npy import npy_header
from robustmoll.data.corrupted.written import list_file
from robustmoll.data.image_set import ImageSet
from robustmoll.storage.files import sha256, write_whole

__all__ = ["LAYOUTS", "FolderLayout", "Layout", "NpyLayout"]


class Layout(ABC):
    """How the corrupted images of a set lie in a folder.

    Args:
        folder: The folder.
        data: The clean images.
        severities: All that the set has.
    """

    def __init__(self, folder: Path, data: ImageSet, severities: Sequence[float]) -> None:
        self.folder, self.data, self.severities = folder, data, tuple(severities)

    @abstractmethod
    def start(self) -> dict[str, str]:
        """Writes what is there once for all corruptions; returns the hash of each such file."""

    @abstractmethod
    def parts(self) -> list[tuple[float, ...]]:
        """Returns the severities that are written together."""

    @abstractmethod
    def file(self, corruption: str, severities: tuple[float, ...]) -> str:
        """Returns the path, below the folder, of the file whose hash stands for such a part."""

    @abstractmethod
    def is_there(self, corruption: str, severities: tuple[float, ...]) -> bool:
        """Returns whether a part that was finished is still there; `verify` looks closer."""

    @abstractmethod
    def write(self, corruption: str, severities: tuple[float, ...], batches: Iterable[Tensor]) -> str:
        """Writes a part.

        Args:
            corruption: Its corruption.
            severities: Its severities.
            batches: All images at the first severity, then all at the second, ...; (B, C, H, W), uint8, on the CPU.

        Returns:
            The hash of its file.
        """


class NpyLayout(Layout):
    """One npy file a corruption, shape (severities x N, H, W, C), uint8, in order of severity; as CIFAR-10-C."""

    def start(self) -> dict[str, str]:
        content = io.BytesIO()
        np.save(content, self.data.labels.repeat(len(self.severities)).numpy())
        write_whole(self.folder / "labels.npy", content.getvalue())
        return {"labels.npy": sha256(content.getvalue())}

    def parts(self) -> list[tuple[float, ...]]:
        return [self.severities]

    def file(self, corruption: str, severities: tuple[float, ...]) -> str:
        return f"{corruption}.npy"

    def is_there(self, corruption: str, severities: tuple[float, ...]) -> bool:
        return (self.folder / self.file(corruption, severities)).is_file()

    def write(self, corruption: str, severities: tuple[float, ...], batches: Iterable[Tensor]) -> str:
        shape = (len(severities) * len(self.data), *self.data.size, self.data.channels)
        pixels = (batch.permute(0, 2, 3, 1).contiguous().numpy().tobytes() for batch in batches)
        return write_pieces(self.folder / self.file(corruption, severities), chained(npy_header(shape), pixels))


class FolderLayout(Layout):
    """PNG files `<corruption>/<severity>/<class>/<name of the clean file>.png`; as ImageNet-C.

    Raises:
        ValueError: If the name of a class cannot be that of a folder, or two images would get one name, or one a name
            that cannot be listed.
    """

    def __init__(self, folder: Path, data: ImageSet, severities: Sequence[float]) -> None:
        super().__init__(folder, data, severities)
        if bad := next((name for name in data.classes if name != Path(name).name or name[0] == "."), None):
            raise ValueError(f"class {bad!r} cannot name a folder; take --layout npy")
        names = data.files or [f"{row:06d}" for row in range(len(data))]
        labels = data.labels.tolist()
        self.names = [f"{data.classes[label]}/{name}.png" for label, name in zip(labels, names, strict=True)]
        if bad := next((name for name in self.names if re.search("[\n\ud800-\udfff]", name)), None):
            raise ValueError(
                f"no list of files can hold the name {bad!r}, which has a line break or no UTF-8; rename it"
            )
        name, times = Counter(self.names).most_common(1)[0]
        if times > 1:
            raise ValueError(f"{times} images would be {name}: clean files must differ in more than their suffix")

    def start(self) -> dict[str, str]:
        (self.folder / list_file("", 0)).parent.mkdir(exist_ok=True)
        return {}

    def parts(self) -> list[tuple[float, ...]]:
        return [(severity,) for severity in self.severities]

    def file(self, corruption: str, severities: tuple[float, ...]) -> str:
        return list_file(corruption, severities[0])

    def is_there(self, corruption: str, severities: tuple[float, ...]) -> bool:
        cell = self.folder / corruption / f"{severities[0]:g}"
        return (self.folder / self.file(corruption, severities)).is_file() and cell.is_dir()

    def write(self, corruption: str, severities: tuple[float, ...], batches: Iterable[Tensor]) -> str:
        cell = self.folder / corruption / f"{severities[0]:g}"
        unfinished = cell.with_name(cell.name + ".part")
        shutil.rmtree(unfinished, ignore_errors=True)
        for label in self.data.labels.unique().tolist():
            (unfinished / self.data.classes[label]).mkdir(parents=True)
        names, lines = iter(self.names), []
        try:
            with ThreadPoolExecutor() as pool:
                for batch in batches:
                    some = [next(names) for _ in batch]
                    digests = pool.map(write_png, [unfinished / name for name in some], batch)
                    paths = [f"{corruption}/{cell.name}/{name}" for name in some]
                    lines += [f"{digest}  {path}\n" for digest, path in zip(digests, paths, strict=True)]
        except BaseException:
            shutil.rmtree(unfinished, ignore_errors=True)  # a full disk has better use for the space
            raise
        shutil.rmtree(cell, ignore_errors=True)
        os.replace(unfinished, cell)
        content = "".join(lines).encode()
        write_whole(self.folder / self.file(corruption, severities), content)
        return sha256(content)


LAYOUTS: dict[str, type[Layout]] = {"npy": NpyLayout, "folder": FolderLayout}


def write_pieces(path: Path, pieces: Iterable[bytes]) -> str:
    """Writes a file piece by piece, under another name until it is whole; returns its SHA-256."""
    unfinished, digest = path.with_name(path.name + ".part"), hashlib.sha256()
    try:
        with open(unfinished, "wb") as file:
            for piece in pieces:
                file.write(piece)
                digest.update(piece)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        unfinished.unlink(missing_ok=True)  # a full disk has better use for the space
        raise
    os.replace(unfinished, path)
    return digest.hexdigest()


def chained(first: bytes, others: Iterable[bytes]) -> Iterator[bytes]:
    """Yields one piece, then the others."""
    yield first
    yield from others


def write_png(path: Path, image: Tensor) -> str:
    """Writes an image, shape (C, H, W), uint8, without loss; returns the file's SHA-256."""
    content = io.BytesIO()
    pixels = image.permute(1, 2, 0).contiguous().numpy()
    Image.fromarray(pixels.squeeze(2) if pixels.shape[2] == 1 else pixels).save(content, "PNG", compress_level=1)
    path.parent.mkdir(parents=True, exist_ok=True)  # below its class, a file may lie deeper
    path.write_bytes(content.getvalue())
    return sha256(content.getvalue())
