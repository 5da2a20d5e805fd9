"""Separable filters as small matrix products.

A one-dimensional filter along a line of n pixels, borders included, is an (n, n) matrix; filtering an image
by it is one product from the left for the columns and one from the right for the rows. At the sizes of
images this beats a convolution on a CPU, and each border rule is exact.
"""

import math
from functools import lru_cache

import torch
from torch import Tensor

BORDERS = ("nearest", "reflect", "mirror")


def border_index(i: Tensor, n: int, border: str) -> Tensor:
    """Maps positions outside a line of n pixels to the pixel that stands in for them.

    Args:
        i: Integer positions; they may lie any number of pixels outside.
        n: Length of the line.
        border: scipy's word. "nearest" (aaa|abcd|ddd), "reflect" (cba|abcd|dcb), "mirror" (dcb|abcd|cba).
    """
    if border == "nearest":
        return i.clamp(0, n - 1)
    if border == "reflect":
        i = i.remainder(2 * n)
        return torch.minimum(i, 2 * n - 1 - i)
    assert border == "mirror", border
    i = i.remainder(2 * n - 2)
    return torch.minimum(i, 2 * n - 2 - i)


def gaussian_taps(sigma: float, radius: int) -> list[float]:
    """The 2 radius + 1 values of exp(-i^2 / (2 sigma^2)), summing to one."""
    weights = [math.exp(-0.5 * (i / sigma) ** 2) for i in range(-radius, radius + 1)]
    total = math.fsum(weights)
    return [weight / total for weight in weights]


@lru_cache(maxsize=256)
def gaussian_matrix(n: int, sigma: float, border: str, truncate: float, device: torch.device) -> Tensor:
    """The (n, n) matrix of scipy's `gaussian_filter1d` along a line of n pixels.

    Args:
        n: Length of the line.
        sigma: Standard deviation in pixels, positive.
        border: See `border_index`.
        truncate: The kernel reaches int(truncate * sigma + 0.5) pixels to each side.
        device: Where the matrix is wanted.
    """
    radius = int(truncate * sigma + 0.5)
    offsets = torch.arange(-radius, radius + 1)
    index = border_index(torch.arange(n)[:, None] + offsets, n, border)
    taps = torch.tensor(gaussian_taps(sigma, radius), dtype=torch.float64).expand(n, -1)
    return torch.zeros(n, n, dtype=torch.float64).scatter_add_(1, index, taps).to(device, torch.float32)


def gaussian_filter(x: Tensor, sigma: float, border: str = "nearest", truncate: float = 4) -> Tensor:
    """Blurs the last two axes as `scipy.ndimage.gaussian_filter` does.

    Args:
        x: Float tensor of shape (..., H, W).
        sigma: Standard deviation in pixels. So small a one that the kernel is a single pixel changes nothing.
        border: See `border_index`.
        truncate: Reach of the kernel in standard deviations.
    """
    if int(truncate * sigma + 0.5) == 0:
        return x
    height, width = x.shape[-2:]
    columns = gaussian_matrix(height, sigma, border, truncate, x.device)
    rows = gaussian_matrix(width, sigma, border, truncate, x.device)
    return torch.matmul(torch.matmul(columns, x), rows.T)
