"""Normal distributions of independent parts: the base of flows, the priors and decoders of latent models."""

import math

import torch
from torch import Generator, Tensor

__all__ = ["normal_log_prob", "normal_noise", "standard_log_prob"]


def normal_log_prob(x: Tensor, mean: Tensor, log_std: Tensor) -> Tensor:
    """Returns log N(x; mean, exp(log_std)^2), summed over all dimensions but the first, shape (B,)."""
    nats = -0.5 * ((x - mean) * (-log_std).exp()).square() - log_std - 0.5 * math.log(2 * math.pi)
    return nats.flatten(1).sum(1, dtype=torch.promote_types(nats.dtype, torch.float32))


def standard_log_prob(z: Tensor) -> Tensor:
    """Returns log N(z; 0, 1), summed over all dimensions but the first, shape (B,)."""
    zero = z.new_zeros(())
    return normal_log_prob(z, zero, zero)


def normal_noise(like: Tensor, generator: Generator | None) -> Tensor:
    """Returns standard normal numbers of a tensor's shape, dtype and device."""
    return torch.randn(like.shape, generator=generator, dtype=like.dtype, device=like.device)
