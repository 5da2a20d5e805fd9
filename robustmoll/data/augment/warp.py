r"""Pixels moved by one affine map per image: the maths of geometric augmentations.

A map takes a place q of the result to the place p of the source where its pixel comes from, both as (x, y) in pixels
from the middle of their image:

.. math:: p = L q + s

The maps of a batch are one tensor `warp`, shape (n, 2, 5), float64, on the CPU, with a row for x and one for y. Its
columns are the two of L, then s, then the least and the greatest p that the source may be asked for; elsewhere the
result is black. One small tensor, as every further one costs a step on the way to the device.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import grid_sample

from robustmoll.data.augment.base import Size
from robustmoll.kept import kept

__all__ = ["Maps", "affine", "bilinear", "merge", "nearest", "still"]

Maps = NDArray[np.float64]


def still(n: int, source: Size) -> Maps:
    """Returns the maps that leave n images as they are."""
    x, y = middle(source)
    maps = np.zeros((n, 2, 5))
    maps[:, 0, 0] = maps[:, 1, 1] = 1
    maps[:, :, 4] = x, y
    maps[:, :, 3] = -x, -y
    return maps


def affine(degrees: Maps, shear: Sequence[Maps], shift: Sequence[Maps], source: Size) -> Maps:
    """Returns the maps of images that are rotated, sheared and shifted.

    Args:
        degrees: Angle, positive to the left, shape (n,).
        shear: Pixels of x a pixel of y, and of y a pixel of x, each of shape (n,).
        shift: s of x and of y, in pixels, each of shape (n,).
        source: Height and width of the images.
    """
    angle = np.deg2rad(degrees)
    maps, sin = still(len(degrees), source), np.sin(angle)
    maps[:, 0, 0] = maps[:, 1, 1] = np.cos(angle)
    maps[:, 0, 1], maps[:, 1, 0] = shear[0] - sin, shear[1] + sin
    maps[:, 0, 2], maps[:, 1, 2] = shift
    return maps


def merge(first: Maps, then: Maps) -> Maps:
    """Returns the maps that do what `first` does to images and then `then` to its results.

    `first` must move by whole pixels along the axes, and `then` must be no merged one; then the two together are, pixel
    by pixel, the one.
    """
    merged = then.copy()
    merged[:, :, :3] *= np.einsum("nii->ni", first[:, :, :2])[:, :, None]  # all that L has: 1, or -1 for a flip
    merged[:, :, 2:] += first[:, :, 2:3]
    np.maximum(merged[:, :, 3], first[:, :, 3], out=merged[:, :, 3])
    np.minimum(merged[:, :, 4], first[:, :, 4], out=merged[:, :, 4])
    return merged


def nearest(x: Tensor, warp: Tensor, size: Size) -> Tensor:
    """Takes each pixel from the nearest one of the source.

    Args:
        x: Images, any dtype, shape (n, C, H, W), H and W up to 10,000.
        warp: Their maps.
        size: Height and width of the result.

    Returns:
        Images, shape (n, C, *size), dtype of x.
    """
    n, channels, height, width = x.shape
    maps = warp.numpy().astype(np.float32)
    # From here on in pixels from the first one of the source.
    maps[:, :, 2:] += np.array(middle((height, width)), dtype=np.float32)[:, None]
    places, *bounds = _sources(torch.from_numpy(maps).to(x.device, non_blocking=True), size)
    # As int16 these passes over all pixels cost half. In place, as comparisons that make booleans are slow on the CPU.
    places, low, high = (part.to(torch.int16) for part in (places.round_(), *bounds))
    index = torch.maximum(places, low)
    torch.minimum(index, high, out=index)
    inside = places.eq_(index)
    inside = inside[:, 0].bitwise_and_(inside[:, 1]).to(torch.uint8)[:, None]
    if height * width >= 2**15:
        index = index.to(torch.int32)
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
    half = np.array(middle(size))[:, None] + 0.5
    maps = torch.from_numpy(warp.numpy() / half)  # -1 and 1 are the edges of the image
    places, _, _ = _sources(maps.to(x.device, x.dtype, non_blocking=True), size)
    return grid_sample(x, places.permute(0, 2, 3, 1), mode="bilinear", align_corners=False)


def _sources(warp: Tensor, size: Size) -> tuple[Tensor, Tensor, Tensor]:
    """The sources L q + s of all pixels q of the results, shape (n, 2, *size), and what they may be asked for."""
    x, y = _places(size, warp.device, warp.dtype)
    by_x, by_y, shift, low, high = warp[..., None, None].unbind(2)
    # The shift last: a place right between two pixels is then rounded like its mirror image, as torchvision does.
    return (by_x * x + by_y * y).add_(shift), low, high


def middle(size: Size) -> tuple[float, float]:
    """Returns x and y of the middle of an image in pixels from its first one."""
    return (size[1] - 1) / 2, (size[0] - 1) / 2


@kept(32)
def _places(size: Size, device: torch.device, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """x of each column, shape (W,), and y of each row, shape (H, 1), in pixels from the middle."""
    x, y = (torch.arange(full, device=device, dtype=dtype) - (full - 1) / 2 for full in reversed(size))
    return x, y[:, None]
