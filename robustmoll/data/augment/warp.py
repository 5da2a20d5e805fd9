r"""Pixels moved by one affine map an image: the maths of geometric augmentations.

A map takes a place q of the result to the place p of the source where its pixel comes from, both as (x, y) in pixels
from the middle of their image:

.. math:: p = L q + s

The maps of a batch are one tensor `warp`, shape (n, 2, 5), float64, on the CPU, with a row for x and one for y. Its
columns are the two of L, then s, then the least and the greatest p that the source may be asked for; elsewhere the
result is black. One small tensor, as every further one costs a step on the way to the device.
"""

import math
from collections.abc import Sequence
from functools import lru_cache

import torch
from torch import Tensor
from torch.nn.functional import grid_sample

from robustmoll.data.augment.base import Size

__all__ = ["affine", "bilinear", "merge", "nearest", "still"]


def still(n: int, source: Size) -> Tensor:
    """Returns the maps that leave n images as they are."""
    return _still(source).expand(n, 2, 5).clone(memory_format=torch.contiguous_format)


def affine(degrees: Tensor, shear: Tensor, shift: Tensor, source: Size) -> Tensor:
    """Returns the maps of images that are rotated, sheared and shifted.

    Args:
        degrees: Angle, positive to the left, shape (n, 1), float64.
        shear: Pixels of x a pixel of y, and of y a pixel of x, shape (n, 2), float64.
        shift: s, shape (n, 2), float64.
        source: Height and width of the images.
    """
    angle = degrees * (math.pi / 180)
    parts = torch.cat([angle.cos() - 1, angle.sin(), shear, shift], 1)
    return torch.addmm(_still(source).flatten(), parts, _PARTS).view(-1, 2, 5)


def merge(first: Tensor, then: Tensor) -> Tensor:
    """Returns the maps that do what `first` does to images and then `then` to its results.

    `first` must move by whole pixels along the axes, and `then` must be no merged one; then the two together are, pixel
    by pixel, the one.
    """
    merged = then.clone()
    merged[:, :, :3].mul_(first.diagonal(dim1=1, dim2=2)[:, :, None])  # all that L has: 1, or -1 for a flip
    merged[:, :, 2:].add_(first[:, :, 2:3])
    torch.maximum(merged[:, :, 3], first[:, :, 3], out=merged[:, :, 3])
    torch.minimum(merged[:, :, 4], first[:, :, 4], out=merged[:, :, 4])
    return merged


def nearest(x: Tensor, warp: Tensor, size: Size) -> Tensor:
    """Takes each pixel from the nearest one of the source.

    Args:
        x: Images, any dtype, shape (n, C, H, W).
        warp: Their maps.
        size: Height and width of the result.

    Returns:
        Images, shape (n, C, *size), dtype of x.
    """
    n, channels, height, width = x.shape
    # From here on in pixels from the first one of the source.
    warp = torch.addcmul(warp, _middle((height, width)), _SHIFTED)
    places, low, high = _sources(warp.to(x.device, torch.float32, non_blocking=True), size)
    index = torch.maximum(places.round_(), low)
    torch.minimum(index, high, out=index)
    # In place, as comparisons that make a tensor of booleans and fills by one are several times slower on the CPU.
    inside = places.eq_(index)
    inside = inside[:, 0].mul_(inside[:, 1]).to(torch.uint8)[:, None]
    index = torch.add(index[:, 0], index[:, 1], alpha=width).to(torch.int64).view(n, 1, -1)
    moved = x.reshape(n, channels, -1).gather(2, index.expand(n, channels, -1))
    return moved.view(n, channels, *size).mul_(inside)


def bilinear(x: Tensor, warp: Tensor) -> Tensor:
    """Interpolates each pixel between the four around its place in the source, whose surroundings are black.

    Args:
        x: Images, float, shape (n, C, H, W).
        warp: Their maps, which may ask for any part of the source.

    Returns:
        Images, shape and dtype of x.
    """
    size = (x.shape[-2], x.shape[-1])
    scaled = warp / (_middle(size) + 0.5)  # -1 and 1 are the edges of the image
    places, _, _ = _sources(scaled.to(x.device, x.dtype, non_blocking=True), size)
    return grid_sample(x, places.permute(0, 2, 3, 1), mode="bilinear", align_corners=False)


def _sources(warp: Tensor, size: Size) -> tuple[Tensor, Tensor, Tensor]:
    """The sources L q + s of all pixels q of the results, shape (n, 2, *size), and what they may be asked for."""
    x, y = _places(size, warp.device, warp.dtype)
    by_x, by_y, shift, low, high = warp[..., None, None].unbind(2)
    # The shift last: a place right between two pixels is then rounded like its mirror image, as torchvision does.
    return (by_x * x + by_y * y).add_(shift), low, high


def _constant(rows: Sequence[Sequence[float]]) -> Tensor:
    with torch.inference_mode(False), torch.no_grad():  # else of no use in training later
        return torch.tensor(rows, dtype=torch.float64, device="cpu")


_SHIFTED = _constant([[0, 0, 1, 1, 1]])
_PARTS = _constant(
    [  # x and y of the source, each with the columns of a map
        [1, 0, 0, 0, 0, 0, 1, 0, 0, 0],  # cos - 1
        [0, -1, 0, 0, 0, 1, 0, 0, 0, 0],  # sin
        [0, 1, 0, 0, 0, 0, 0, 0, 0, 0],  # shear of x
        [0, 0, 0, 0, 0, 1, 0, 0, 0, 0],  # shear of y
        [0, 0, 1, 0, 0, 0, 0, 0, 0, 0],  # shift of x
        [0, 0, 0, 0, 0, 0, 0, 1, 0, 0],  # shift of y
    ]
)
"""What each part of an affine map adds to it, a row each."""


@lru_cache(maxsize=32)
def _middle(size: Size) -> Tensor:
    """x and y of the middle of an image in pixels from its first one, shape (2, 1)."""
    return _constant([[(size[1] - 1) / 2], [(size[0] - 1) / 2]])


@lru_cache(maxsize=32)
def _still(source: Size) -> Tensor:
    (x,), (y,) = _middle(source).tolist()
    return _constant([[1, 0, 0, -x, x], [0, 1, 0, -y, y]])


@lru_cache(maxsize=32)
def _places(size: Size, device: torch.device, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """x of each column, shape (W,), and y of each row, shape (H, 1), in pixels from the middle."""
    with torch.inference_mode(False), torch.no_grad():
        x, y = (torch.arange(full, device=device, dtype=dtype) - (full - 1) / 2 for full in reversed(size))
        return x, y[:, None]
