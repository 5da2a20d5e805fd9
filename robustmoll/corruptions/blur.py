"""Blur: defocus, glass, motion and zoom blur; gaussian blur is one of the extra four.

Quirks of the original that are kept:

- `defocus_blur`: from radius 8 up the disk touches the edge of its grid, and the antialiasing mirrors
  there, so the kernel sums to more than one (1.013 at radius 8) and brightens the image;
- `glass_blur`: the offset of a pixel is never +max_delta; the swap of two pixels is a copy, since the
  original swaps views of one array; a frame of the image is never reached; pixels are visited in order,
  later ones seeing what the earlier ones did;
- `motion_blur`: one-sided, so the image shifts against the direction of motion; ImageMagick works in 16
  bits, whose rounding precedes the truncation to 8;
- `zoom_blur`: the factors are those of `numpy.arange`, whose end point slips in by rounding at severity 1
  and 2; the clean image counts twice; the enlarged image is anchored at the upper left where it is one
  pixel larger than the frame.
"""

import math

import torch
from torch import Tensor

from robustmoll.corruptions.filters import Rows, filter_matrix, gaussian_filter, gaussian_taps, neighbours, separable
from robustmoll.corruptions.glass import shuffled
from robustmoll.corruptions.motion import drag, mean_zoom
from robustmoll.corruptions.registry import corruption
from robustmoll.counter_rng import CounterRNG
from robustmoll.kept import kept


@corruption("blur", copies=4)
def defocus_blur(x: Tensor, rng: CounterRNG, radius: float, alias_blur: float) -> Tensor:
    """Correlation with a disk of `radius` pixels, itself smoothed by a Gaussian of `alias_blur` pixels."""
    return separable(x, *disk_rows(radius, alias_blur, *x.shape[-2:], x.device))


@corruption("blur")
def glass_blur(x: Tensor, rng: CounterRNG, sigma: float, max_delta: float, iterations: float) -> Tensor:
    """Gaussian blur in whole grey levels, pixels displaced at random, Gaussian blur.

    Args:
        x: Images.
        rng: Two numbers per pixel and iteration.
        sigma: Of both blurs, in pixels.
        max_delta: Farthest displacement in pixels, rounded.
        iterations: How often pixels are displaced, rounded.
    """
    height, width = x.shape[-2:]
    levels = gaussian_filter(x, sigma).floor_()
    delta = round(max_delta)
    moves = [rng.integers(2 * delta, 2, height, width) for _ in range(round(iterations))]
    return gaussian_filter(shuffled(levels, moves, delta), sigma)


@corruption("blur")
def motion_blur(x: Tensor, rng: CounterRNG, radius: float, sigma: float) -> Tensor:
    """A trail of 2 ceil(radius) + 1 pixels, at -45 to 45 degrees, that fades like a Gaussian of `sigma`."""
    angle = rng.scalars(1)[:, 0] * 90 - 45
    return drag(x, angle, radius, sigma)


@corruption("blur", copies=4)
def zoom_blur(x: Tensor, rng: CounterRNG, start: float, stop: float, step: float) -> Tensor:
    """The mean of the image, and of it enlarged by each of the factors `numpy.arange(start, stop, step)`."""
    return mean_zoom(x, (1.0, *arange(start, stop, step)))


@corruption("extra")
def gaussian_blur(x: Tensor, rng: CounterRNG, sigma: float) -> Tensor:
    """scipy's Gaussian filter with the border pixels repeated."""
    return gaussian_filter(x, sigma)


def arange(start: float, stop: float, step: float) -> list[float]:
    """The numbers of `numpy.arange`, bit for bit: their rounding decides how large an enlarged image is."""
    increment = (start + step) - start
    return [start + i * increment for i in range(math.ceil((stop - start) / step))]


@kept(64)
def disk_rows(radius: float, alias_blur: float, height: int, width: int, device: torch.device) -> tuple[Rows, Rows]:
    """The kernel of `defocus_blur` as what `separable` needs.

    A disk has few different rows. So the filters along rows are these, smoothed; those along columns sum
    them, at the places that they have in the disk.
    """
    across, down = disk(radius, alias_blur)
    reach = across.shape[1] // 2
    columns = neighbours(width, reach, "mirror").repeat(len(across), 1), across.repeat_interleave(width, 0)
    which, place = down.T.nonzero(as_tuple=True)
    rows = neighbours(height, reach, "mirror")[:, place] + which * height, down.T[which, place]
    across_rows, down_rows = ((i.to(device, torch.int32), w.to(device, torch.float32)) for i, w in (columns, rows))
    return across_rows, down_rows


def disk(radius: float, alias_blur: float) -> tuple[Tensor, Tensor]:
    """The kernel of `defocus_blur`, square and of odd size, as a product of few rows and few columns.

    Returns:
        Rows (F, n) and columns (n, F), float64; columns @ rows is the kernel.
    """
    reach, smooth_reach = (8, 1) if radius <= 8 else (math.ceil(radius), 2)
    square = torch.arange(-reach, reach + 1, dtype=torch.float64).square()
    inside = (square[:, None] + square <= radius**2).to(torch.float64)
    rows, which = inside.unique(dim=0, return_inverse=True)
    smooth = filter_matrix(len(square), gaussian_taps(alias_blur, smooth_reach), "mirror")
    columns = torch.nn.functional.one_hot(which).to(torch.float64) / inside.sum()
    filled = rows.any(dim=1)
    return rows[filled] @ smooth.T, smooth @ columns[:, filled]
