"""Colour operations that map grey levels to grey levels: one look-up table of 256 entries for each image and channel.

A table costs nothing beside an image, so its entries are computed in float32 and then cut to whole levels, as
torchvision does with every pixel; applying any of them is one gather. A new one is a function and a row in `TABLES`.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from robustmoll.kept import kept

__all__ = ["LEVELS", "TABLES", "look_up", "to_levels"]

LEVELS = 256


def posterize(x: Tensor, magnitude: Tensor) -> Tensor:
    """Keeps the highest bits; magnitude says how many."""
    step = torch.exp2(8 - magnitude)
    return (_levels(x) / step).floor_() * step


def solarize(x: Tensor, magnitude: Tensor) -> Tensor:
    """Inverts the levels at or above 255 magnitude."""
    levels = _levels(x)
    return torch.where(levels >= 255 * magnitude, 255 - levels, levels)


def auto_contrast(x: Tensor, magnitude: Tensor) -> Tensor:
    """Stretches each channel to 0 ... 255, unless it has one level only."""
    flat = x.flatten(2)
    low, high = flat.amin(2, keepdim=True).float(), flat.amax(2, keepdim=True).float()
    flat_channel = low == high
    scale = torch.where(flat_channel, 1, (high - low) * (1 / 255))
    return (_levels(x) - torch.where(flat_channel, 0, low)) / scale


def equalize(x: Tensor, magnitude: Tensor) -> Tensor:
    """Spreads the levels of each channel so that all are about equally frequent, in whole steps as Pillow does."""
    flat = x.flatten(2).long()
    # Whole numbers in float32, exact up to 2^24 pixels: divided several times as fast as integers.
    counts = torch.zeros(*flat.shape[:2], LEVELS, device=x.device)
    counts.scatter_add_(2, flat, torch.ones((), device=x.device).expand_as(flat))
    brightest = counts.gather(2, x.flatten(2).amax(2, keepdim=True).long())
    step = ((flat.shape[2] - brightest) / (LEVELS - 1)).floor_()
    below = counts.cumsum(2).sub_(counts)
    spread = below.add_((step / 2).floor_()).div_(step.clamp(min=1)).floor_()
    levels = _levels(x)
    return spread.sub_(levels).mul_(step > 0).add_(levels)  # too few pixels to spread: all levels stay


def invert(x: Tensor, magnitude: Tensor) -> Tensor:
    """Exchanges light and dark."""
    return (255 - _levels(x)).expand(len(x), 1, LEVELS)


TABLES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "Posterize": posterize,
    "Solarize": solarize,
    "AutoContrast": auto_contrast,
    "Equalize": equalize,
    "Invert": invert,
}
"""Functions of images, uint8 (n, C, H, W), and magnitudes, float32 (n, 1, 1), to tables (n, 1 or C, 256) of float32."""


def look_up(x: Tensor, table: Tensor) -> Tensor:
    """Returns images whose levels are replaced by a table's.

    Args:
        x: Images, uint8, shape (n, C, H, W).
        table: uint8, shape (n, C, 256).
    """
    return table.gather(2, x.flatten(2).long()).view_as(x)


def to_levels(x: Tensor) -> Tensor:
    """Cuts float levels, which are overwritten, to whole ones in 0 ... 255, uint8."""
    # By way of int16, which the CPU converts three times as fast as float to uint8.
    return x.clamp_(0, 255).to(torch.int16).to(torch.uint8)


def _levels(x: Tensor) -> Tensor:
    return _all_levels(x.device)


@kept(8)
def _all_levels(device: torch.device) -> Tensor:
    return torch.arange(LEVELS, dtype=torch.float32, device=device)
