"""Where the images of a cell come from. A new source is one class with what `Generated` has."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from robustmoll.corruptions import corrupt, frost_source
from robustmoll.data.image_set import ImageSet

__all__ = ["Generated"]


@dataclass(frozen=True)
class Generated:
    """Corrupts clean images on the fly, at the size and on the device at which the model sees them.

    The images stay whole grey levels, as they would in a file: reading the same images from a written set
    gives the same digits.

    Args:
        data: The clean images.
        preset: Table of corruption constants.
        seed: Seed of the corruptions.
    """

    data: ImageSet
    preset: str
    seed: int
    mode: ClassVar[str] = "generated"

    def label(self, corruption: str) -> str:
        """Returns what tables call the corruption: its name, and a remark if it is not the standard one."""
        return frost_source() if corruption == "frost" else corruption

    def images(self, corruption: str, severity: float, rows: slice, device: torch.device) -> Tensor:
        """Returns images of a cell, shape (B, C, H, W), uint8.

        Args:
            corruption: Name; has no meaning at severity 0.
            severity: 0 for the clean images.
            rows: Which images of the set.
            device: Where to corrupt.
        """
        clean = self.data.images[rows].to(device)
        ids = range(*rows.indices(len(self.data)))
        return corrupt(clean, corruption, severity, self.preset, self.seed, ids) if severity else clean
