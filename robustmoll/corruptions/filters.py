"""Filters as weighted sums of rows.

The rows of an image, or of copies of it that are moved sideways, lie one after the other in memory. An
embedding bag, the operation that sums words of a sentence, sums any of them with any weights in one pass, and
on a CPU does so several times as fast as a convolution, a matrix product or a loop over the weights.
What must be done to columns is done to the rows of the transposed image.
"""

import math

import torch
from torch import Tensor
from torch.nn.functional import channel_shuffle, embedding_bag

from robustmoll.kept import kept

Rows = tuple[Tensor, Tensor]  # index and weights, see `weighted_rows`


def transposed(x: Tensor) -> Tensor:
    """Rows and columns of images (B, C, H, W) exchanged, contiguous.

    To write a matrix row by row and read it column by column is what a channel shuffle does, and it does so
    in blocks: four times as fast as a strided copy, ten times for uint8.
    """
    batch, channels, height, width = x.shape
    matrices = x.reshape(batch * channels, 1, 1, height * width).permute(0, 3, 1, 2)
    return channel_shuffle(matrices, height).reshape(batch, channels, width, height)


def weighted_rows(x: Tensor, index: Tensor, weights: Tensor) -> Tensor:
    """Sums of rows: row j of the result is the sum over k of weights[j, k] times row index[j, k].

    Args:
        x: Float32 images (B, C, H, W), contiguous.
        index: Row numbers, int32 of shape (J, K), or (B, 1, J, K) if each image has its own.
        weights: Float32, of a shape that broadcasts with that of the index.

    Returns:
        Images (B, C, J, W).
    """
    batch, channels, height, width = x.shape
    first = torch.arange(0, batch * channels * height, height, dtype=torch.int32, device=x.device)
    rows, weights = torch.broadcast_tensors(first.view(batch, channels, 1, 1) + index, weights)
    bags, factors = rows.flatten(0, 2), weights.flatten(0, 2)
    sums = embedding_bag(bags, x.reshape(-1, width), per_sample_weights=factors, mode="sum")
    return sums.view(batch, channels, -1, width)


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


def neighbours(n: int, reach: int, border: str) -> Tensor:
    """For each of n pixels in a line those from `reach` before it to `reach` behind it, (n, 2 reach + 1)."""
    return border_index(torch.arange(n)[:, None] + torch.arange(-reach, reach + 1), n, border)


def gaussian_taps(sigma: float, radius: int) -> list[float]:
    """The 2 radius + 1 values of exp(-i^2 / (2 sigma^2)), summing to one."""
    weights = [math.exp(-0.5 * (i / sigma) ** 2) for i in range(-radius, radius + 1)]
    total = math.fsum(weights)
    return [weight / total for weight in weights]


def filter_matrix(n: int, taps: list[float], border: str) -> Tensor:
    """The (n, n) matrix that filters a line of n pixels, borders included; float64."""
    index = neighbours(n, len(taps) // 2, border)
    weights = torch.tensor(taps, dtype=torch.float64).expand_as(index)
    return torch.zeros(n, n, dtype=torch.float64).scatter_add_(1, index, weights)


@kept(256)
def gaussian_rows(n: int, sigma: float, reach: int, border: str, device: torch.device) -> Rows:
    """Index and weights with which `weighted_rows` filters n rows; a row that counts twice is summed first."""
    taps = gaussian_taps(sigma, reach)
    if len(taps) > n:
        index, weights = torch.arange(n).expand(n, n), filter_matrix(n, taps, border)
    else:
        index, weights = neighbours(n, reach, border), torch.tensor(taps)
    return index.to(device, torch.int32), weights.to(device, torch.float32)


def gaussian_filter(x: Tensor, sigma: float, border: str = "nearest", truncate: float = 4) -> Tensor:
    """Blurs the last two axes as `scipy.ndimage.gaussian_filter` does.

    Args:
        x: Images of shape (B, C, H, W).
        sigma: Standard deviation in pixels. So small a one that the kernel is a single pixel changes nothing.
        border: See `border_index`.
        truncate: The kernel reaches int(truncate * sigma + 0.5) pixels to each side.
    """
    reach = int(truncate * sigma + 0.5)
    if reach == 0:
        return x
    height, width = x.shape[-2:]
    across = gaussian_rows(width, sigma, reach, border, x.device)
    return separable(x, across, gaussian_rows(height, sigma, reach, border, x.device))


def separable(x: Tensor, across: Rows, down: Rows) -> Tensor:
    """The sum of one or several filters, each of which is one along rows after one along columns.

    Args:
        x: Images of shape (B, C, H, W).
        across: For each of F filters in turn what `weighted_rows` needs to make W new columns; (F W, K).
        down: The same for new rows, which are sums of the rows of all F filtered images; (H, L) with an index
            that counts them from 0 to F H - 1.
    """
    batch, channels, height, width = x.shape
    columns = weighted_rows(transposed(x), *across)
    rows = transposed(columns.view(batch, -1, width, height)).view(batch, channels, -1, width)
    return weighted_rows(rows, *down)


def at_least(x: Tensor, threshold: float) -> Tensor:
    """x, but 0 where it is below the threshold; by a product, which costs a tenth of `torch.where`."""
    return torch.ge(x, threshold, out=torch.empty_like(x)).mul_(x)
