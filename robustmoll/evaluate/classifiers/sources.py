"""Where the images of a cell come from. A new source is one subclass of `CellSource`."""

import itertools
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, Literal

import torch
from torch import Tensor

from robustmoll.corruptions import corrupt, frost_source, preset_of_size
from robustmoll.corruptions.engine import SMALLEST, check_seed
from robustmoll.data import CorruptedSet, ImageSet
from robustmoll.evaluate.classifiers.cells import CLEAN, cell_key
from robustmoll.evaluate.classifiers.views import View
from robustmoll.evaluate.fingerprint import fingerprint

__all__ = ["CellSource", "Generated", "Read", "Stage", "source_of"]

Stage = Literal["model", "source"]
PIECE = 16  # images of a cell in files that are looked at, to know them again
Batch = Callable[[slice, torch.device], Tensor]


class CellSource(ABC):
    """The images of every cell, as the model takes them.

    Images stay whole grey levels until the model gets them, as they would in a file: reading the same images from a
    written set gives the same digits.

    Args:
        data: The clean images.
        view: How they get to the model's size; None leaves them as they are.

    Attributes:
        mode, preset, seed, stage, resolution: What a row of cells.csv says of it, see `Cell`.
    """

    mode: str
    preset: str
    seed: int | None
    stage: Stage
    resolution: str

    def __init__(self, data: ImageSet, view: View | None) -> None:
        self.data, self.view = data, view

    def fit(self, images: Tensor) -> Tensor:
        """Brings images to the model's size."""
        return self.view(images) if self.view else images

    def scaling(self) -> str | None:
        """Returns how images get to the model's size, None if they have it."""
        scaled = self.view and (self.data.size != self.view.size or self.stage == "source")
        return str(self.view) if scaled else None

    def columns(self) -> dict[str, Any]:
        """Returns what every row of cells.csv says of the images."""
        names = ("preset", "mode", "seed", "stage", "resolution")
        return {"dataset": f"{self.data.name}/{self.data.split}", **{name: getattr(self, name) for name in names}}

    def cell(self, corruption: str, severity: float) -> Batch:
        """Returns a function from rows of the set and a device to images (B, C, H, W), uint8, at the model's size.

        Args:
            corruption: Name; "clean" for the clean images.
            severity: 0 if clean.

        Raises:
            ValueError: If there is no such cell, or its files are not what they should be.
        """
        if corruption == CLEAN:
            return lambda rows, device: self.fit(self.data.images[rows].to(device))
        return self.corrupted(corruption, severity)

    @abstractmethod
    def corrupted(self, corruption: str, severity: float) -> Batch:
        """Returns the same for a corrupted cell."""

    @abstractmethod
    def check(self, corruptions: Sequence[str], severities: Sequence[float]) -> None:
        """Raises a ValueError, before any work, if there are no such cells."""

    @abstractmethod
    def label(self, corruption: str) -> str:
        """Returns what tables call the corruption: its name, and a remark if it is not the standard one."""

    def fingerprints(self, corruptions: Sequence[str], severities: Sequence[float]) -> dict[str, str]:
        """Returns, by cell, what tells corrupted images that are read from files from others."""
        return {}


class Generated(CellSource):
    """Corrupts clean images on the fly, on the model's device.

    Args:
        data: The clean images.
        preset: Table of corruption constants; None takes the one made for the size at which images are corrupted.
        seed: Seed of the corruptions.
        view: As for `CellSource`.
        stage: Where: at the "model"'s size, or at the size of the "source".
    """

    mode = "generated"

    def __init__(
        self, data: ImageSet, preset: str | None = None, seed: int = 0, view: View | None = None, stage: Stage = "model"
    ) -> None:
        super().__init__(data, view)
        size = view.size if view and stage == "model" else data.size
        self.preset, self.resolution = preset or preset_of_size(*size), f"{size[0]}x{size[1]}"
        self.size = size
        self.seed: int = check_seed(seed)
        self.stage = "source" if view and size != view.size else "model"

    def corrupted(self, corruption: str, severity: float) -> Batch:
        def batch(rows: slice, device: torch.device) -> Tensor:
            ids = range(*rows.indices(len(self.data)))
            clean = self.data.images[rows].to(device)
            clean = self.fit(clean) if self.stage == "model" else clean
            return self.fit(corrupt(clean, corruption, severity, self.preset, self.seed, ids))

        return batch

    def check(self, corruptions: Sequence[str], severities: Sequence[float]) -> None:
        if len(corruptions) and len(severities) and min(self.size) < SMALLEST:
            raise ValueError(
                f"corruptions need images of at least {SMALLEST}x{SMALLEST} pixels, got {self.resolution};"
                " take larger ones"
            )

    def label(self, corruption: str) -> str:
        return frost_source() if corruption == "frost" else corruption


class Read(CellSource):
    """Reads corrupted images from files.

    Args:
        data: The clean images.
        files: The corrupted ones.
        view: As for `CellSource`.
        preset: Table of constants that they should have been made with; None takes any.

    Raises:
        ValueError: If they were made with another one.
    """

    def __init__(
        self, data: ImageSet, files: CorruptedSet, view: View | None = None, preset: str | None = None
    ) -> None:
        super().__init__(data, view)
        if preset not in (None, files.preset):
            raise ValueError(
                f"{files.name} was made with preset {files.preset!r}, not {preset!r}; ask for that one or leave it out"
            )
        self.files, self.mode, self.preset, self.seed = files, files.mode, files.preset, files.seed
        size = files.images(files.corruptions[0], files.severities[0]).size
        self.resolution = f"{size[0]}x{size[1]}"
        self.stage = "source" if view and size != view.size else "model"

    def corrupted(self, corruption: str, severity: float) -> Batch:
        found = self.files.images(corruption, severity)
        return lambda rows, device: self.fit(found.images[rows].to(device))

    def check(self, corruptions: Sequence[str], severities: Sequence[float]) -> None:
        for what, asked, there in (
            ("corruption", corruptions, self.files.corruptions),
            ("severity", severities, self.files.severities),
        ):
            if lacking := [one for one in asked if one not in there]:
                raise ValueError(f"{self.files.name} has no {what} {lacking[0]}; ask for some of {list(there)}")

    def label(self, corruption: str) -> str:
        return self.files.frost if corruption == "frost" else corruption

    def fingerprints(self, corruptions: Sequence[str], severities: Sequence[float]) -> dict[str, str]:
        cells = itertools.product(corruptions, severities)
        return {cell_key(name, severity): fingerprint([self._middle(name, severity)]) for name, severity in cells}

    def _middle(self, corruption: str, severity: float) -> Tensor:
        # A few images stand for all: to read them all would take as long as to measure them.
        images = self.files.images(corruption, severity).images
        start = max(len(images) - PIECE, 0) // 2
        return images[start : start + PIECE]


def source_of(
    data: ImageSet,
    preset: str | None = None,
    seed: int = 0,
    corrupted: CorruptedSet | None = None,
    view: View | None = None,
    stage: Stage = "model",
) -> CellSource:
    """Returns where a benchmark has its images from; arguments and errors as for `robustmoll.evaluate.bench`."""
    return Read(data, corrupted, view, preset) if corrupted else Generated(data, preset, seed, view, stage)
