r"""Noise schedules: t to the signal's share alpha and the noise's standard deviation sigma."""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor

from robustmoll.schedules.geometric import geometric

__all__ = ["VE", "VP", "ConstantNoise", "CosineNoise", "LinearNoise", "NoiseSchedule", "SigmoidNoise", "SubVP"]


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

    def noise_share(self, t: Tensor) -> Tensor:
        """Returns the noise's share of the power, sigma^2 / (alpha^2 + sigma^2) = 1 / (1 + snr)."""
        alpha, sigma = self(t)
        return (sigma / torch.hypot(alpha, sigma)).square()  # not through snr, which may be infinite


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

    def noise_share(self, t: Tensor) -> Tensor:
        return self.sigma(t).square()


@dataclass(frozen=True)
class LinearNoise(NoiseSchedule):
    r"""Variance-preserving, noise variance linear in t: :math:`\alpha = \sqrt{1 - t}`, :math:`\sigma = \sqrt{t}`."""

    def alpha(self, t: Tensor) -> Tensor:
        return torch.sqrt(1 - t)

    def sigma(self, t: Tensor) -> Tensor:
        return torch.sqrt(t)

    def noise_share(self, t: Tensor) -> Tensor:
        return t.clone()


@dataclass(frozen=True)
class ConstantNoise(NoiseSchedule):
    r"""Noise of one variance g, :math:`\alpha = \sqrt{1 - g}, \sigma = \sqrt{g}` at any t: the baseline of annealing.

    Args:
        g: The noise's variance, in (0, 1).

    Raises:
        ValueError: If g is out of its range.
    """

    g: float = 0.1

    def __post_init__(self) -> None:
        if not 0 < self.g < 1:
            raise ValueError(f"ConstantNoise needs g in (0, 1), got {self}")

    def alpha(self, t: Tensor) -> Tensor:
        return torch.full_like(t, math.sqrt(1 - self.g))

    def sigma(self, t: Tensor) -> Tensor:
        return torch.full_like(t, math.sqrt(self.g))


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
        finite = all(map(math.isfinite, (self.start, self.end, self.tau)))
        if not (finite and self.start < self.end and self.tau > 0 and 0 <= self.clip < 1):
            raise ValueError(f"SigmoidNoise needs finite start < end, tau > 0 and 0 <= clip < 1, got {self}")

    def alpha(self, t: Tensor) -> Tensor:
        # sigmoid(-u) = 1 - sigmoid(u): the signal's share is the noise's, seen from the other end.
        share = _sigmoid_share(1 - t, -self.end / self.tau, -self.start / self.tau)
        return torch.sqrt(share.clamp(max=1 - self.clip))

    def sigma(self, t: Tensor) -> Tensor:
        return torch.sqrt(self.noise_share(t))

    def noise_share(self, t: Tensor) -> Tensor:
        return _sigmoid_share(t, self.start / self.tau, self.end / self.tau).clamp(min=self.clip)


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
        return torch.sqrt(self.noise_share(t))

    def noise_share(self, t: Tensor) -> Tensor:
        return -torch.expm1(2 * self._log_alpha(t))


class SubVP(VP):
    r"""Sub-variance-preserving diffusion, :math:`\alpha` as in :class:`VP` and :math:`\sigma = 1 - \alpha^2`.

    Song et al. (ICLR 2021), equation 29. Arguments as for :class:`VP`.
    """

    noise_share = NoiseSchedule.noise_share  # the powers of signal and noise do not sum to 1 here

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
        return geometric(self.sigma_min, self.sigma_max, t)


def _sigmoid_share(t: Tensor, start: float, end: float) -> Tensor:
    r"""(v(end) - v(u)) / (v(end) - v(start)) with v the sigmoid and u = t start + (1 - t) end.

    As :math:`v(b) - v(a) = (1 - e^{a - b}) v(b) v(-a)`, no close numbers need be subtracted. The same arithmetic for
    numerator and denominator makes the quotient 1 at t = 1 to the last bit.
    """

    def gap(t: Tensor) -> Tensor:
        return torch.expm1(t * (start - end)) * torch.sigmoid(-t * start - (1 - t) * end)

    return gap(t) / gap(torch.ones_like(t))
