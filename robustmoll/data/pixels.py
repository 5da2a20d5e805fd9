"""Where images live: 256 grey levels, and their place in [-1, 1]."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from robustmoll.data.examples import Domain

__all__ = ["Pixels"]


@dataclass(frozen=True)
class Pixels(Domain):
    r"""Images of 256 grey levels, scaled to [-1, 1]; their likelihood is told in bits per dimension.

    Level k of a pixel owns the interval from k / 128 - 1 to (k + 1) / 128 - 1. With u uniform,
    :math:`z = (k + u) / 128 - 1`, the mean of :math:`-\log_2 p(z) / D + 7` over u bounds the bits that the levels
    themselves cost (Theis et al., ICLR 2016); 7 is :math:`\log_2 128`, the Jacobian of the scale.

    Args:
        shape: C, H, W.

    Raises:
        ValueError: By `enter`, if images are not uint8: all of [0, 1] would pass for the two darkest levels.
    """

    shape: tuple[int, ...]

    figure = "bits_per_dim"
    discrete = True

    def enter(self, x: Tensor, u: Tensor | None = None) -> Tensor:
        if x.dtype != torch.uint8:
            raise ValueError(
                f"images of a model in bits/dim must be uint8, the 256 grey levels themselves, got {x.dtype};"
                " values in [0, 1] become such by (255 * x).round().byte()"
            )
        return (x + (0.5 if u is None else u)) / 128 - 1

    def leave(self, x: Tensor) -> Tensor:
        return ((x + 1) * 128).floor().clamp(0, 255).byte()

    def in_unit(self, nll: Tensor) -> Tensor:
        return nll / (math.prod(self.shape) * math.log(2)) + 7
