"""The original's random draws, made again with numpy and handed to our functions in place of `CounterRNG`."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.random import RandomState
from torch import Tensor


class Replay:
    """Stands in for `CounterRNG`: each method returns the numbers that were prepared for its next call."""

    def __init__(self, **calls: list[np.ndarray]) -> None:
        self.calls = {method: iter(numbers) for method, numbers in calls.items()}

    def _next(self, method: str) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(next(self.calls[method])))

    def scalars(self, n: int) -> Tensor:
        """Uniform numbers, float64 (B, n)."""
        numbers = self._next("scalars")
        assert numbers.shape[1] == n
        return numbers.double()

    def normal(self, *shape: int) -> Tensor:
        """Standard normal numbers (B, *shape)."""
        return self._next("normal").float().view(-1, *shape)

    def uniform(self, *shape: int) -> Tensor:
        """Uniform numbers (B, *shape)."""
        return self._next("uniform").float().view(-1, *shape)

    def integers(self, n: int, *shape: int) -> Tensor:
        """Integers below n, (B, *shape)."""
        numbers = self._next("integers").view(-1, *shape)
        assert numbers.min() >= 0 and numbers.max() < n
        return numbers.int()


def replay(name: str, constants: tuple[float, ...], n: int, size: int, seed: int) -> Replay:
    """Makes the draws of the original code for n square images, image by image, from one seed."""
    state = RandomState(seed)
    per_image = [PREPARE[name](state, size, *constants) for _ in range(n)]
    methods = per_image[0].keys()
    return Replay(**{m: [np.stack(call) for call in zip(*(d[m] for d in per_image), strict=True)] for m in methods})


def _value_noise(state: RandomState, size: int, sigma: float) -> dict:
    return {"normal": [state.normal(size=(size, size, 3)).transpose(2, 0, 1)]}


def _impulse(state: RandomState, size: int, amount: float) -> dict:
    flips = state.random_sample((size, size, 3)) < amount
    salts = state.random_sample((size, size, 3)) < 0.5
    number = np.where(flips, np.where(salts, 0.25, 0.75) * amount, 1.0)
    return {"uniform": [number.transpose(2, 0, 1)]}


def _glass(state: RandomState, size: int, sigma: float, delta: int, iterations: int) -> dict:
    rounds = []
    for _ in range(iterations):
        span = range(size - delta, delta, -1)
        steps = state.randint(-delta, delta, size=(len(span), len(span), 2))  # right, down
        moves = np.zeros((2, size, size), dtype=np.int32)
        for channel in (0, 1):
            moves[channel][np.ix_(span, span)] = steps[..., channel] + delta
        rounds.append(moves)
    return {"integers": rounds}


def _motion(state: RandomState, size: int, radius: float, sigma: float) -> dict:
    return {"scalars": [(state.uniform(-45, 45, size=1) + 45) / 90]}


def _snow(state: RandomState, size: int, *constants: float) -> dict:
    noise = state.normal(size=(size, size))
    return {"normal": [noise], "scalars": [(state.uniform(-135, -45, size=1) + 135) / 90]}


def _fog(state: RandomState, size: int, strength: float, decay: float) -> dict:
    n = 1 << (size - 1).bit_length()
    return {"uniform": [state.random_sample(n * n - 1)]}


def _elastic(state: RandomState, size: int, alpha: float, sigma: float, jitter: float) -> dict:
    moves = state.random_sample(6)
    return {"scalars": [moves], "uniform": [state.random_sample((2, size, size))]}


def _spatter(state: RandomState, size: int, *constants: float) -> dict:
    return {"normal": [state.normal(size=(size, size))]}


PREPARE: dict[str, Callable[..., dict]] = {
    "gaussian_noise": _value_noise,
    "speckle_noise": _value_noise,
    "impulse_noise": _impulse,
    "glass_blur": _glass,
    "motion_blur": _motion,
    "snow": _snow,
    "fog": _fog,
    "elastic_transform": _elastic,
    "spatter": _spatter,
}
