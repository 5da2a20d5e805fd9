r"""Schedules: pure functions of the degradation time t.

t runs from data to noise: t = 0 is the clean image and t = 1 the fully degraded one. Three kinds of schedule map t
to a strength:

- a *noise schedule* gives :math:`\alpha(t), \sigma(t)` of :math:`x_t = \alpha x + \sigma \epsilon`, with
  :math:`\epsilon \sim N(0, I)`, and the signal-to-noise ratio :math:`\mathrm{snr}(t) = \alpha^2 / \sigma^2`;
- a *blur schedule* gives the blur's standard deviation :math:`\sigma(t)` in pixels;
- a *label schedule* gives :math:`\gamma(t) \in [0, 1]`, the share of a label's certainty that is lost at t.

All are element-wise, keep shape, dtype and device of t, are differentiable in t, and meet their values at t = 0 and
t = 1 exactly: where a textbook form would leave a rounding error there (cos(pi/2) is not 0 in floating point), an
equal form is used that does not.
"""

import math
from abc import ABC, abstractmethod

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


class LinearNoise(NoiseSchedule):
    r"""Variance-preserving, the noise's variance linear in t: :math:`\alpha = \sqrt{1 - t}`, :math:`\sigma = \sqrt{t}`."""

    def alpha(self, t: Tensor) -> Tensor:
        return torch.sqrt(1 - t)

    def sigma(self, t: Tensor) -> Tensor:
        return torch.sqrt(t)


class SigmoidNoise(NoiseSchedule):
    r"""Variance-preserving sigmoid annealing of the noise's variance g.

    .. math:: \alpha = \sqrt{1 - g}, \quad \sigma = \sqrt{g}, \quad
        g(p) = \frac{v(e) - v(s + p (e - s))}{v(e) - v(s)}, \quad v(u) = \mathrm{sigmoid}(u / \tau)

    with training progress :math:`p = 1 - t`, from start s to end e (Tran et al., NeurIPS 2023).

    Args:
        start: Where on the sigmoid the training starts.
        end: Where it ends, greater than `start`.
        tau: Temperature, > 0. A small one makes the noise fall early.
        clip: The least g, in [0, 1).

    Raises:
        ValueError: If an argument is out of its range.
    """

    def __init__(self, start: float = 0.0, end: float = 3.0, tau: float = 0.7, clip: float = 1e-9) -> None:
        if not (end > start and tau > 0 and 0 <= clip < 1):
            raise ValueError(
                f"SigmoidNoise needs start < end, tau > 0 and 0 <= clip < 1, got {start=}, {end=}, {tau=}, {clip=}"
            )
        self.start, self.end, self.tau, self.clip = start, end, tau, clip

    def _signal(self, t: Tensor) -> Tensor:
        """1 - g before clipping. The same arithmetic for v(t) and its ends makes it 0 and 1 there to the last bit."""
        low, high, v = (
            torch.sigmoid(u / self.tau)
            for u in (torch.full_like(t, self.start), torch.full_like(t, self.end), t * self.start + (1 - t) * self.end)
        )
        return (v - low) / (high - low)

    def alpha(self, t: Tensor) -> Tensor:
        return torch.sqrt(self._signal(t).clamp(max=1 - self.clip))

    def sigma(self, t: Tensor) -> Tensor:
        return torch.sqrt((1 - self._signal(t)).clamp(min=self.clip))


class VP(NoiseSchedule):
    r"""Variance-preserving diffusion, :math:`\alpha = e^{-t^2 (b_1 - b_0)/4 - t b_0/2}`, :math:`\sigma^2 = 1 - \alpha^2`.

    Song et al. (ICLR 2021), equation 33.

    Args:
        beta_min: b_0, the diffusion's rate at t = 0, > 0.
        beta_max: b_1, its rate at t = 1, at least `beta_min`.

    Raises:
        ValueError: If an argument is out of its range.
    """

    def __init__(self, beta_min: float = 0.1, beta_max: float = 20.0) -> None:
        if not 0 < beta_min <= beta_max:
            raise ValueError(f"{type(self).__name__} needs 0 < beta_min <= beta_max, got {beta_min=}, {beta_max=}")
        self.beta_min, self.beta_max = beta_min, beta_max

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


