"""Flip, crop and rotate: pixels move, none changes.

Neighbours of these are merged by `Augmentations`: whole-pixel moves and a rotation after them are one affine map, and
one pass over the pixels instead of three gives the same images.
"""

from abc import abstractmethod
from collections.abc import Sequence

import numpy as np
import torch
from torch import Generator, Tensor

from robustmoll.data.augment.base import AugmentDraw, ImageAugmentation, Size, rand
from robustmoll.data.augment.warp import Maps, affine, merge, nearest, still

__all__ = ["Move", "RandomCrop", "RandomHorizontalFlip", "RandomRotation", "merge_moves"]


class Move(ImageAugmentation):
    """An augmentation that is an affine map, nearest pixel; what comes from beyond the image is black.

    Attributes:
        whole_pixels: Whether it moves by whole pixels along the axes, so that a later map can be merged with it.
    """

    whole_pixels: bool = True

    @abstractmethod
    def draw_maps(self, n: int, size: Size, generator: Generator | None) -> Maps:
        """Draws the maps of n images, see `robustmoll.data.augment.warp`. Arguments and errors as for `draw`."""

    def draw(self, n: int, size: Size, generator: Generator | None = None) -> AugmentDraw:
        return {"warp": torch.from_numpy(self.draw_maps(n, size, generator))}

    def apply(self, x: Tensor, draw: AugmentDraw) -> Tensor:
        return nearest(x, draw["warp"], self.output_size((x.shape[-2], x.shape[-1])))


class RandomHorizontalFlip(Move):
    """Mirrors left and right.

    Args:
        p: Probability, in [0, 1].

    Raises:
        ValueError: If p is out of its range.
    """

    def __init__(self, p: float = 0.5) -> None:
        if not 0 <= p <= 1:
            raise ValueError(f"RandomHorizontalFlip needs p in [0, 1], got {p}")
        self.p = p

    def draw_maps(self, n: int, size: Size, generator: Generator | None) -> Maps:
        maps = still(n, size)
        maps[rand(n, generator=generator).numpy() < self.p, 0, 0] = -1
        return maps


class RandomCrop(Move):
    """Cuts a window out of the image with a black border around it, at any place alike.

    Args:
        size: Height and width of the window; None keeps the image's.
        padding: Width of the border in pixels, at least 0.

    Raises:
        ValueError: If an argument is out of its range, or, when drawn for images, if the window does not fit.
    """

    def __init__(self, size: int | None = None, padding: int = 4) -> None:
        if padding < 0 or (size is not None and size < 1):
            raise ValueError(f"RandomCrop needs padding >= 0 and size >= 1, got {padding=}, {size=}")
        self.padding, self.size = padding, size

    def output_size(self, size: Size) -> Size:
        return size if self.size is None else (self.size, self.size)

    def draw_maps(self, n: int, size: Size, generator: Generator | None) -> Maps:
        window = self.output_size(size)
        room = [full + 2 * self.padding - part for full, part in zip(size, window, strict=True)]
        if min(room) < 0:
            raise ValueError(
                f"a crop of {window[0]} x {window[1]} pixels does not fit into images of {size[0]} x {size[1]}"
                f" with padding {self.padding}; crop less or pad more"
            )
        # How far the window's middle lies from the image's: -room / 2 ... room / 2 in steps of a pixel.
        maps = still(n, size)
        for row, r in enumerate(reversed(room)):
            maps[:, row, 2] = torch.randint(r + 1, (n,), generator=generator, device="cpu").numpy() - r / 2
        return maps


class RandomRotation(Move):
    """Rotates around the middle, by any angle alike.

    Args:
        degrees: Greatest angle to either side, in [0, 180].

    Raises:
        ValueError: If the angle is out of its range.
    """

    whole_pixels = False

    def __init__(self, degrees: float = 15.0) -> None:
        if not 0 <= degrees <= 180:
            raise ValueError(f"RandomRotation needs degrees in [0, 180], got {degrees}")
        self.degrees = degrees

    def draw_maps(self, n: int, size: Size, generator: Generator | None) -> Maps:
        degrees = (2 * rand(n, generator=generator).numpy().astype(np.float64) - 1) * self.degrees
        none = np.zeros_like(degrees)
        return affine(degrees, (none, none), (none, none), size)


class Moves(Move):
    """Several moves in one pass; all but the last move by whole pixels."""

    def __init__(self, moves: Sequence[Move]) -> None:
        self.moves = moves
        self.whole_pixels = moves[-1].whole_pixels

    def output_size(self, size: Size) -> Size:
        for move in self.moves:
            size = move.output_size(size)
        return size

    def draw_maps(self, n: int, size: Size, generator: Generator | None) -> Maps:
        maps = self.moves[0].draw_maps(n, size, generator)
        for before, move in zip(self.moves, self.moves[1:], strict=False):
            size = before.output_size(size)
            maps = merge(maps, move.draw_maps(n, size, generator))
        return maps


def merge_moves(steps: Sequence[ImageAugmentation]) -> list[ImageAugmentation]:
    """Returns steps that do the same with fewer passes over the pixels."""
    merged: list[ImageAugmentation] = []
    for step in steps:
        before = merged[-1] if merged else None
        if isinstance(before, Move) and before.whole_pixels and isinstance(step, Move):
            merged[-1] = Moves([before, step])
        else:
            merged.append(step)
    return merged
