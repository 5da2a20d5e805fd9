"""Densities in the plane that can be looked at: mass in low dimension, with gaps between."""

from abc import abstractmethod
from typing import Any

import numpy as np
from numpy.random import Generator, default_rng
from numpy.typing import NDArray

from robustmoll.data.tables.table_set import Table, Values

__all__ = ["GaussianRing", "Moons", "VonMisesRing"]


class _Toy(Table):
    """Points that are drawn anew, always the same for a seed."""

    def __init__(self, name: str, n: int, seed: int, test_fraction: float) -> None:
        super().__init__(shuffle=False, test_fraction=test_fraction)
        if n < 2:
            raise ValueError(f"{name} needs at least 2 points, got {n=}")
        self.name, self.n, self.seed = name, n, seed

    @abstractmethod
    def draw(self, rng: Generator) -> NDArray[np.float64]:
        """Returns n points of the plane, independent of each other, shape (n, 2)."""

    def read(self) -> Values:
        return Values(self.name, ("x", "y"), self.draw(default_rng(self.seed)))


class GaussianRing(_Toy):
    """A mixture of round Gaussians whose means lie on a circle of radius 1.

    Args:
        modes: Number of Gaussians, of equal weight, at least 1.
        std: Of each, > 0.
        n: Number of points.
        seed: Of their draw.
        test_fraction: Share of the points held out for the test, in (0, 1).

    Raises:
        ValueError: If an argument is out of its range.
    """

    def __init__(
        self, modes: int = 8, std: float = 0.1, n: int = 10_000, seed: int = 0, test_fraction: float = 0.1
    ) -> None:
        super().__init__("gaussian_ring", n, seed, test_fraction)
        if modes < 1 or not std > 0:
            raise ValueError(f"GaussianRing needs modes >= 1 and std > 0, got {modes=}, {std=}")
        self.modes, self.std = modes, std

    def draw(self, rng: Generator) -> NDArray[np.float64]:
        angles = 2 * np.pi / self.modes * rng.integers(self.modes, size=self.n)
        return _circle(angles) + self.std * rng.standard_normal((self.n, 2))


class VonMisesRing(_Toy):
    """A ring of radius 1 whose angle is von Mises distributed: mass on a curve, dense on one side.

    Args:
        kappa: Concentration of the angle around 0, >= 0; 0 spreads it evenly.
        std: Standard deviation of the radius, > 0.
        n: Number of points.
        seed: Of their draw.
        test_fraction: Share of the points held out for the test, in (0, 1).

    Raises:
        ValueError: If an argument is out of its range.
    """

    def __init__(
        self, kappa: float = 1.0, std: float = 0.05, n: int = 10_000, seed: int = 0, test_fraction: float = 0.1
    ) -> None:
        super().__init__("von_mises_ring", n, seed, test_fraction)
        if not (kappa >= 0 and std > 0):
            raise ValueError(f"VonMisesRing needs kappa >= 0 and std > 0, got {kappa=}, {std=}")
        self.kappa, self.std = kappa, std

    def draw(self, rng: Generator) -> NDArray[np.float64]:
        angles = rng.vonmises(0.0, self.kappa, self.n)
        return _circle(angles) * (1 + self.std * rng.standard_normal((self.n, 1)))


class Moons(_Toy):
    """Two interleaving half circles.

    Args:
        std: Standard deviation of the noise around them, > 0.
        n: Number of points.
        seed: Of their draw.
        test_fraction: Share of the points held out for the test, in (0, 1).

    Raises:
        ValueError: If an argument is out of its range.
    """

    def __init__(self, std: float = 0.05, n: int = 10_000, seed: int = 0, test_fraction: float = 0.1) -> None:
        super().__init__("moons", n, seed, test_fraction)
        if not std > 0:
            raise ValueError(f"Moons needs std > 0, got {std=}")
        self.std = std

    def draw(self, rng: Generator) -> NDArray[np.float64]:
        lower = rng.integers(2, size=self.n)[:, None]
        arc = _circle(np.pi * rng.random(self.n))
        points = np.where(lower, np.array([1.0, 0.5]) - arc, arc)
        return points + self.std * rng.standard_normal((self.n, 2))


def _circle(angles: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)
