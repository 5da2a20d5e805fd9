"""Densities that can be worked out by hand, for tests of their training; configs find them by their names."""

import math
from collections.abc import Sequence

import torch
from torch import Generator, Tensor, nn

from robustmoll.models.densities import DENSITIES, DensityModel

__all__ = ["DiagonalGaussian", "UniformCube"]


class DiagonalGaussian(DensityModel):
    """Independent Gaussians; it knows its latent variables, and how often it was calibrated."""

    def __init__(self, shape: Sequence[int]) -> None:
        super().__init__()
        self.mean, self.log_std = nn.Parameter(0.1 * torch.randn(*shape)), nn.Parameter(torch.full(shape, 0.7))
        self.register_buffer("calibrated", torch.zeros(()))

    def log_prob(self, x: Tensor, generator: Generator | None = None, samples: int = 1) -> Tensor:
        z = self.encode(x)
        return (-0.5 * z.square()).sum(1) - self.log_std.sum() - 0.5 * z.shape[1] * math.log(2 * math.pi)

    def sample(self, n: int, generator: Generator | None = None, temperature: float = 1.0) -> Tensor:
        return self.decode(temperature * torch.randn(n, self.mean.numel(), generator=generator)).detach()

    def encode(self, x: Tensor) -> Tensor:
        return ((x - self.mean) * (-self.log_std).exp()).flatten(1)

    def decode(self, z: Tensor) -> Tensor:
        return self.mean + z.view(-1, *self.mean.shape) * self.log_std.exp()

    def calibrate(self, x: Tensor) -> None:
        self.calibrated += 1


class UniformCube(DensityModel):
    """Even on [-1, 1]^D, which is 8 bits/dim of 256 grey levels, whatever they are."""

    def __init__(self, shape: Sequence[int]) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.zeros(()))
        self.shape = tuple(shape)

    def log_prob(self, x: Tensor, generator: Generator | None = None, samples: int = 1) -> Tensor:
        inside = (x.abs() <= 1).flatten(1).all(1)
        return torch.where(inside, -math.prod(self.shape) * math.log(2), -math.inf) + 0 * self.scale

    def sample(self, n: int, generator: Generator | None = None, temperature: float = 1.0) -> Tensor:
        return 2 * torch.rand(n, *self.shape, generator=generator) - 1


DENSITIES.update(diagonal=DiagonalGaussian, cube=UniformCube)
