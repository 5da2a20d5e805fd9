"""Rectangles at random: of random erasing, resized crops and patches of noise.

A rectangle is top, left, bottom and right in pixels, the last two not included. Shapes are drawn as torchvision draws
them: a share of the area uniformly, and the logarithm of height over width uniformly.
"""

import math

import torch
from torch import Generator, Tensor

from robustmoll.data.augment.base import Size

__all__ = ["check_box", "cut_boxes", "fitting_boxes", "rectangles"]

TRIES = 10

Range = tuple[float, float]


def check_box(who: str, scale: Range, ratio: Range) -> None:
    """Raises a ValueError if shares of the area or aspect ratios are out of their range."""
    if not (len(scale) == len(ratio) == 2 and 0 <= scale[0] <= scale[1] <= 1 and 0 < ratio[0] <= ratio[1]):
        raise ValueError(f"{who} needs scale in [0, 1] and ratio > 0, each (least, greatest), got {scale=}, {ratio=}")


def fitting_boxes(
    n: int, size: Size, largest: Size, scale: Range, ratio: Range, generator: Generator | None
) -> tuple[Tensor, Tensor]:
    """Draws rectangles up to ten times, until they fit.

    Args:
        n: How many.
        size: Height and width of the images.
        largest: Greatest height and width that fit.
        scale: Least and greatest share of the image's area.
        ratio: Least and greatest height over width.
        generator: On the CPU; None takes PyTorch's own.

    Returns:
        Rectangles, shape (n, 4), int64, and whether one was found that fits, shape (n,).
    """
    height, width = _shapes((n, TRIES), size, scale, ratio, generator)
    fits = (height >= 1) & (height <= largest[0]) & (width >= 1) & (width <= largest[1])
    first = fits.int().argmax(1, keepdim=True)
    box = _place(height.gather(1, first)[:, 0], width.gather(1, first)[:, 0], size, generator)
    return box, fits.any(1)


def cut_boxes(n: int, size: Size, scale: Range, ratio: Range, generator: Generator | None) -> Tensor:
    """Draws rectangles once; one too high or too wide is cut and becomes longer, to keep its area.

    Arguments as for `fitting_boxes`; the result is its first.
    """
    height, width = _shapes((n,), size, scale, ratio, generator)
    area = height * width
    # What is cut along one axis is given to the other; as the area fits, at most one of them is too long.
    height, width = (
        torch.where(width > size[1], (area / size[1]).round(), height).clamp(max=size[0]),
        torch.where(height > size[0], (area / size[0]).round(), width).clamp(max=size[1]),
    )
    return _place(height, width, size, generator)


def rectangles(box: Tensor, size: Size, device: torch.device, dtype: torch.dtype) -> Tensor:
    """Returns 1 inside rectangles, shape (n, 4), on the CPU, and 0 outside: shape (n, 1, *size)."""
    rows, columns = (
        ((places >= box[:, axis, None]) & (places < box[:, axis + 2, None])).to(dtype).to(device, non_blocking=True)
        for axis, places in enumerate(torch.arange(full, device="cpu") for full in size)
    )
    return (rows[:, :, None] * columns[:, None, :])[:, None]


def _shapes(
    shape: tuple[int, ...], size: Size, scale: Range, ratio: Range, generator: Generator | None
) -> tuple[Tensor, Tensor]:
    """Heights and widths in whole pixels, some of which may not fit, float64."""
    area = size[0] * size[1] * _uniform(shape, *scale, generator)
    aspect = _uniform(shape, math.log(ratio[0]), math.log(ratio[1]), generator).exp()
    return (area * aspect).sqrt().round(), (area / aspect).sqrt().round()


def _place(height: Tensor, width: Tensor, size: Size, generator: Generator | None) -> Tensor:
    """Rectangles of these shapes anywhere inside the image, all places alike."""
    top, left = (
        (_uniform(part.shape, 0, 1, generator) * (full - part + 1)).floor()
        for part, full in zip((height, width), size, strict=True)
    )
    return torch.stack([top, left, top + height, left + width], 1).long()


def _uniform(shape: tuple[int, ...], low: float, high: float, generator: Generator | None) -> Tensor:
    return low + (high - low) * torch.rand(shape, generator=generator, dtype=torch.float64, device="cpu")
