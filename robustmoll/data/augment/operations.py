"""The fifteen operations of the learned and the random policies, at a magnitude given for each image.

They follow torchvision's on uint8 tensors: tables exactly; geometric ones too, but for places right between two pixels,
which may be rounded to the other one, and to one level where they interpolate; blends to one level.
"""

from collections.abc import Callable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from robustmoll.data.augment.base import Size
from robustmoll.data.augment.blends import BLENDS, blend
from robustmoll.data.augment.tables import TABLES, look_up, to_levels
from robustmoll.data.augment.warp import affine, bilinear, nearest

__all__ = ["OPERATIONS", "SIGNED", "apply_operations", "index", "move_maps"]

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]
Function = Callable[..., Tensor]

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
    What is only a number per image is NumPy's, whose calls cost a fraction of PyTorch's for so few.

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
    order = np.argsort(operation.numpy(), kind="stable")
    drawn, strength = operation.numpy()[order], magnitude.numpy()[order]
    x = x.index_select(0, torch.from_numpy(order).to(x.device, non_blocking=True))
    counts = np.bincount(drawn, minlength=len(OPERATIONS)).tolist()
    for own, function in FAMILIES:
        start = sum(counts[: own.start])
        stop = start + sum(counts[own])
        if start < stop:
            members = slice(start, stop)
            x[members] = function(x[members], drawn[members], strength[members], interpolate)
    return x.index_select(0, torch.from_numpy(np.argsort(order)).to(x.device, non_blocking=True))


def move_maps(operation: Integers, magnitude: Floats, size: Size) -> Floats:
    """Returns the maps of geometric operations on images of that size, see `robustmoll.data.augment.warp`."""
    values = np.zeros((len(MOVES), len(operation)))
    values[operation - index(MOVES[0]), np.arange(len(operation))] = magnitude
    shear_x, shear_y, across, down, degrees = values
    # Shears keep the first row or column in its place, not the middle one; translations are by whole pixels.
    shift_x, shift_y = shear_x * (size[0] / 2) - np.trunc(across), shear_y * (size[1] / 2) - np.trunc(down)
    return affine(degrees, (shear_x, shear_y), (shift_x, shift_y), size)


def _moves(x: Tensor, operation: Integers, magnitude: Floats, interpolate: bool) -> Tensor:
    size = (x.shape[-2], x.shape[-1])
    maps = torch.from_numpy(move_maps(operation, magnitude, size))
    return to_levels(bilinear(x.float(), maps).round_()) if interpolate else nearest(x, maps, size)


def _tables(x: Tensor, operation: Integers, magnitude: Floats, interpolate: bool) -> Tensor:
    strength = _on(x, magnitude)[:, :, 0]
    tables = [
        function(x[part], strength[part]).expand(-1, x.shape[1], -1) for function, part in _parts(TABLES, operation)
    ]
    return look_up(x, to_levels(torch.cat(tables)))


def _blends(x: Tensor, operation: Integers, magnitude: Floats, interpolate: bool) -> Tensor:
    levels = x.float()
    others = [function(levels[part]).expand(-1, *x.shape[1:]) for function, part in _parts(BLENDS, operation)]
    return blend(levels, torch.cat(others), _on(x, magnitude))


def _parts(table: dict[str, Function], operation: Integers) -> Iterator[tuple[Function, slice]]:
    """The functions that occur, each with its part of the images, which are sorted by operation."""
    stop = 0
    counts = np.bincount(operation - index(next(iter(table))), minlength=len(table)).tolist()
    for function, count in zip(table.values(), counts, strict=True):
        start, stop = stop, stop + count
        if count:
            yield function, slice(start, stop)


def _on(x: Tensor, magnitude: Floats) -> Tensor:
    """Magnitudes beside images: float32, shape (n, 1, 1, 1), on their device."""
    return torch.from_numpy(magnitude.astype(np.float32)).to(x.device, non_blocking=True)[:, None, None, None]


FAMILIES = tuple(
    (slice(index(names[0]), index(names[-1]) + 1), function)
    for names, function in ((MOVES, _moves), (list(TABLES), _tables), (list(BLENDS), _blends))
)
"""Operations that share their work, as slices of `OPERATIONS`."""
