"""Supervised mollification written as its formulas read: the slow reference for tests and for the speed table.

Boolean masks select the roles, and blur goes through the DCT coefficients of each image, both ways, in matrix products:
axis by axis in `plain_heat_blur`, or with the one matrix of the two-dimensional DCT in `full_heat_blur`.
"""

import math
from collections.abc import Callable
from functools import lru_cache

import torch
from torch import Tensor


def dct_matrix(n: int, dtype: torch.dtype) -> Tensor:
    """Returns the orthonormal DCT-II matrix, a row a frequency."""
    k = torch.arange(n, dtype=dtype)
    matrix = torch.cos(math.pi / n * k[:, None] * (k[None] + 0.5)) * math.sqrt(2 / n)
    matrix[0] = math.sqrt(1 / n)
    return matrix


def plain_heat_blur(x: Tensor, sigma: Tensor) -> Tensor:
    """Blurs images (B, C, H, W) by sigma (B,) pixels in the space of their DCT coefficients."""
    height, width = x.shape[-2:]
    rows, columns = dct_matrix(height, x.dtype), dct_matrix(width, x.dtype)
    return rows.T @ (heat_decay(x, sigma) * (rows @ x @ columns.T)) @ columns


def full_heat_blur(x: Tensor, sigma: Tensor) -> Tensor:
    """As `plain_heat_blur`, with the matrix (H W, H W) that takes a whole image to its coefficients."""
    matrix = full_dct_matrix(*x.shape[-2:], x.dtype)
    coefficients = x.flatten(2) @ matrix.T
    return (heat_decay(x, sigma).flatten(2) * coefficients @ matrix).view_as(x)


@lru_cache
def full_dct_matrix(height: int, width: int, dtype: torch.dtype) -> Tensor:
    """Returns the orthonormal DCT-II matrix of images of that size, a row a coefficient."""
    return torch.kron(dct_matrix(height, dtype), dct_matrix(width, dtype))


def heat_decay(x: Tensor, sigma: Tensor) -> Tensor:
    """Returns what is left of each DCT coefficient, shape (B, 1, H, W)."""
    height, width = x.shape[-2:]
    i = torch.arange(height, dtype=x.dtype)[:, None] / height
    j = torch.arange(width, dtype=x.dtype)[None] / width
    tau = (sigma.to(x.dtype) ** 2 / 2)[:, None, None, None]
    return torch.exp(-tau * math.pi**2 * (i**2 + j**2))


def plain_mollify(
    x: Tensor,
    y: Tensor,
    roles: Tensor,
    t: Tensor,
    noise: Callable[[Tensor], Tensor],
    num_classes: int,
    heat_blur: Callable[[Tensor, Tensor], Tensor] = plain_heat_blur,
) -> tuple[Tensor, Tensor]:
    """Noise for role 1 and blur for role 2, labels smoothed by sin^2(pi t / 2) and by t (Heinonen et al., 2025).

    Args:
        x: Images, shape (B, C, H, W).
        y: Class indices, shape (B,).
        roles: Shape (B,), 0 = clean, 1 = noise, 2 = blur.
        t: Shape (B,), in [0, 1].
        noise: Source of standard normal numbers shaped as its argument, such as `torch.randn_like`.
        num_classes: Number of classes.
        heat_blur: `plain_heat_blur` or `full_heat_blur`.
    """
    x, gamma = x.clone(), torch.zeros_like(t)
    noisy, blurred = roles == 1, roles == 2
    angle = (math.pi / 2 * t[noisy])[:, None, None, None]
    x[noisy] = torch.cos(angle) * x[noisy] + torch.sin(angle) * noise(x[noisy])
    gamma[noisy] = torch.sin(math.pi / 2 * t[noisy]) ** 2
    low, high = math.log(0.3), math.log(x.shape[-1])
    x[blurred] = heat_blur(x[blurred], torch.exp((1 - t[blurred]) * low + t[blurred] * high))
    gamma[blurred] = t[blurred]
    y = torch.nn.functional.one_hot(y, num_classes).to(t.dtype)
    return x, (1 - gamma)[:, None] * y + gamma[:, None] / num_classes