class VE(NoiseSchedule):
    r"""Variance-exploding diffusion, :math:`\alpha = 1`, :math:`\sigma = \sigma_0^{1 - t} \sigma_1^t`.

    Song et al. (ICLR 2021), equation 31, as their code has it: without the small term that would make sigma(0) = 0.

    Args:
        sigma_min: sigma at t = 0, > 0.
        sigma_max: sigma at t = 1, greater than `sigma_min`.

    Raises:
        ValueError: If an argument is out of its range.
    """

    def __init__(self, sigma_min: float = 0.01, sigma_max: float = 50.0) -> None:
        if not 0 < sigma_min < sigma_max:
            raise ValueError(f"VE needs 0 < sigma_min < sigma_max, got {sigma_min=}, {sigma_max=}")
        self.sigma_min, self.sigma_max = sigma_min, sigma_max

    def alpha(self, t: Tensor) -> Tensor:
        return torch.ones_like(t)

    def sigma(self, t: Tensor) -> Tensor:
        return _geometric(self.sigma_min, self.sigma_max, t)


class BlurSchedule(ABC):
    """A function sigma(t), the blur's standard deviation in pixels; a new schedule defines this one."""

    @abstractmethod
    def sigma(self, t: Tensor, width: int) -> Tensor:
        """The blur at t for images of that width, in pixels, shaped as t."""


class LogBlur(BlurSchedule):
    r"""Blur on a log scale, :math:`\sigma(t) = \sigma_{min}^{1 - t} \sigma_{max}^t`, in pixels.

    Heinonen et al. (AISTATS 2025) after Rissanen et al. (ICLR 2023).

    Args:
        sigma_min: sigma at t = 0 in pixels, > 0.
        sigma_max: sigma at t = 1 in pixels; None takes the image's width.

    Raises:
        ValueError: If an argument is out of its range.

    Example:
        >>> LogBlur().sigma(torch.tensor([0.0, 0.5, 1.0]), width=32)
        tensor([ 0.3000,  3.0984, 32.0000])
    """

    def __init__(self, sigma_min: float = 0.3, sigma_max: float | None = None) -> None:
        if not 0 < sigma_min < (math.inf if sigma_max is None else sigma_max):
            raise ValueError(f"LogBlur needs 0 < sigma_min < sigma_max, got {sigma_min=}, {sigma_max=}")
        self.sigma_min, self.sigma_max = sigma_min, sigma_max

    def sigma(self, t: Tensor, width: int) -> Tensor:
        return _geometric(self.sigma_min, self.sigma_max or width, t)


class LabelSchedule(ABC):
    """A function gamma(t) in [0, 1] with gamma(0) = 0 and gamma(1) = 1; a new one defines `__call__`."""

    @abstractmethod
    def __call__(self, t: Tensor, noise: NoiseSchedule | None = None) -> Tensor:
        """Returns gamma(t), shaped as t; `noise` is the schedule of the noise it accompanies, if it is noise."""


class PowerLabel(LabelSchedule):
    r"""Power of time, :math:`\gamma = t^k` (Heinonen et al., AISTATS 2025; there for blur, with k = 1).

    Args:
        k: Exponent, > 0. A large one keeps labels sharp for longer.

    Raises:
        ValueError: If k is not positive.
    """

    def __init__(self, k: float = 1.0) -> None:
        self.k = _positive_power(k)

    def __call__(self, t: Tensor, noise: NoiseSchedule | None = None) -> Tensor:
        return t**self.k


class SnrLabel(LabelSchedule):
    r"""The noise's share of the power, :math:`\gamma = (1 + \mathrm{snr})^{-k} = (\sigma^2 / (\alpha^2 + \sigma^2))^k`.

    For :class:`CosineNoise` this is :math:`\sin^{2k}(\pi t / 2)` (Heinonen et al., AISTATS 2025).

    Args:
        k: Exponent, > 0. A large one keeps labels sharp for longer.

    Raises:
        ValueError: If k is not positive, or, when called, if there is no noise whose ratio could be taken.
    """

    def __init__(self, k: float = 1.0) -> None:
        self.k = _positive_power(k)

    def __call__(self, t: Tensor, noise: NoiseSchedule | None = None) -> Tensor:
        if noise is None:
            raise ValueError("SnrLabel needs a noise schedule and got none; for a blur use PowerLabel")
        alpha, sigma = noise(t)
        # Not through snr: that is infinite at sigma = 0, and its gradient undefined.
        return (sigma.square() / (alpha.square() + sigma.square())) ** self.k


def _geometric(low: float, high: float, t: Tensor) -> Tensor:
    """low^(1 - t) high^t: equal to low at t = 0 and to high at t = 1 without rounding."""
    return torch.pow(low, 1 - t) * torch.pow(high, t)


def _positive_power(k: float) -> float:
    if not 0 < k < math.inf:
        raise ValueError(f"the label's exponent k must be positive and finite, got {k}")
    return k
