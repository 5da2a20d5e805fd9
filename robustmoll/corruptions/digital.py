"""Digital: contrast, elastic transform, pixelate, JPEG; saturate is one of the extra four.

Quirks of the original that are kept:

- `contrast`: the mean is that of each channel, not of the image;
- `elastic_transform`: the affine jitter is centred on (H // 2, W // 2) with a reach of a third of the
  shorter side; the displacement is smoothed with scipy's border "reflect" and 3 standard deviations of
  reach; for ImageNet the constants are multiples of 244, not 224;
- `pixelate`: Pillow's box filter gives each pixel that belongs to a box the same weight, and rounds between
  its passes;
- `saturate`: a grey pixel counts as red, and turns red where something is added to its saturation.

Differences:

- `elastic_transform` samples at exact positions with exactly mirrored borders; the original's OpenCV
  rounded positions to 1/32 pixel, and its scipy (1.0) read the wrong pixel just outside the border. Today's
  OpenCV and scipy do neither;
- `pixelate` gives a row that lies on the edge between two boxes to the one today's Pillow gives it to; the
  standard sizes have no such row;
- `jpeg_compression` is libjpeg-turbo's, by way of the CPU, as in today's Pillow; the original's libjpeg 9
  differs.
"""

import torch
from kornia_rs.io import decode_image_jpegturbo, encode_image_jpegturbo
from torch import Tensor

from robustmoll.corruptions.colour import value
from robustmoll.corruptions.filters import gaussian_filter, transposed, weighted_rows
from robustmoll.corruptions.registry import corruption
from robustmoll.corruptions.warp import affine_positions, inverse_affine, moved_positions, sample
from robustmoll.counter_rng import CounterRNG
from robustmoll.kept import kept

TINY = 1e-5  # what counts as nothing, of saturation and of chroma in grey levels


@corruption("digital")
def contrast(x: Tensor, rng: CounterRNG, factor: float) -> Tensor:
    """Pulls each value towards the mean of its channel in its image: mean + factor (x - mean)."""
    # Row by row: the order of summation is then the same for any batch and any number of threads.
    mean = x.mean(dim=3, keepdim=True).mean(dim=2, keepdim=True)
    return x.sub_(mean).mul_(factor).add_(mean)


@corruption("digital")
def elastic_transform(x: Tensor, rng: CounterRNG, alpha: float, sigma: float, jitter: float) -> Tensor:
    """An affine jitter, then smooth random displacements.

    Args:
        x: Images.
        rng: Six numbers per image, two per pixel.
        alpha: Factor of the smoothed displacements, in pixels.
        sigma: Smoothness of the displacements, in pixels.
        jitter: Farthest move of each of three points that define the affine map, in pixels.
    """
    height, width = x.shape[-2:]
    moves = (rng.scalars(6) * 2 - 1) * jitter
    back = inverse_affine(moves.view(-1, 3, 2), height, width)
    x = sample(x, affine_positions(back, height, width, x.device), edge_repeats=False)
    if alpha == 0:
        return x
    shift = rng.uniform(2, height, width).mul_(2).sub_(1)
    shift = gaussian_filter(shift, sigma, border="reflect", truncate=3).mul_(alpha)
    return sample(x, moved_positions(shift), edge_repeats=True)


@corruption("digital", whole=True)
def pixelate(x: Tensor, rng: CounterRNG, factor: float) -> Tensor:
    """Shrinks to int(factor * size) with Pillow's box filter and enlarges again by repeating pixels.

    Args:
        x: Images.
        rng: Not used.
        factor: Size of the small image in terms of the large one.
    """
    height, width = x.shape[-2:]
    small_height, small_width = int(height * factor), int(width * factor)
    small = shrunk_rows(transposed(shrunk_rows(transposed(x), small_width)), small_height).to(torch.uint8)
    wide = transposed(small).index_select(2, nearest_index(small_width, width, x.device))
    return transposed(wide).index_select(2, nearest_index(small_height, height, x.device))


@corruption("digital", whole=True)
def jpeg_compression(x: Tensor, rng: CounterRNG, quality: float) -> Tensor:
    """Encodes and decodes as JPEG, chroma at half resolution.

    Args:
        x: Images; brought to the CPU, one by one.
        rng: Not used.
        quality: 1 to 100, rounded.
    """
    batch, channels, height, width = x.shape
    # From planes to pixels and back by way of whole columns, which are moved at once.
    columns = transposed(x.expand(-1, 3, -1, -1).cpu()).movedim(1, 2)
    pixels = transposed(columns.reshape(batch, 1, 3 * width, height))
    for image in pixels.view(batch, height, width, 3).numpy():
        image[...] = decode_image_jpegturbo(encode_image_jpegturbo(image, round(quality)), "rgb")
    columns = transposed(pixels).view(batch, width, 3, height).movedim(2, 1)
    return transposed(columns)[:, :channels].to(x.device)


@corruption("extra", colour=True)
def saturate(x: Tensor, rng: CounterRNG, factor: float, added: float) -> Tensor:
    """Changes the S of HSV to S' = factor S + added, clipped: V - (V - x) S' / S."""
    brightest = value(x)
    chroma = brightest - x.amin(dim=1, keepdim=True)
    inverse = brightest / chroma.clamp(min=TINY)  # 1 / S; S' / S is the lesser of it and factor + added / S
    change = inverse.clamp(max=factor) if added == 0 else torch.minimum(inverse, inverse * added + factor)
    y = torch.addcmul(brightest, x.sub_(brightest), change)
    # A grey pixel has no hue: HSV calls it red, and only green and blue fall when it gains saturation.
    if added > 0:
        y[:, 1:] -= (1 - chroma / TINY).clamp_(min=0).mul_(brightest).mul_(added)
    return y


def shrunk_rows(x: Tensor, small: int) -> Tensor:
    """Averages rows of whole grey levels into `small` rows, rounded half up as Pillow does."""
    index, weights, count = box_rows(x.shape[2], small, x.device)
    return weighted_rows(x.to(torch.float32), index, weights).div_(count).add_(0.5).floor_()


@kept(64)
def box_rows(large: int, small: int, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """Which of `large` rows lie in which of `small` boxes; a row that an edge cuts lies in one of the two.

    Returns:
        Index and weights for `weighted_rows`, (small, K): weights are 1, or 0 where a box has fewer than K
        rows; and the number of rows in each box, (small, 1).
    """
    centre = (torch.arange(small, dtype=torch.float64)[:, None] + 0.5) * large / small
    offset = (torch.arange(large, dtype=torch.float64) - centre + 0.5) * small / large
    inside = (offset > -0.5) & (offset <= 0.5)
    first, count = inside.to(torch.uint8).argmax(dim=1, keepdim=True), inside.sum(dim=1, keepdim=True)
    members = torch.arange(int(count.max()))
    index, weights = (first + members).clamp(max=large - 1), members < count
    return index.to(device, torch.int32), weights.to(device, torch.float32), count.to(device, torch.float32)


@kept(64)
def nearest_index(small: int, large: int, device: torch.device) -> Tensor:
    """For each of `large` pixels the one of `small` pixels in whose place it stands."""
    centre = (torch.arange(large, dtype=torch.float64) + 0.5) * small / large
    return centre.floor().long().to(device)
