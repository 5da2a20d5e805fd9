"""Models with latent variables, whose log-likelihood is bounded by importance sampling."""

import math
from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Generator, Tensor, nn

from robustmoll.models.densities.base import DensityModel
from robustmoll.models.densities.normal import normal_log_prob, normal_noise

__all__ = ["Hints", "LatentModel"]

Hints = tuple[Tensor, ...]
"""What an encoder makes of images."""


class LatentModel(DensityModel):
    r"""A density p(x) = E p(x | z) over latent variables z, with an encoder q(z | x) for training.

    p(x | z) is normal on the continuous, dequantised x itself: its mean is what the decoder makes of z, its standard
    deviation one learnt number a channel (Rybkin et al., "Simple and effective VAE training with calibrated decoders",
    2021). So the bound is one of the same density that a flow gives, and comparable with it:

    .. math:: \log p(x) \ge E \log \frac{1}{K} \sum_k \frac{p(x | z_k) p(z_k)}{q(z_k | x)}

    (Burda et al., "Importance weighted autoencoders", 2016), the evidence lower bound at K = 1, tighter with each z.

    Args:
        shape: C, H, W of an image.

    Raises:
        ValueError: If that is no shape of an image.
    """

    exact: ClassVar[bool] = False
    latent_size: int

    def __init__(self, shape: Sequence[int]) -> None:
        super().__init__()
        if len(shape) != 3 or min(shape) < 1:
            raise ValueError(f"this model needs the shape (C, H, W) of an image, got {tuple(shape)}")
        self.shape = (shape[0], shape[1], shape[2])
        # A tenth of it, for it has a long way to go: with Adam, a weight moves by the learning rate a step.
        self.tenth_log_scale = nn.Parameter(torch.full((shape[0], 1, 1), -0.1))

    @property
    def log_scale(self) -> Tensor:
        """Log-standard deviation of p(x | z), shape (C, 1, 1)."""
        return 10 * self.tenth_log_scale

    @abstractmethod
    def infer(self, x: Tensor) -> Hints:
        """Returns what the encoder makes of images, once for all z that are drawn."""

    @abstractmethod
    def terms(self, x: Tensor, hints: Hints, generator: Generator | None) -> tuple[Tensor, Tensor]:
        """Draws one z for each image; returns log p(x | z) and log q(z | x) - log p(z), shape (B,) each."""

    @abstractmethod
    def encode(self, x: Tensor) -> Tensor:
        """Returns the middle of q(z | x), shape (B, latent_size), where the prior is N(0, 1)."""

    @abstractmethod
    def decode(self, z: Tensor) -> Tensor:
        """Returns the mean images (B, C, H, W) of latent variables (B, latent_size)."""

    def likelihood(self, x: Tensor, mean: Tensor) -> Tensor:
        """Returns log p(x | z), shape (B,), of images and the decoder's mean images."""
        return normal_log_prob(x, mean, self.log_scale)

    def log_prob(self, x: Tensor, generator: Generator | None = None, samples: int = 1) -> Tensor:
        """Returns the bound with K = `samples`, in nats, shape (B,); arguments as for `DensityModel.log_prob`.

        Raises:
            ValueError: If `samples` is less than 1.
        """
        if samples < 1:
            raise ValueError(f"a bound needs at least 1 latent variable per image, got {samples=}")
        hints = self.infer(x)
        bound = x.new_full((len(x),), -math.inf)
        for _ in range(samples):  # one after the other, so that any number fits in memory
            likelihood, divergence = self.terms(x, hints, generator)
            bound = torch.logaddexp(bound, likelihood - divergence)
        return bound - math.log(samples)

    @torch.no_grad()
    def sample(self, n: int, generator: Generator | None = None, temperature: float = 1.0) -> Tensor:
        """Returns mean images of z from the prior, without the noise of p(x | z); see `DensityModel`."""
        z = self.log_scale.new_empty(n, self.latent_size)
        return self.decode(temperature * normal_noise(z, generator))
