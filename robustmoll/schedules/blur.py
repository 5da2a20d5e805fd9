r"""Blur schedules: t to a standard deviation in pixels."""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

from torch import Tensor

from robustmoll.schedules.geometric import geometric

__all__ = ["BlurSchedule", "LogBlur"]


class BlurSchedule(ABC):
    """A function sigma(t), the blur's standard deviation in pixels; a new schedule defines two methods."""

    @abstractmethod
    def sigma(self, t: Tensor, width: int) -> Tensor:
        """The blur at t for images of that width, in pixels, shaped as t."""

    @abstractmethod
    def largest(self, width: int) -> float:
        """The largest of these, a plain number: by it convolutions choose their kernels."""


@dataclass(frozen=True)
class LogBlur(BlurSchedule):
    r"""Blur on a log scale, :math:`\sigma(t) = \sigma_{min}^{1 - t} \sigma_{max}^t`, in pixels.

    Heinonen et al. (AISTATS 2025) after Rissanen et al. (ICLR 2023).

    Args:
        sigma_min: sigma at t = 0 in pixels, > 0.
        sigma_max: sigma at t = 1 in pixels, greater than `sigma_min`; None takes the image's width.

    Raises:
        ValueError: If an argument is out of its range.

    Example:
        >>> import torch
        >>> LogBlur().sigma(torch.tensor([0.0, 0.5, 1.0]), width=32)
        tensor([ 0.3000,  3.0984, 32.0000])
    """

    sigma_min: float = 0.3
    sigma_max: float | None = None

    def __post_init__(self) -> None:
        if not 0 < self.sigma_min < (math.inf if self.sigma_max is None else self.sigma_max):
            raise ValueError(f"LogBlur needs 0 < sigma_min < sigma_max, got {self}")

    def sigma(self, t: Tensor, width: int) -> Tensor:
        return geometric(self.sigma_min, self.largest(width), t)

    def largest(self, width: int) -> float:
        return self.sigma_max or width
