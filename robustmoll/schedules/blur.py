r"""Blur schedules: t to a standard deviation in pixels."""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

from torch import Tensor

from robustmoll.schedules.geometric import geometric

__all__ = ["BlurSchedule", "LogBlur"]


class BlurSchedule(ABC):
    """A function sigma(t), the blur's standard deviation in pixels; a new schedule defines two methods."""

    def __call__(self, t: Tensor, width: int) -> Tensor:
        """Returns sigma(t), see there."""
        return self.sigma(t, width)

    @abstractmethod
    def sigma(self, t: Tensor, width: int) -> Tensor:
        """The blur at t for images of that width, in pixels, shaped as t."""

    @abstractmethod
    def largest(self, width: int) -> float:
        """The largest sigma of any t, a plain number; it fixes the kernel size of `GaussianBlur`."""


@dataclass(frozen=True)
class LogBlur(BlurSchedule):
    r"""Blur on a log scale, :math:`\sigma(t) = \sigma_{min}^{1 - t} \sigma_{max}^t`, in pixels.

    Heinonen et al. (AISTATS 2025) after Rissanen et al. (ICLR 2023).

    Args:
        sigma_min: sigma at t = 0 in pixels, > 0.
        sigma_max: sigma at t = 1 in pixels, greater than `sigma_min`; None takes the image's width.

    Raises:
        ValueError: If an argument is out of its range, or the image is no wider than `sigma_min`.

    Example:
        >>> import torch
        >>> LogBlur().sigma(torch.tensor([0.0, 0.5, 1.0]), width=32)
        tensor([ 0.3000,  3.0984, 32.0000])
    """

    sigma_min: float = 0.3
    sigma_max: float | None = None

    def __post_init__(self) -> None:
        if not (0 < self.sigma_min < math.inf and (self.sigma_max is None or self.sigma_max < math.inf)):
            raise ValueError(f"LogBlur needs finite sigma_min > 0 and sigma_max, got {self}")
        if self.sigma_max is not None and self.sigma_max <= self.sigma_min:
            raise ValueError(f"LogBlur needs sigma_min < sigma_max, got {self}")

    def sigma(self, t: Tensor, width: int) -> Tensor:
        return geometric(self.sigma_min, self.largest(width), t)

    def largest(self, width: int) -> float:
        if self.sigma_max is None and width <= self.sigma_min:
            raise ValueError(f"LogBlur blurs from sigma_min={self.sigma_min} to the image's width, got {width} pixels")
        return self.sigma_max or width
