r"""Label schedules: t to the share gamma of a label's certainty that is lost."""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor

from robustmoll.schedules.noise import NoiseSchedule

__all__ = ["LabelSchedule", "PowerLabel", "SnrLabel"]


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

    For :class:`CosineNoise` this is :math:`\sin^{2k}(\pi t / 2)` (Heinonen et al., AISTATS 2025).

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
        alpha, sigma = noise(t)
        # Not through snr, which is infinite where there is no noise.
        return (sigma / torch.hypot(alpha, sigma)) ** (2 * self.k)


def _check_power(k: float) -> None:
    if not 0 < k < math.inf:
        raise ValueError(f"the label's exponent k must be positive and finite, got {k}")
