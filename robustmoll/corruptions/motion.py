"""Shared by blur and snow: the motion trail of ImageMagick and the zoom of scipy."""

import math
from functools import lru_cache

import torch
from torch import Tensor
from torch.nn.functional import pad

QUANTUM = 257  # 16-bit steps per 8-bit grey level


def drag(levels: Tensor, angle: Tensor, radius: float, sigma: float) -> Tensor:
    """ImageMagick's motion blur.

    A pixel becomes the weighted mean of the i-th pixels, i = 0 ... 2 ceil(radius), along a line that starts
    at it, with weights exp(-i^2 / (2 sigma^2)), nearest pixel, borders repeated; in 16 bits, rounded.

    Args:
        levels: Images of shape (B, C, H, W) in grey levels [0, 255].
        angle: Direction of the line in degrees, from the x axis towards the y axis (down), float64 (B,), on
            the CPU.
        radius: Length of the trail in pixels.
        sigma: Its fading in pixels.

    Returns:
        Grey levels in steps of 1 / 257.
    """
    steps = torch.arange(2 * math.ceil(radius) + 1, dtype=torch.float64)
    fading = torch.exp(-(steps**2) / (2 * sigma**2))
    weights = (fading / fading.sum()).tolist()
    direction = torch.deg2rad(angle)[:, None]
    right = torch.ceil(torch.cos(direction) * steps - 0.5).long()
    down = torch.ceil(torch.sin(direction) * steps - 0.5).long()
    batch, channels, height, width = levels.shape
    top, left = max(-int(down.min()), 0), max(-int(right.min()), 0)
    bottom, end = max(int(down.max()), 0), max(int(right.max()), 0)
    padded = pad(levels, [left, end, top, bottom], mode="replicate")
    # In memory a move is a jump by whole rows and some pixels, the same for all pixels of an image. So a
    # moved image is one long run, and runs[i] is the one that starts at position i.
    tall, wide = padded.shape[-2:]
    length = (height - 1) * wide + width
    runs = padded.flatten().as_strided((padded.numel() - length + 1, length), (1, 1))
    jump = ((down + top) * wide + right + left).repeat_interleave(channels, dim=0)
    starts = jump + torch.arange(batch * channels)[:, None] * (tall * wide)
    out = padded.new_zeros(batch * channels, height * wide)
    for weight, start in zip(weights, starts.T.contiguous().to(levels.device), strict=True):
        out[:, :length].add_(runs.index_select(0, start), alpha=weight)
    moved = out.view(batch, channels, height, wide)[..., :width]
    return moved.mul(QUANTUM).add_(0.5).floor_().div_(QUANTUM)


def zoom_in(x: Tensor, factor: float) -> Tensor:
    """Enlarges the middle of images by `factor` >= 1, bilinearly, and cuts to the old size."""
    return x if factor == 1 else zoomed_transposed(x, factor).mT.contiguous()


def zoomed_transposed(x: Tensor, factor: float) -> Tensor:
    """`zoom_in`, rows and columns exchanged: picking rows is cheap, picking columns is not."""
    return zoomed_rows(zoomed_rows(x, factor).mT.contiguous(), factor)


def zoomed_rows(x: Tensor, factor: float) -> Tensor:
    """Enlarges the middle rows of images (B, C, H, W) and keeps H of them."""
    upper, part = zoomed_line(x.shape[2], factor, x.device)
    return torch.lerp(x.index_select(2, upper), x.index_select(2, upper + 1), part)


@lru_cache(maxsize=256)
def zoomed_line(n: int, factor: float, device: torch.device) -> tuple[Tensor, Tensor]:
    """Where scipy's `zoom` of the middle of a line of n pixels reads, for the n pixels that are kept.

    Returns:
        The pixel before each position, (n,), and how far beyond it the position lies, (n, 1), in [0, 1].
    """
    span = math.ceil(n / factor)
    first, large = (n - span) // 2, round(span * factor)
    kept = torch.arange(n, dtype=torch.float64) + (large - n) // 2
    position = first + kept * (span - 1) / (large - 1)
    before = position.floor().clamp_(max=n - 2)
    return before.long().to(device), (position - before).to(device, torch.float32)[:, None]
