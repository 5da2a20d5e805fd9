"""TrivialAugmentWide, RandAugment and AutoAugment, in which each image gets operations and magnitudes of its own.

Operations, their magnitudes and their probabilities are torchvision's (nearest pixel, black beyond the image).
"""

from abc import abstractmethod
from collections.abc import Iterable
from functools import cached_property
from typing import Literal

import torch
from torch import Generator, Tensor

from robustmoll.checks import known_name
from robustmoll.data.augment.auto_policies import POLICIES
from robustmoll.data.augment.base import AugmentDraw, ImageAugmentation, Size, rand
from robustmoll.data.augment.magnitudes import LEARNED, WIDE, Space
from robustmoll.data.augment.operations import OPERATIONS, apply_operations, index

__all__ = ["AutoAugment", "Policy", "RandAugment", "TrivialAugmentWide"]


class Policy(ImageAugmentation):
    """Some operations in a row for each image. A draw has the columns `operation` and `magnitude`, shape (n, k)."""

    @abstractmethod
    def choose(self, n: int, generator: Generator | None) -> tuple[Tensor, Tensor]:
        """Draws operations and the bins of their magnitudes, both int64, shape (n, k)."""

    @property
    @abstractmethod
    def space(self) -> tuple[Space, int]:
        """What magnitudes there are, and in how many bins."""

    def draw(self, n: int, size: Size, generator: Generator | None = None) -> AugmentDraw:
        space, bins = self.space
        operation, chosen = self.choose(n, generator)
        sign = torch.randint(2, operation.shape, generator=generator, device="cpu")
        return {"operation": operation, "magnitude": space.magnitudes(bins, size)[operation, chosen, sign]}

    def apply(self, x: Tensor, draw: AugmentDraw) -> Tensor:
        for operation, magnitude in zip(draw["operation"].unbind(1), draw["magnitude"].unbind(1), strict=True):
            x = apply_operations(x, operation, magnitude)
        return x


class TrivialAugmentWide(Policy):
    """One operation of 14, and one of its magnitudes, all alike (Mueller and Hutter, ICCV 2021).

    Args:
        num_magnitude_bins: Number of magnitudes from none to the strongest, at least 2.

    Raises:
        ValueError: If there are too few.
    """

    def __init__(self, num_magnitude_bins: int = 31) -> None:
        _check_bins("TrivialAugmentWide", num_magnitude_bins)
        self.num_magnitude_bins = num_magnitude_bins

    @property
    def space(self) -> tuple[Space, int]:
        return WIDE, self.num_magnitude_bins

    def choose(self, n: int, generator: Generator | None) -> tuple[Tensor, Tensor]:
        bins = torch.randint(self.num_magnitude_bins, (n, 1), generator=generator, device="cpu")
        return random_operations((n, 1), generator), bins


class RandAugment(Policy):
    """A number of operations of 14, all alike, at one magnitude (Cubuk et al., NeurIPS 2020).

    Args:
        num_ops: How many in a row, at least 1.
        magnitude: Which of the magnitudes, counted from 0.
        num_magnitude_bins: Number of magnitudes from none to the strongest, at least 2.

    Raises:
        ValueError: If a number is out of its range.
    """

    def __init__(self, num_ops: int = 2, magnitude: int = 9, num_magnitude_bins: int = 31) -> None:
        _check_bins("RandAugment", num_magnitude_bins)
        if num_ops < 1 or not 0 <= magnitude < num_magnitude_bins:
            raise ValueError(
                f"RandAugment needs num_ops >= 1 and magnitude in 0..{num_magnitude_bins - 1}"
                f" for {num_magnitude_bins} bins, got {num_ops=}, {magnitude=}"
            )
        self.num_ops, self.magnitude, self.num_magnitude_bins = num_ops, magnitude, num_magnitude_bins

    @property
    def space(self) -> tuple[Space, int]:
        return LEARNED, self.num_magnitude_bins

    def choose(self, n: int, generator: Generator | None) -> tuple[Tensor, Tensor]:
        operation = random_operations((n, self.num_ops), generator)
        return operation, torch.full_like(operation, self.magnitude)


class AutoAugment(Policy):
    """One of 25 learned pairs of operations for each image (Cubuk et al., CVPR 2019).

    Args:
        policy: What the pairs were learned on: "imagenet", torchvision's default, or "cifar10".

    Raises:
        ValueError: If there is no such policy.
    """

    def __init__(self, policy: Literal["imagenet", "cifar10"] = "imagenet") -> None:
        known_name("AutoAugment policy", policy, POLICIES)
        self.policy = policy

    @property
    def space(self) -> tuple[Space, int]:
        return LEARNED, 10

    @cached_property
    def _pairs(self) -> tuple[Tensor, Tensor, Tensor]:
        """Operation, probability and bin, each of shape (25, 2)."""
        names, *numbers = zip(*(step for pair in POLICIES[self.policy] for step in pair), strict=True)
        operations = [index(name) for name in names]
        operation, probability, bins = (
            torch.tensor(column, device="cpu").view(-1, 2) for column in (operations, *numbers)
        )
        return operation, probability, bins

    def choose(self, n: int, generator: Generator | None) -> tuple[Tensor, Tensor]:
        operation, probability, bins = self._pairs
        pair = torch.randint(len(operation), (n,), generator=generator, device="cpu")
        happens = rand(n, 2, generator=generator) < probability[pair]
        return torch.where(happens, operation[pair], index("Identity")), bins[pair]


def random_operations(shape: tuple[int, ...], generator: Generator | None, offered: Tensor | None = None) -> Tensor:
    """Draws indices of operations out of some, all alike; None offers those of TrivialAugment and RandAugment."""
    offered = _UNINVERTED if offered is None else offered
    return offered[torch.randint(len(offered), shape, generator=generator, device="cpu")]


def indices(without: Iterable[str]) -> Tensor:
    """Returns the indices of all operations but some."""
    return torch.tensor([index(name) for name in OPERATIONS if name not in set(without)], device="cpu")


_UNINVERTED = indices(without=["Invert"])


def _check_bins(who: str, bins: int) -> None:
    if bins < 2:
        raise ValueError(f"{who} needs num_magnitude_bins >= 2, got {bins}")
