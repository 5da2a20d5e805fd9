"""Time sources: where the degradation time t comes from.

A source is sampled with `source.sample(n, generator, step)` and returns n times in [0, 1] as float32 on the CPU: a few
numbers a batch, drawn where every device sees the same ones. Sources that do not depend on chance ignore the
generator, sources that do not depend on training progress ignore the step.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

__all__ = ["Annealed", "Beta", "Fixed", "Time", "Uniform"]


class Time(ABC):
    """A source of times; a new one defines `sample`."""

    @abstractmethod
    def sample(self, n: int, generator: Generator | None = None, step: int | None = None) -> Tensor:
        """Returns n times.

        Args:
            n: How many.
            generator: On the CPU; None takes PyTorch's own, which `torch.manual_seed` seeds.
            step: Training step, counted from 0; None if the caller has not told it.

        Returns:
            Times in [0, 1], shape (n,), float32, on the CPU.
        """


@dataclass(frozen=True)
class Beta(Time):
    r"""t ~ Beta(a, b). The default, Beta(1, 2) with density 2 (1 - t), favours mild degradation.

    Heinonen et al. (AISTATS 2025). Beta(1, b) and Beta(a, 1) are drawn by inversion, others as a ratio of Gammas.

    Args:
        a: First shape parameter, > 0; a large one moves the mass to t = 1.
        b: Second shape parameter, > 0; a large one moves the mass to t = 0.

    Raises:
        ValueError: If a shape parameter is not positive and finite.
    """

    a: float = 1.0
    b: float = 2.0

    def __post_init__(self) -> None:
        if not (0 < self.a < float("inf") and 0 < self.b < float("inf")):
            raise ValueError(f"Beta needs finite a > 0 and b > 0, got {self}")

    def sample(self, n: int, generator: Generator | None = None, step: int | None = None) -> Tensor:
        if self.a == 1:
            return 1 - _rand(n, generator) ** (1 / self.b)
        if self.b == 1:
            return _rand(n, generator) ** (1 / self.a)
        # torch.distributions.Beta takes no generator; its own kernel does. In double, as a small shape underflows.
        shapes = torch.tensor([[self.a], [self.b]], dtype=torch.float64, device="cpu").expand(2, n)
        first, second = torch._standard_gamma(shapes, generator=generator)
        return (first / (first + second)).float()


@dataclass(frozen=True)
class Uniform(Time):
    """t ~ U(0, 1)."""

    def sample(self, n: int, generator: Generator | None = None, step: int | None = None) -> Tensor:
        return _rand(n, generator)


@dataclass(frozen=True)
class Fixed(Time):
    """The same t for every image.

    Args:
        t: The time, in [0, 1].

    Raises:
        ValueError: If t lies outside [0, 1] or is NaN.
    """

    t: float

    def __post_init__(self) -> None:
        if not 0 <= self.t <= 1:
            raise ValueError(f"Fixed needs t in [0, 1], got {self}")

    def sample(self, n: int, generator: Generator | None = None, step: int | None = None) -> Tensor:
        return _full(n, self.t)


@dataclass(frozen=True)
class Annealed(Time):
    r"""t falls from 1 to 0 while training goes on: :math:`t = (1 - \mathrm{step} / \mathrm{steps})^{shape}`, then 0.

    Args:
        steps: Number of steps after which t is 0, at least 1.
        shape: Exponent, > 0. Above 1, t falls fast at first.
        spread: Each sample's t is uniform within this distance of the step's, so far as that lies in [0, 1]; >= 0.
            Once t is 0, it is 0 for all.

    Raises:
        ValueError: If an argument is out of its range; when sampled, if the step is negative or not told.

    Example:
        >>> [Annealed(steps=4).at(step) for step in range(6)]
        [1.0, 0.75, 0.5, 0.25, 0.0, 0.0]
    """

    steps: int
    shape: float = 1.0
    spread: float = 0.0

    def __post_init__(self) -> None:
        if not (self.steps >= 1 and 0 < self.shape < float("inf") and 0 <= self.spread <= 1):
            raise ValueError(f"Annealed needs steps >= 1, a finite shape > 0 and spread in [0, 1], got {self}")

    def at(self, step: int) -> float:
        """Returns the time at `step`, counted from 0.

        Raises:
            ValueError: If it is negative.
        """
        if step is None or not step >= 0:  # never true of NaN
            raise ValueError(f"step counts from 0, got {step}")
        return max(0.0, 1 - step / self.steps) ** self.shape

    def sample(self, n: int, generator: Generator | None = None, step: int | None = None) -> Tensor:
        return self.sample_on(torch.device("cpu"), n, generator, step)

    def sample_on(
        self, device: torch.device, n: int, generator: Generator | None = None, step: int | None = None
    ) -> Tensor:
        """As `sample`, but on a device, where the generator must be too."""
        if step is None:
            raise ValueError("annealed times need to know the training step; tell it, as in mollify(x, y, step=step)")
        level = self.at(step)
        low, high = (level, level) if level == 0 else (max(0.0, level - self.spread), min(1.0, level + self.spread))
        t = torch.full((n,), low, dtype=torch.float32, device=device)
        if high > low:
            t += (high - low) * torch.rand(n, generator=generator, dtype=torch.float32, device=device)
        return t.clamp_(max=1)


# Dtype and device are named, as a user may have changed PyTorch's defaults.
def _rand(n: int, generator: Generator | None) -> Tensor:
    return torch.rand(n, generator=generator, dtype=torch.float32, device="cpu")


def _full(n: int, t: float) -> Tensor:
    return torch.full((n,), t, dtype=torch.float32, device="cpu")
