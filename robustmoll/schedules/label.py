r"""Label schedules: t to the share gamma of a label's certainty that is lost."""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from robustmoll.schedules.noise import NoiseSchedule

__all__ = ["FittedLabel", "LabelSchedule", "PowerLabel", "SnrLabel"]


class LabelSchedule(ABC):
    """A function gamma(t) in [0, 1] with gamma(0) = 0 where nothing is lost; a new one defines `__call__`."""

    @abstractmethod
    def __call__(self, t: Tensor, noise: NoiseSchedule | None = None) -> Tensor:
        """Returns gamma(t), shaped as t; `noise` is the schedule of the noise it accompanies, if it is noise."""


@dataclass(frozen=True)
class PowerLabel(LabelSchedule):
    r"""Power of time, :math:`\gamma = t^k` (Heinonen et al., AISTATS 2025; there for blur, with k = 1).

    Args:
        k: Exponent, > 0. A large one keeps labels sharp for longer.

    Raises:
        ValueError: If k is not positive and finite.
    """

    k: float = 1.0

    def __post_init__(self) -> None:
        _check_power(self.k)

    def __call__(self, t: Tensor, noise: NoiseSchedule | None = None) -> Tensor:
        return t**self.k


@dataclass(frozen=True)
class SnrLabel(LabelSchedule):
    r"""The noise's share of the power, :math:`\gamma = (1 + \mathrm{snr})^{-k} = (\sigma^2 / (\alpha^2 + \sigma^2))^k`.

    For :class:`CosineNoise` this is :math:`\sin^{2k}(\pi t / 2)` (Heinonen et al., AISTATS 2025). Its slope at t = 0
    is right for k >= 1.

    Args:
        k: Exponent, > 0. A large one keeps labels sharp for longer.

    Raises:
        ValueError: If k is not positive and finite, or, when called, if there is no noise whose ratio could be taken.
    """

    k: float = 1.0

    def __post_init__(self) -> None:
        _check_power(self.k)

    def __call__(self, t: Tensor, noise: NoiseSchedule | None = None) -> Tensor:
        if noise is None:
            raise ValueError("SnrLabel needs a noise schedule and got none; for a blur use PowerLabel")
        return noise.noise_share(t) ** self.k


@dataclass(frozen=True)
class FittedLabel(LabelSchedule):
    """Straight lines from knot to knot, from gamma = 0 at t = 0 on; constant behind the last one.

    `robustmoll fit-labels` chooses the knots so that a classifier is as sure as it is right at every t.

    Args:
        t: Where the knots are, rising, in (0, 1].
        gamma: Their heights, in [0, 1].

    Raises:
        ValueError: If there is no knot, or knots and heights are not as described.

    Example:
        >>> FittedLabel(t=[0.5, 1.0], gamma=[0.1, 0.9])(torch.tensor([0.0, 0.25, 0.75]))
        tensor([0.0000, 0.0500, 0.5000])
    """

    t: Sequence[float]
    gamma: Sequence[float]

    def __post_init__(self) -> None:
        rising = all(a < b for a, b in pairwise([0.0, *self.t, math.nextafter(1, 2)]))
        if not self.t or len(self.t) != len(self.gamma) or not rising:
            raise ValueError(
                f"FittedLabel needs rising t in (0, 1] and a gamma for each, got {self.t} and {self.gamma}"
            )
        if not all(0 <= gamma <= 1 for gamma in self.gamma):
            raise ValueError(f"FittedLabel needs every gamma in [0, 1], got {self.gamma}")

    def __call__(self, t: Tensor, noise: NoiseSchedule | None = None) -> Tensor:
        lost = torch.zeros_like(t)
        # A sum of ramps of plain numbers: unlike a table of knots, it has nothing to move to a device.
        for (start, low), (end, high) in pairwise([(0.0, 0.0), *zip(self.t, self.gamma, strict=True)]):
            lost = lost + ((t - start) / (end - start)).clamp(0, 1) * (high - low)
        return lost.clamp(0, 1)


def _check_power(k: float) -> None:
    if not 0 < k < math.inf:
        raise ValueError(f"the label's exponent k must be positive and finite, got {k}")
