r"""Schedules: pure functions of the degradation time t.

t runs from data to noise: t = 0 is the clean image and t = 1 the fully degraded one. Three kinds of schedule map t
to a strength:

- a *noise schedule* gives :math:`\alpha(t), \sigma(t)` of :math:`x_t = \alpha x + \sigma \epsilon`, with
  :math:`\epsilon \sim N(0, I)`, and the signal-to-noise ratio :math:`\mathrm{snr}(t) = \alpha^2 / \sigma^2`;
- a *blur schedule* gives the blur's standard deviation :math:`\sigma(t)` in pixels;
- a *label schedule* gives :math:`\gamma(t) \in [0, 1]`, the share of a label's certainty that is lost at t.

All are element-wise, keep shape, dtype and device of t, and meet their values at t = 0 and t = 1 exactly: where a
textbook form would leave a rounding error there (cos(pi/2) is not 0 in floating point), an equal form is used that does
not. They are differentiable in t; a root's slope at 0 is infinite, in the formula as in PyTorch.
"""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = [
    "VE",
    "VP",
    "BlurSchedule",
    "CosineNoise",
    "LabelSchedule",
    "LinearNoise",
    "LogBlur",
    "NoiseSchedule",
    "PowerLabel",
    "SigmoidNoise",
    "SnrLabel",
    "SubVP",
]


class NoiseSchedule(ABC):
    """A pair of functions alpha(t), sigma(t); a new schedule defines these two."""

    @abstractmethod
    def alpha(self, t: Tensor) -> Tensor:
        """What is left of the signal at t."""

    @abstractmethod
    def sigma(self, t: Tensor) -> Tensor:
        """The standard deviation of the noise at t, in units of the data's."""

    def __call__(self, t: Tensor) -> tuple[Tensor, Tensor]:
        """Returns alpha(t) and sigma(t), each shaped as t."""
        return self.alpha(t), self.sigma(t)

    def snr(self, t: Tensor) -> Tensor:
        """Returns alpha(t)^2 / sigma(t)^2, infinite where there is no noise."""
        alpha, sigma = self(t)
        return (alpha / sigma).square()


@dataclass(frozen=True)
class CosineNoise(NoiseSchedule):
    r"""Variance-preserving quarter circle, :math:`\alpha = \cos(\pi t / 2)`, :math:`\sigma = \sin(\pi t / 2)`.

    The schedule of supervised mollification (Heinonen et al., AISTATS 2025).

    Example:
        >>> alpha, sigma = CosineNoise()(torch.tensor([0.0, 0.5, 1.0]))
        >>> alpha
        tensor([1.0000, 0.7071, 0.0000])
    """

    def alpha(self, t: Tensor) -> Tensor:
        return torch.sin(math.pi / 2 * (1 - t))

    def sigma(self, t: Tensor) -> Tensor:
        return torch.sin(math.pi / 2 * t)


@dataclass(frozen=True)
class LinearNoise(NoiseSchedule):
    r"""Variance-preserving, noise variance linear in t: :math:`\alpha = \sqrt{1 - t}`, :math:`\sigma = \sqrt{t}`."""

    def alpha(self, t: Tensor) -> Tensor:
        return torch.sqrt(1 - t)

    def sigma(self, t: Tensor) -> Tensor:
        return torch.sqrt(t)


@dataclass(frozen=True)
class SigmoidNoise(NoiseSchedule):
    r"""Variance-preserving sigmoid annealing of the noise's variance g.

    .. math:: \alpha = \sqrt{1 - g}, \quad \sigma = \sqrt{g}, \quad
        g = \frac{v(e) - v(u)}{v(e) - v(s)}, \quad u = t s + (1 - t) e, \quad v(u) = \mathrm{sigmoid}(u / \tau)

    from start s to end e, 1 - t being the training progress (Tran et al., NeurIPS 2023).

    Args:
        start: Where on the sigmoid the training starts, at t = 1.
        end: Where it ends, at t = 0; greater than `start`.
        tau: Temperature, > 0. A small one makes the noise fall early.
        clip: The least g, in [0, 1).

    Raises:
        ValueError: If an argument is out of its range.
    """

    start: float = 0.0
    end: float = 3.0
    tau: float = 0.7
    clip: float = 1e-9

    def __post_init__(self) -> None:
        if not (self.start < self.end and self.tau > 0 and 0 <= self.clip < 1):
            raise ValueError(f"SigmoidNoise needs start < end, tau > 0 and 0 <= clip < 1, got {self}")

    def alpha(self, t: Tensor) -> Tensor:
        # sigmoid(-u) = 1 - sigmoid(u): the signal's share is the noise's, seen from the other end.
        share = _sigmoid_share(1 - t, -self.end / self.tau, -self.start / self.tau)
        return torch.sqrt(share.clamp(max=1 - self.clip))

    def sigma(self, t: Tensor) -> Tensor:
        return torch.sqrt(_sigmoid_share(t, self.start / self.tau, self.end / self.tau).clamp(min=self.clip))


