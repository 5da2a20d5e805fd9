"""Time sources: where the degradation time t comes from.

A source is sampled with `source.sample(n, generator, step)` and returns n times in [0, 1] as float32 on the CPU: a few
numbers a batch, drawn where every device sees the same ones. Sources that do not depend on chance ignore the
generator, sources that do not depend on training progress ignore the step.
"""

from abc import ABC, abstractmethod

import torch
from torch import Generator, Tensor

__all__ = ["Annealed", "Beta", "Fixed", "Time", "Uniform"]


class Time(ABC):
    """A source of times; a new one defines `sample`, and `density` if it has one."""

    @abstractmethod
    def sample(self, n: int, generator: Generator | None = None, step: int = 0) -> Tensor:
        """Returns n times, shape (n,), float32, in [0, 1], on the CPU."""


class Beta(Time):
    r"""t ~ Beta(a, b). The default, Beta(1, 2) with density 2 (1 - t), favours mild degradation.

    Heinonen et al. (AISTATS 2025). Beta(1, b) and Beta(a, 1) are drawn by inversion, others as a ratio of Gammas.

    Args:
        a: First shape parameter, > 0; a large one moves the mass to t = 1.
        b: Second shape parameter, > 0; a large one moves the mass to t = 0.

    Raises:
        ValueError: If a shape parameter is not positive.
    """

    def __init__(self, a: float = 1.0, b: float = 2.0) -> None:
        if not (a > 0 and b > 0):
            raise ValueError(f"Beta needs a > 0 and b > 0, got {a=}, {b=}")
        self.a, self.b = a, b

    def sample(self, n: int, generator: Generator | None = None, step: int = 0) -> Tensor:
        if self.a == 1:
            return 1 - torch.rand(n, generator=generator) ** (1 / self.b)
        if self.b == 1:
            return torch.rand(n, generator=generator) ** (1 / self.a)
        # torch.distributions.Beta takes no generator; its own kernel does. In double, as a small shape underflows.
        shapes = torch.tensor([[self.a], [self.b]], dtype=torch.float64).expand(2, n)
        first, second = torch._standard_gamma(shapes, generator=generator)
        return (first / (first + second)).float()


class Uniform(Time):
    """t ~ U(0, 1)."""

    def sample(self, n: int, generator: Generator | None = None, step: int = 0) -> Tensor:
        return torch.rand(n, generator=generator)


class Fixed(Time):
    """The same t for every image.

    Args:
        t: The time, in [0, 1].

    Raises:
        ValueError: If t lies outside [0, 1] or is NaN.
    """

    def __init__(self, t: float) -> None:
        if not 0 <= t <= 1:
            raise ValueError(f"Fixed needs t in [0, 1], got {t}")
        self.t = t

    def sample(self, n: int, generator: Generator | None = None, step: int = 0) -> Tensor:
        return torch.full((n,), self.t)


class Annealed(Time):
    r"""t falls from 1 to 0 while training goes on: :math:`t = (1 - \mathrm{step} / \mathrm{steps})^{shape}`, then 0.

    Args:
        steps: Number of steps after which t is 0, at least 1.
        shape: Exponent, > 0. Above 1, t falls fast at first.

    Raises:
        ValueError: If an argument is out of its range, or a step is negative.

    Example:
        >>> [Annealed(steps=4).at(step) for step in range(6)]
        [1.0, 0.75, 0.5, 0.25, 0.0, 0.0]
    """

    def __init__(self, steps: int, shape: float = 1.0) -> None:
        if steps < 1 or not shape > 0:
            raise ValueError(f"Annealed needs steps >= 1 and shape > 0, got {steps=}, {shape=}")
        self.steps, self.shape = steps, shape

    def at(self, step: int) -> float:
        """Returns the time at `step`, counted from 0."""
        if step < 0:
            raise ValueError(f"step counts from 0, got {step}")
        return max(0.0, 1 - step / self.steps) ** self.shape

    def sample(self, n: int, generator: Generator | None = None, step: int = 0) -> Tensor:
        return torch.full((n,), self.at(step))
