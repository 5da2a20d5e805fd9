"""A -C set in files, published or written by `robustmoll corrupt`, beside the clean set it belongs to."""

import dataclasses
from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor

from robustmoll.checks import known_name
from robustmoll.data.image_set import ImageSet
from robustmoll.data.images import Images

__all__ = ["CorruptedSet"]


@dataclasses.dataclass(frozen=True)
class CorruptedSet:
    """The corrupted images of a clean test set, in its order.

    Attributes:
        name: Of the folder.
        clean: The clean images.
        mode: "written" by `robustmoll corrupt`, or "released" by others.
        preset: Table of corruption constants: "cifar", "tiny" or "imagenet".
        seed: Of the corruptions; None if the images were released without one.
        frost: What tables call the frost that these images have: "frost", "frost (procedural)", ...
        corruptions: Those that are there.
        severities: Likewise; of a released set 1 to 5, or some of them.
        read: From a corruption and a severity to images and labels.
    """

    name: str
    clean: ImageSet
    _: dataclasses.KW_ONLY
    mode: Literal["written", "released"]
    preset: str
    seed: int | None
    frost: str
    corruptions: tuple[str, ...]
    severities: tuple[float, ...]
    read: Callable[[str, float], tuple[Images, Tensor]]

    def images(self, corruption: str, severity: float) -> ImageSet:
        """Returns the images of a cell: mapped from a file, or decoded when they are asked for.

        Raises:
            ValueError: If there is no such cell, its files are not what they should be, or its labels are not those of
                the clean images.
        """
        known_name(f"corruption of {self.name}", corruption, self.corruptions)
        if severity not in self.severities:
            raise ValueError(f"{self.name} has no severity {severity:g}; it has {self._told_severities()}")
        images, labels = self.read(corruption, severity)
        if not torch.equal(labels, self.clean.labels):
            raise ValueError(
                f"{self.name}: the labels of {corruption} {severity:g} are not those of the clean images"
                f" ({len(labels)} against {len(self.clean)}); give the clean set that it was made from"
            )
        return dataclasses.replace(self.clean, images=images)

    def _told_severities(self) -> str:
        return ", ".join(f"{severity:g}" for severity in self.severities)
