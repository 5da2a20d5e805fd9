"""The fifteen operations of the learned and the random policies, at a magnitude given for each image.

They follow torchvision's on uint8 tensors: tables exactly; geometric ones too, but for places right between two pixels,
which may be rounded to the other one, and to one level where they interpolate; blends to one level.
"""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from robustmoll.data.augment.base import Size
from robustmoll.data.augment.blends import BLENDS, blend
from robustmoll.data.augment.tables import LEVELS, TABLES, look_up, to_levels
from robustmoll.data.augment.warp import affine, bilinear, nearest

__all__ = ["OPERATIONS", "SIGNED", "apply_operations", "index", "move_warp"]

MOVES = ("ShearX", "ShearY", "TranslateX", "TranslateY", "Rotate")
OPERATIONS = ("Identity", *MOVES, *TABLES, *BLENDS)
"""Their names; a draw holds indices into them. Those that share their work are neighbours."""

SIGNED = frozenset({*MOVES, *BLENDS})
"""Those whose magnitude has either sign with the same probability."""


def index(name: str) -> int:
    """Returns the index of an operation."""
    return OPERATIONS.index(name)


def apply_operations(x: Tensor, operation: Tensor, magnitude: Tensor, interpolate: bool = False) -> Tensor:
    """Applies one operation to each image.

    The batch is sorted by operation, so that each is computed once for all of its images, and then put back in order.

    Args:
        x: Images, uint8, shape (n, C, H, W).
        operation: Indices into `OPERATIONS`, shape (n,), on the CPU.
        magnitude: Shape (n,), float64, on the CPU: shear as a tangent, translation in pixels, rotation in degrees to
            the left, 1 less than the factor for Brightness, Contrast, Color and Sharpness, bits for Posterize, the
            threshold as a share of 255 for Solarize; ignored by the others.
        interpolate: Whether geometric operations interpolate; otherwise they take the nearest pixel.

    Returns:
        Images, uint8, shape of x.
    """
    order = operation.argsort(stable=True)
    operation, magnitude = operation[order], magnitude[order]
    x = x.index_select(0, order.to(x.device, non_blocking=True))
    counts = torch.bincount(operation, minlength=len(OPERATIONS)).tolist()
    for own, function in FAMILIES:
        start = sum(counts[: own.start])
        stop = start + sum(counts[own])
        if start < stop:
            x[start:stop] = function(x[start:stop], operation[start:stop], magnitude[start:stop], interpolate)
    return x.index_select(0, order.argsort().to(x.device, non_blocking=True))


def move_warp(operation: Tensor, magnitude: Tensor, size: Size) -> Tensor:
    """Returns the maps of geometric operations on images of that size, see `robustmoll.data.augment.warp`."""
    values = torch.zeros(len(operation), len(MOVES), dtype=torch.float64, device="cpu")
    values.scatter_(1, operation[:, None] - index(MOVES[0]), magnitude[:, None])
    shear, translation, degrees = values.split((2, 2, 1), 1)
    # Shears keep the first row or column in its place, not the middle one; translations are by whole pixels.
    half = shear.new_tensor([size[0] / 2, size[1] / 2])
    return affine(degrees, shear, torch.addcmul(-translation.trunc(), shear, half), size)


def _moves(x: Tensor, operation: Tensor, magnitude: Tensor, interpolate: bool) -> Tensor:
    size = (x.shape[-2], x.shape[-1])
    warp = move_warp(operation, magnitude, size)
    return to_levels(bilinear(x.float(), warp).round_()) if interpolate else nearest(x, warp, size)


def _tables(x: Tensor, operation: Tensor, magnitude: Tensor, interpolate: bool) -> Tensor:
    tables = torch.empty(*x.shape[:2], LEVELS, device=x.device)
    for function, table, images, strength in _parts(TABLES, operation, tables, x, _on(x, magnitude)[:, :, 0]):
        table.copy_(function(images, strength))
    return look_up(x, to_levels(tables))


def _blends(x: Tensor, operation: Tensor, magnitude: Tensor, interpolate: bool) -> Tensor:
    levels = x.float()
    others = torch.empty_like(levels)
    for function, other, images in _parts(BLENDS, operation, others, levels):
        other.copy_(function(images))
    return blend(levels, others, _on(x, magnitude))


def _parts(table: dict[str, Callable[..., Tensor]], operation: Tensor, *tensors: Tensor) -> Iterator[tuple[Any, ...]]:
    """The functions that occur, each with its part of the tensors, which are sorted by operation."""
    first = index(next(iter(table)))
    counts = torch.bincount(operation - first, minlength=len(table)).tolist()
    for function, *parts in zip(table.values(), *(tensor.split(counts) for tensor in tensors), strict=True):
        if len(parts[0]):
            yield function, *parts


def _on(x: Tensor, magnitude: Tensor) -> Tensor:
    """Magnitudes beside images: float32, shape (n, 1, 1, 1), on their device."""
    return magnitude.to(x.device, torch.float32, non_blocking=True)[:, None, None, None]


FAMILIES = tuple(
    (slice(index(names[0]), index(names[-1]) + 1), function)
    for names, function in ((MOVES, _moves), (list(TABLES), _tables), (list(BLENDS), _blends))
)
"""Operations that share their work, as slices of `OPERATIONS`."""
