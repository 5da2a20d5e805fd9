"""Shared by blur and snow: the motion trail of ImageMagick and the zoom of scipy."""

import math

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import pad

from robustmoll.corruptions.filters import Rows, separable, transposed, weighted_rows
from robustmoll.kept import kept

QUANTUM = 257  # 16-bit steps per 8-bit grey level
FEW = 1 << 16  # values of images that are copied some 10 to 20 times


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
    weights = trail_weights(radius, sigma)
    direction = np.deg2rad(angle.numpy())[:, None]
    steps = np.arange(len(weights))
    right = np.ceil(np.cos(direction) * steps - 0.5).astype(np.int32)
    down = np.ceil(np.sin(direction) * steps - 0.5).astype(np.int32)
    # Moves along the rows cost a copy each, moves across them nothing: the longer ones go that way.
    if np.abs(right).max() > np.abs(down).max():
        moved = transposed(moved_sums(transposed(levels), right, down, weights))
    else:
        moved = moved_sums(levels, down, right, weights)
    return moved.add_(0.5).floor_().div_(QUANTUM)


def trail_weights(radius: float, sigma: float) -> np.ndarray:
    """The weights of `drag`, in 16-bit steps; float32 (2 ceil(radius) + 1,)."""
    fading = np.exp(-(np.arange(2 * math.ceil(radius) + 1) ** 2) / (2 * sigma**2))
    return (fading * (QUANTUM / fading.sum())).astype(np.float32)


def moved_sums(x: Tensor, down: np.ndarray, right: np.ndarray, weights: np.ndarray) -> Tensor:
    """`moved_sum` for as many images at a time as a CPU's cache holds copies of."""
    few = max(FEW // x[0].numel(), 1) if x.device.type == "cpu" else len(x)
    parts = (slice(i, i + few) for i in range(0, len(x), few))
    return torch.cat([moved_sum(x[part], down[part], right[part], weights) for part in parts])


def moved_sum(x: Tensor, down: np.ndarray, right: np.ndarray, weights: np.ndarray) -> Tensor:
    """Weighted sums of images, each moved against the given directions, borders repeated.

    Args:
        x: Images of shape (B, C, H, W).
        down: Pixels, int32 (B, K).
        right: Pixels, int32 (B, K), of one sign in each image.
        weights: (K,).
    """
    batch, channels, height, width = x.shape
    most = int(np.abs(right).max())
    left = (right < 0).any(axis=1, keepdims=True)
    padded = pad(x, [most, most, 0, 0], mode="replicate")
    # The side that an image needs, picked by an interpolation with weight 0 or 1: exact, and faster than `where`.
    side = _beside(x, np.asarray(left, dtype=np.float32)).view(-1, 1, 1, 1)
    half = torch.lerp(padded[..., most:], padded[..., : most + width], side)
    copies = half.unfold(3, width, 1).reshape(batch, channels, -1, width)  # of each row, moved by 0 ... most
    row = np.clip(np.arange(height, dtype=np.int32)[:, None] + down[:, None, None], 0, height - 1)
    index = row * (most + 1) + (right + most * left)[:, None, None]
    return weighted_rows(copies, _beside(x, index), _beside(x, weights))


def _beside(x: Tensor, numbers: np.ndarray) -> Tensor:
    return torch.from_numpy(numbers).to(x.device, non_blocking=True)


def zoom_in(x: Tensor, factor: float) -> Tensor:
    """Enlarges the middle of images by `factor` >= 1, bilinearly, and cuts to the old size."""
    return x if factor == 1 else mean_zoom(x, (factor,))


def mean_zoom(x: Tensor, factors: tuple[float, ...]) -> Tensor:
    """The mean of images (B, C, H, W) enlarged by each of the factors."""
    height, width = x.shape[-2:]
    index, weights = zoomed_line(width, factors, x.device)
    rows, row_weights = zoomed_line(height, factors, x.device)
    # The rows of the second filtered image lie behind those of the first.
    rows = rows + torch.arange(len(factors), dtype=torch.int32, device=x.device).view(-1, 1, 1) * height
    across = index.flatten(0, 1), weights.flatten(0, 1)
    return separable(x, across, (rows.movedim(1, 0).flatten(1), row_weights.movedim(1, 0).flatten(1) / len(factors)))


@kept(256)
def zoomed_line(n: int, factors: tuple[float, ...], device: torch.device) -> Rows:
    """Where scipy's `zoom` of the middle of a line of n pixels reads, for the n pixels that are kept.

    Returns:
        For each factor and pixel the two pixels around its position, int32 (F, n, 2), and their weights.
    """
    index, weights = [], []
    for factor in factors:
        span = math.ceil(n / factor)
        first, large = (n - span) // 2, round(span * factor)
        middle = torch.arange(n, dtype=torch.float64) + (large - n) // 2
        position = first + middle * (span - 1) / (large - 1)
        before = position.floor().clamp_(max=n - 2)
        index.append(torch.stack([before, before + 1], dim=1))
        weights.append(torch.stack([before + 1 - position, position - before], dim=1))
    return torch.stack(index).to(device, torch.int32), torch.stack(weights).to(device, torch.float32)
