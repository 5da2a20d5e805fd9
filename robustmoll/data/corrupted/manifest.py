"""manifest.json: what a written -C set is, what it was made with, and the hash of each of its files."""

import dataclasses
import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self, get_origin, get_type_hints

from torch import Tensor

from robustmoll.data.image_set import ImageSet
from robustmoll.data.images import FolderImages
from robustmoll.storage.files import write_whole

__all__ = ["MANIFEST", "Manifest", "describe"]

MANIFEST = "manifest.json"
FEW = 64  # images that are hashed even if they must be decoded
CLEAN = ("dataset", "split", "count", "size", "channels", "classes", "labels", "images")  # always told


@dataclasses.dataclass
class Manifest:
    """The description of a written -C set.

    Attributes:
        layout: "npy" or "folder".
        clean: Of the clean images: data set, split, classes, count, size, channels, and hashes; see `describe`.
        preset, seed: Of the corruptions.
        frost: What frost was made of, see `robustmoll.corruptions.frost_source`.
        severities: In the order of the rows of an npy file.
        device: Kind of device that computed; between kinds the last bits may differ.
        versions: Of what has to do with pixels, for each time that something else was installed.
        files: SHA-256 of every file that is done, by its path below the folder. A file that ends in `.sha256` lists
            those of one cell in the order of the test set, in the format of the program sha256sum.
        requested: All corruptions that were ever asked for, finished or not.
    """

    layout: str
    clean: dict[str, Any]
    preset: str
    seed: int
    frost: str
    severities: list[float]
    device: str
    versions: list[dict[str, str]]
    files: dict[str, str] = dataclasses.field(default_factory=dict)
    requested: list[str] = dataclasses.field(default_factory=list)

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Reads the manifest of a folder.

        Raises:
            ValueError: If it is missing or damaged.
        """
        path = folder / MANIFEST
        try:
            manifest = cls(**json.loads(path.read_bytes()))
        except (OSError, TypeError, ValueError) as error:
            raise ValueError(f"{path} is no manifest of `robustmoll corrupt`: {error}") from error
        if fault := manifest._fault():
            raise ValueError(f"{path} is no manifest of `robustmoll corrupt`: {fault}; write the set anew")
        return manifest

    def _fault(self) -> str | None:
        """Returns what cannot be so, if anything."""
        for name, hint in get_type_hints(type(self)).items():
            if not isinstance(value := getattr(self, name), kind := get_origin(hint) or hint):
                return f"{name} must be of type {kind.__name__}, got {value!r:.40}"
        if self.layout not in ("npy", "folder"):
            return f"layout must be npy or folder, got {self.layout!r:.40}"
        if not self.severities or not all(isinstance(one, int | float) and 0 < one <= 5 for one in self.severities):
            return f"severities must be numbers in (0, 5], got {self.severities!r:.40}"
        return next((f"clean lacks {name}" for name in CLEAN if name not in self.clean), None)

    def write(self, folder: Path) -> None:
        """Writes the manifest; at any moment the old or the new one is there."""
        write_whole(folder / MANIFEST, (json.dumps(dataclasses.asdict(self), indent=1) + "\n").encode())

    def check_same(self, asked: Self, folder: Path) -> None:
        """Raises a ValueError if the set that this describes, in a folder, is another than the one asked for."""
        for name in ("preset", "seed", "severities", "layout", "frost", "device"):
            there, now = getattr(self, name), getattr(asked, name)
            if there != now:
                raise ValueError(
                    f"{folder} was made with {name} {there}, not {now}; ask for that or take another --out"
                )
        if other := self.differs(asked.clean, tuple(asked.clean)):
            there, now = self.clean[other], asked.clean[other]
            told = f": {there}, not {now}" if len(f"{there}{now}") < 60 else ""
            raise ValueError(f"{folder} was made from a set with other {other}{told}; take another --out")

    def differs(self, clean: dict[str, Any], names: Sequence[str]) -> str | None:
        """Returns the first of some names by which the clean images differ from described ones, if they do.

        A hash that only one of the two has is left aside: not everything can be hashed of all images.
        """
        both = [name for name in names if name in clean and name in self.clean]
        return next((name for name in both if self.clean[name] != clean[name]), None)

    @property
    def corruptions(self) -> tuple[str, ...]:
        """The corruptions that are done at all severities, in the order in which they were written."""
        if self.layout == "npy":
            return tuple(name.removesuffix(".npy") for name in self.files if name != "labels.npy")
        done = [Path(name).stem.rpartition("-")[0] for name in self.files]
        return tuple(name for name in dict.fromkeys(done) if done.count(name) == len(self.severities))


def describe(data: ImageSet) -> dict[str, Any]:
    """Returns what a manifest tells of the clean images.

    `images` is a hash of the first ones, `pixels` one of all that are in memory. Where images are decoded when they are
    asked for, `files` is a hash of the names and sizes of their files.
    """
    told = {
        "dataset": data.name,
        "split": data.split,
        "count": len(data),
        "size": list(data.size),
        "channels": data.channels,
        "classes": list(data.classes),
        "labels": hashlib.sha256(data.labels.numpy().astype("<i8").tobytes()).hexdigest(),
        "images": _hash(data.images[: min(len(data), FEW)]),
    }
    if isinstance(data.images, Tensor):
        told["pixels"] = _hash(data.images)
    if isinstance(data.images, FolderImages):
        lines = (f"{os.path.getsize(file)} {os.path.basename(file)}\n" for file in data.images.files)
        told["files"] = hashlib.sha256(os.fsencode("".join(lines))).hexdigest()
    return told


def _hash(images: Tensor) -> str:
    return hashlib.sha256(images.contiguous().numpy().data).hexdigest()