@dataclass(frozen=True)
class VP(NoiseSchedule):
    r"""Variance-preserving diffusion, :math:`\alpha = e^{-t^2 (b_1 - b_0)/4 - t b_0/2}, \sigma^2 = 1 - \alpha^2`.

    Song et al. (ICLR 2021), equation 33.

    Args:
        beta_min: b_0, the diffusion's rate at t = 0, > 0.
        beta_max: b_1, its rate at t = 1, at least `beta_min`.

    Raises:
        ValueError: If an argument is out of its range.
    """

    beta_min: float = 0.1
    beta_max: float = 20.0

    def __post_init__(self) -> None:
        if not 0 < self.beta_min <= self.beta_max < math.inf:
            raise ValueError(f"{type(self).__name__} needs 0 < beta_min <= beta_max, got {self}")

    def _log_alpha(self, t: Tensor) -> Tensor:
        return -t.square() * (self.beta_max - self.beta_min) / 4 - t * self.beta_min / 2

    def alpha(self, t: Tensor) -> Tensor:
        return torch.exp(self._log_alpha(t))

    def sigma(self, t: Tensor) -> Tensor:
        return torch.sqrt(-torch.expm1(2 * self._log_alpha(t)))


class SubVP(VP):
    r"""Sub-variance-preserving diffusion, :math:`\alpha` as in :class:`VP` and :math:`\sigma = 1 - \alpha^2`.

    Song et al. (ICLR 2021), equation 29. Arguments as for :class:`VP`.
    """

    def sigma(self, t: Tensor) -> Tensor:
        return -torch.expm1(2 * self._log_alpha(t))


@dataclass(frozen=True)
class VE(NoiseSchedule):
    r"""Variance-exploding diffusion, :math:`\alpha = 1`, :math:`\sigma = \sigma_0^{1 - t} \sigma_1^t`.

    Song et al. (ICLR 2021), equation 31, as their code has it: without the small term that would make sigma(0) = 0.

    Args:
        sigma_min: sigma at t = 0, > 0.
        sigma_max: sigma at t = 1, greater than `sigma_min`.

    Raises:
        ValueError: If an argument is out of its range.
    """

    sigma_min: float = 0.01
    sigma_max: float = 50.0

    def __post_init__(self) -> None:
        if not 0 < self.sigma_min < self.sigma_max < math.inf:
            raise ValueError(f"VE needs 0 < sigma_min < sigma_max, got {self}")

    def alpha(self, t: Tensor) -> Tensor:
        return torch.ones_like(t)

    def sigma(self, t: Tensor) -> Tensor:
        return _geometric(self.sigma_min, self.sigma_max, t)


class BlurSchedule(ABC):
    """A function sigma(t), the blur's standard deviation in pixels; a new schedule defines this one."""

    @abstractmethod
    def sigma(self, t: Tensor, width: int) -> Tensor:
        """The blur at t for images of that width, in pixels, shaped as t."""


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
        >>> LogBlur().sigma(torch.tensor([0.0, 0.5, 1.0]), width=32)
        tensor([ 0.3000,  3.0984, 32.0000])
    """

    sigma_min: float = 0.3
    sigma_max: float | None = None

    def __post_init__(self) -> None:
        if not 0 < self.sigma_min < (math.inf if self.sigma_max is None else self.sigma_max):
            raise ValueError(f"LogBlur needs 0 < sigma_min < sigma_max, got {self}")

    def sigma(self, t: Tensor, width: int) -> Tensor:
        return _geometric(self.sigma_min, self.sigma_max or width, t)


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


def _geometric(low: float, high: float, t: Tensor) -> Tensor:
    """low^(1 - t) high^t: equal to low at t = 0 and to high at t = 1 without rounding."""
    return torch.pow(low, 1 - t) * torch.pow(high, t)


def _sigmoid_share(t: Tensor, start: float, end: float) -> Tensor:
    r"""(v(end) - v(u)) / (v(end) - v(start)) with v the sigmoid and u = t start + (1 - t) end.

    As :math:`v(b) - v(a) = (1 - e^{a - b}) v(b) v(-a)`, no close numbers need be subtracted. The same arithmetic for
    numerator and denominator makes the quotient 1 at t = 1 to the last bit.
    """

    def gap(t: Tensor) -> Tensor:
        return torch.expm1(t * (start - end)) * torch.sigmoid(-t * start - (1 - t) * end)

    return gap(t) / gap(torch.ones_like(t))


def _check_power(k: float) -> None:
    if not 0 < k < math.inf:
        raise ValueError(f"the label's exponent k must be positive and finite, got {k}")
