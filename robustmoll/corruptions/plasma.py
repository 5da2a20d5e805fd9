"""The fractal that fog, and our own frost, are made of."""

import torch
from torch import Tensor


def plasma(noise: Tensor, wibble_decay: float) -> Tensor:
    """Diamond-square fractals that wrap around, scaled to [0, 1].

    Each point is the mean of its four neighbours on the coarser grid plus wibble^2 times its number. The
    wibble starts at 100 and is divided by the decay from level to level.

    Args:
        noise: Numbers in [-1, 1), float32 of shape (B, size, size), size a power of two.
        wibble_decay: At least 1.
    """
    size = noise.shape[-1]
    heights = torch.zeros_like(noise)
    step, wibble = size, 100.0
    while step >= 2:
        half = step // 2
        corner = heights[:, ::step, ::step]
        below = corner + corner.roll(-1, 1)
        centre = (below + below.roll(-1, 2)).div_(4).add_(noise[:, half::step, half::step] * wibble**2)
        heights[:, half::step, half::step] = centre
        above = centre + centre.roll(1, 1) + corner + corner.roll(-1, 2)
        heights[:, ::step, half::step] = above.div_(4).add_(noise[:, ::step, half::step] * wibble**2)
        left = centre + centre.roll(1, 2) + below
        heights[:, half::step, ::step] = left.div_(4).add_(noise[:, half::step, ::step] * wibble**2)
        step, wibble = half, wibble / wibble_decay
    heights -= heights.amin(dim=(1, 2), keepdim=True)
    return heights.div_(heights.amax(dim=(1, 2), keepdim=True))
