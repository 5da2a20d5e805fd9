"""Shared by blur and snow: the motion trail of ImageMagick and the zoom of scipy."""

import math

import torch
from torch import Tensor
from torch.nn.functional import interpolate

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
    height, width = levels.shape[-2:]
    steps = torch.arange(2 * math.ceil(radius) + 1, dtype=torch.float64)
    fading = torch.exp(-(steps**2) / (2 * sigma**2))
    weights = (fading / fading.sum()).tolist()
    direction = torch.deg2rad(angle)[:, None]
    columns = line_index(torch.cos(direction) * steps, width, levels.device)
    rows = line_index(torch.sin(direction) * steps, height, levels.device) * width
    flat = levels.flatten(2)
    out = torch.zeros_like(flat)
    for i, weight in enumerate(weights):
        index = (rows[:, i, :, None] + columns[:, i, None, :]).flatten(1)[:, None]
        out.add_(flat.gather(2, index.expand_as(flat)).mul_(weight))
    return out.mul_(QUANTUM).add_(0.5).floor_().div_(QUANTUM).view_as(levels)


def line_index(offset: Tensor, n: int, device: torch.device) -> Tensor:
    """The pixel at each of n positions plus each offset, (B, taps, n), the outermost ones repeated."""
    whole = torch.ceil(offset - 0.5).long().to(device)
    return (torch.arange(n, device=device) + whole[:, :, None]).clamp_(0, n - 1)


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
