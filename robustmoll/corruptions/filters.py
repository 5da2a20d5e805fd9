"""Filters: Gaussians as small matrix products or sums of moved rows, other kernels as convolutions.

A one-dimensional filter along a line of n pixels, borders included, is an (n, n) matrix; filtering an image
by it is one product from the left for the columns and one from the right for the rows. At small sizes this
beats a convolution on a CPU. Short kernels on long lines are summed row by row, for the rows on the
transposed image.
"""

import math
from functools import lru_cache

import torch
from torch import Tensor
from torch.nn.functional import conv2d, pad

SHORT = 6  # a kernel this many times shorter than the line is faster as a sum of moved rows


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
        x: Images of shape (B, C, H, W).
        sigma: Standard deviation in pixels. So small a one that the kernel is a single pixel changes nothing.
        border: See `border_index`.
        truncate: Reach of the kernel in standard deviations.
    """
    radius = int(truncate * sigma + 0.5)
    if radius == 0:
        return x
    height, width = x.shape[-2:]
    if (2 * radius + 1) * SHORT < min(height, width):
        taps = gaussian_taps(sigma, radius)
        return filtered_rows(filtered_rows(x, taps, border).mT.contiguous(), taps, border).mT.contiguous()
    columns = gaussian_matrix(height, sigma, border, truncate, x.device)
    rows = gaussian_matrix(width, sigma, border, truncate, x.device)
    return torch.matmul(torch.matmul(columns, x), rows.T)


def filtered_rows(x: Tensor, taps: list[float], border: str) -> Tensor:
    """Weighted sums of rows above and below, with symmetric weights; see `border_index` for the border."""
    height, reach = x.shape[2], len(taps) // 2
    outside = torch.arange(-reach, height + reach, device=x.device)
    rows = x.index_select(2, border_index(outside, height, border))
    out = rows[:, :, reach : reach + height] * taps[reach]
    for i in range(1, reach + 1):
        pair = rows[:, :, reach - i : reach - i + height] + rows[:, :, reach + i : reach + i + height]
        out.add_(pair, alpha=taps[reach + i])
    return out


def correlate(x: Tensor, kernel: Tensor) -> Tensor:
    """Correlates images with one kernel, borders mirrored without repeating the edge (OpenCV's default).

    Args:
        x: Images of shape (B, C, H, W).
        kernel: Square, of odd size, on the CPU. A large one must be symmetric. Zeros around it are cut off
            first.
    """
    reach = kernel.shape[-1] // 2
    while reach > 0 and kernel[0].count_nonzero() == 0 and kernel[:, 0].count_nonzero() == 0:
        kernel, reach = kernel[1:-1, 1:-1], reach - 1
    kernel = kernel.to(x.device, x.dtype)
    if reach > 3:
        return fourier_correlate(x, kernel)
    channels = x.shape[1]
    return conv2d(pad(x, [reach] * 4, mode="reflect"), kernel.expand(channels, 1, -1, -1), groups=channels)


def fourier_correlate(x: Tensor, kernel: Tensor) -> Tensor:
    """`correlate` by Fourier transform, for a kernel that equals its own reflection."""
    height, width = x.shape[-2:]
    reach = kernel.shape[-1] // 2
    tall, wide = smooth_size(height + 2 * reach), smooth_size(width + 2 * reach)
    margins = [reach, wide - width - reach, reach, tall - height - reach]
    spectrum = torch.fft.rfft2(pad(x, margins, mode="reflect")).mul_(torch.fft.rfft2(kernel, s=(tall, wide)))
    y = torch.fft.irfft2(spectrum, s=(tall, wide))
    return y[..., 2 * reach : 2 * reach + height, 2 * reach : 2 * reach + width]


def smooth_size(n: int) -> int:
    """The smallest even number from n up without a prime factor above 5: Fourier transforms like it."""
    rest = n
    for prime in (2, 3, 5):
        while rest % prime == 0:
            rest //= prime
    return n if rest == 1 and n % 2 == 0 else smooth_size(n + 1)
