r"""Heat dissipation in images, exactly: the maths of `HeatBlur`."""

import math
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor

from robustmoll.kept import kept

__all__ = ["heat_blur", "heat_kernel", "image_shape", "no_autocast"]


def heat_blur(x: Tensor, sigma: Tensor) -> Tensor:
    r"""Lets each image dissipate as heat does on a plate with insulated edges, exactly.

    The heat equation with Neumann boundary is diagonal in the DCT-II basis C: after a time :math:`\sigma^2 / 2`
    coefficient k of an axis with n pixels has decayed by :math:`e^{-\sigma^2 (\pi k / n)^2 / 2}`. In the middle of an
    image this is a Gaussian blur of standard deviation sigma; at the edges nothing leaks, so the mean is kept.
    The axes separate, hence two small matrix products per image (Rissanen et al., ICLR 2023, section 3).

    Args:
        x: Images, float, shape (B, C, H, W).
        sigma: Standard deviation of the blur in pixels, shape (B,), >= 0; 0 returns that image bit for bit.

    Returns:
        Blurred images, shape and dtype of x, computed in float32 at least, under autocast too. Where PyTorch is told
        to multiply float32 matrices in less (TF32), this holds here as well.

    Raises:
        ValueError: If x is no batch of float images, or there is not one sigma for each.

    Example:
        >>> x = torch.rand(2, 3, 8, 12)
        >>> torch.allclose(heat_blur(x, torch.tensor([2.0, 9.0])).mean((2, 3)), x.mean((2, 3)), atol=1e-6)
        True
    """
    batch, channels, height, width = image_shape(x)
    if not x.is_floating_point() or sigma.shape != (batch,):
        raise ValueError(
            f"heat_blur needs float images (B, C, H, W) and a sigma (B,), got {x.dtype} of shape {tuple(x.shape)}"
            f" and sigma of shape {tuple(sigma.shape)}"
        )
    dtype = torch.float64 if x.dtype == torch.float64 else torch.float32
    with no_autocast(x.device):
        sigma = sigma.to(dtype)
        across = heat_kernel(width, sigma)
        down = across if height == width else heat_kernel(height, sigma)
        # A kernel is symmetric, so rows of all channels go through one product with it and need no transpose.
        rows = torch.bmm(x.to(dtype).reshape(batch, channels * height, width), across)
        return (down.unsqueeze(1) @ rows.view(batch, channels, height, width)).to(x.dtype)


def heat_kernel(n: int, sigma: Tensor) -> Tensor:
    r"""Returns the matrices that blur an axis of n pixels by sigma (B,) pixels: symmetric, shape (B, n, n).

    With :math:`2 \cos a \cos b = \cos(a - b) + \cos(a + b)` the product C' decay C falls into a Toeplitz and a Hankel
    matrix of one vector, :math:`g(d) = [d = 0] + \frac{1}{n} \sum_{k > 0} (decay_k - 1) \cos(\pi k d / n)`, so that
    entry (i, j) is g(i - j) + g(i + j + 1) and no matrix product of that size is needed.
    """
    rates, cosines, identity = _heat_basis(n, sigma.device, sigma.dtype)
    # What the blur takes away, added to the identity: exact at sigma = 0, and more accurate for a small one.
    loss = torch.expm1(torch.outer(sigma.square(), rates))
    g = torch.addmm(identity, loss, cosines)
    toeplitz, hankel = g.unfold(1, n, 1).chunk(2, dim=1)
    return toeplitz.flip(1).add_(hankel)


@kept(32)
def _heat_basis(n: int, device: torch.device, dtype: torch.dtype) -> tuple[Tensor, Tensor, Tensor]:
    """The rates -(pi k / n)^2 / 2 of decay, k > 0; cosines and identity at the distances -n + 1, ..., 2 n - 1."""
    frequencies = math.pi / n * torch.arange(1, n, dtype=torch.float64, device="cpu")
    distances = torch.arange(1 - n, 2 * n, dtype=torch.float64, device="cpu")
    rates, cosines = -0.5 * frequencies.square(), torch.cos(torch.outer(frequencies, distances)) / n
    return rates.to(device, dtype), cosines.to(device, dtype), (distances == 0).to(device, dtype)


def no_autocast(device: torch.device) -> AbstractContextManager[object]:
    """Autocast would round the operands of a matrix product or convolution to half precision."""
    if torch.amp.is_autocast_available(device.type) and torch.is_autocast_enabled(device.type):
        return torch.autocast(device.type, enabled=False)
    return nullcontext()


def image_shape(x: Tensor) -> torch.Size:
    """Returns the shape of a batch of images, and refuses all else."""
    if x.dim() != 4:
        raise ValueError(f"blur needs images of shape (B, C, H, W), got shape {tuple(x.shape)}; for a table use noise")
    return x.shape
