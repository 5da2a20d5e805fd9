"""manifest.json: what a written -C set is, what it was made with, and the hash of each of its files."""

import dataclasses
import hashlib
import json
from pathlib import Path
from typing import Any, Self

from robustmoll.data.image_set import ImageSet
from robustmoll.files import write_whole

__all__ = ["MANIFEST", "Manifest", "describe"]

MANIFEST = "manifest.json"
FEW = 64  # images that stand for all of them


@dataclasses.dataclass
class Manifest:
    """The description of a written -C set.

    Attributes:
        layout: "npy" or "folder".
        clean: Of the clean images: data set, split, classes, count, size, channels, and hashes of the first ones and of
            all labels.
        preset, seed: Of the corruptions.
        frost: What frost was made of, see `robustmoll.corruptions.frost_source`.
        severities: In the order of the rows of an npy file.
        device: Kind of device that computed; between kinds the last bits may differ.
        versions: Of what has to do with pixels, for each time that something else was installed.
        files: SHA-256 of every file that is done, by its path below the folder. A file that ends in `.sha256` lists
            those of one cell in the order of the test set, in the format of the program sha256sum.
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

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Reads the manifest of a folder.

        Raises:
            ValueError: If it is missing or damaged.
        """
        path = folder / MANIFEST
        try:
            manifest = cls(**json.loads(path.read_text()))
        except (OSError, TypeError, ValueError) as error:
            raise ValueError(f"{path} is no manifest of `robustmoll corrupt`: {error}") from error
        if not manifest.severities or not isinstance(manifest.files, dict) or not isinstance(manifest.clean, dict):
            raise ValueError(f"{path} is no manifest of `robustmoll corrupt`: it lacks severities, files or clean")
        return manifest

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
        for name, value in asked.clean.items():
            if (there := self.clean.get(name)) != value:
                told = f": {there}, not {value}" if len(f"{there}{value}") < 60 else ""
                raise ValueError(f"{folder} was made from images with other {name}{told}; take another --out")

    @property
    def corruptions(self) -> tuple[str, ...]:
        """The corruptions that are done at all severities, in the order in which they were written."""
        if self.layout == "npy":
            return tuple(name.removesuffix(".npy") for name in self.files if name != "labels.npy")
        done = [Path(name).stem.rpartition("-")[0] for name in self.files]
        return tuple(name for name in dict.fromkeys(done) if done.count(name) == len(self.severities))


def describe(data: ImageSet) -> dict[str, Any]:
    """Returns what a manifest tells of the clean images."""
    first = data.images[: min(len(data), FEW)].contiguous().numpy()
    return {
        "dataset": data.name,
        "split": data.split,
        "count": len(data),
        "size": list(data.size),
        "channels": data.channels,
        "classes": list(data.classes),
        "labels": hashlib.sha256(data.labels.numpy().astype("<i8").tobytes()).hexdigest(),
        "images": hashlib.sha256(first.tobytes()).hexdigest(),
    }
