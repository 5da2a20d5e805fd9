"""Shared by blur and snow: the motion trail of ImageMagick and the zoom of scipy."""

import math

import torch
from torch import Tensor
from torch.nn.functional import interpolate, pad

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
    trail = trail_of_views if levels.device.type == "cpu" else trail_by_index
    return trail(levels, weights, down, right).mul_(QUANTUM).add_(0.5).floor_().div_(QUANTUM)


def trail_of_views(levels: Tensor, weights: list[float], down: Tensor, right: Tensor) -> Tensor:
    """The weighted sum of moved images, image by image: on a CPU faster than an index for each pixel.

    Args:
        levels: Images of shape (B, C, H, W).
        weights: T weights.
        down: How far down each of the T images is read, integers (B, T), on the CPU.
        right: How far right.
    """
    batch, channels, height, width = levels.shape
    top, left = max(-int(down.min()), 0), max(-int(right.min()), 0)
    bottom, end = max(int(down.max()), 0), max(int(right.max()), 0)
    padded = pad(levels, [left, end, top, bottom], mode="replicate")
    # In memory, a move is a jump by whole rows and some pixels, the same for all: one long run to add.
    wide = padded.shape[-1]
    length = (height - 1) * wide + width
    starts = ((down + top) * wide + right + left).tolist()
    out = torch.zeros(batch, channels, height * wide)
    for source, total, image_starts in zip(padded.flatten(2), out[..., :length], starts, strict=True):
        for weight, start in zip(weights, image_starts, strict=True):
            total.add_(source[:, start : start + length], alpha=weight)
    return out.view(batch, channels, height, wide)[..., :width]


def trail_by_index(levels: Tensor, weights: list[float], down: Tensor, right: Tensor) -> Tensor:
    """The same as `trail_of_views`, for all images at once."""
    height, width = levels.shape[-2:]
    rows = line_index(down, height, levels.device) * width
    columns = line_index(right, width, levels.device)
    flat = levels.flatten(2)
    out = torch.zeros_like(flat)
    for i, weight in enumerate(weights):
        index = (rows[:, i, :, None] + columns[:, i, None, :]).flatten(1)[:, None]
        out.add_(flat.gather(2, index.expand_as(flat)), alpha=weight)
    return out.view_as(levels)


def line_index(offset: Tensor, n: int, device: torch.device) -> Tensor:
    """The pixel at each of n positions plus each offset, (B, T, n), the outermost ones repeated."""
    return (torch.arange(n, device=device) + offset.to(device)[:, :, None]).clamp_(0, n - 1)


def zoom_in(x: Tensor, factor: float) -> Tensor:
    """Enlarges the middle of images by `factor` >= 1, bilinearly, and cuts to the old size."""
    height, width = x.shape[-2:]
    top, rows, tall = zoom_span(height, factor)
    left, columns, wide = zoom_span(width, factor)
    if (tall, wide) == (rows, columns):
        return x
    middle = x[..., top : top + rows, left : left + columns]
    large = interpolate(middle, size=(tall, wide), mode="bilinear", align_corners=True)
    above, before = (tall - height) // 2, (wide - width) // 2
    return large[..., above : above + height, before : before + width]


def zoom_span(n: int, factor: float) -> tuple[int, int, int]:
    """First pixel and number of pixels of the middle of a line of n, and their number when enlarged."""
    span = math.ceil(n / factor)
    return (n - span) // 2, span, round(span * factor)
