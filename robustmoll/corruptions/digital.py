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
- `jpeg_compression` is libjpeg-turbo's, by way of the CPU, as in today's Pillow; the original's libjpeg 9
  differs.
"""

from functools import lru_cache

import numpy as np
import torch
from kornia_rs.io import decode_image_jpegturbo, encode_image_jpegturbo
from torch import Tensor

from robustmoll.corruptions.colour import value
from robustmoll.corruptions.draws import Draws
from robustmoll.corruptions.filters import gaussian_filter
from robustmoll.corruptions.registry import corruption
from robustmoll.corruptions.warp import inverse_affine, pixel_grid, sample


@corruption("digital")
def contrast(x: Tensor, draws: Draws, factor: float) -> Tensor:
    """Pulls each value towards the mean of its channel in its image: mean + factor (x - mean)."""
    # Row by row: the order of summation is then the same for any batch and any number of threads.
    mean = x.mean(dim=3, keepdim=True).mean(dim=2, keepdim=True)
    return x.sub_(mean).mul_(factor).add_(mean)


@corruption("digital")
def elastic_transform(x: Tensor, draws: Draws, alpha: float, sigma: float, jitter: float) -> Tensor:
    """An affine jitter, then smooth random displacements.

    Args:
        x: Images.
        draws: Six numbers per image, two per pixel.
        alpha: Factor of the smoothed displacements, in pixels.
        sigma: Smoothness of the displacements, in pixels.
        jitter: Farthest move of each of three points that define the affine map, in pixels.
    """
    height, width = x.shape[-2:]
    moves = (draws.scalars(6) * 2 - 1) * jitter
    row, column = pixel_grid(height, width, x.device)
    back = inverse_affine(moves.view(-1, 3, 2), height, width).to(x.device, x.dtype)[..., None, None]
    x = sample(
        x,
        row=back[:, 1, 0] * column + back[:, 1, 1] * row + back[:, 1, 2],
        column=back[:, 0, 0] * column + back[:, 0, 1] * row + back[:, 0, 2],
        edge_repeats=False,
    )
    if alpha == 0:
        return x
    shift = draws.uniform(2, height, width).mul_(2).sub_(1)
    shift = gaussian_filter(shift, sigma, border="reflect", truncate=3).mul_(alpha)
    return sample(x, row=row + shift[:, 1], column=column + shift[:, 0], edge_repeats=True)


@corruption("digital")
def pixelate(x: Tensor, draws: Draws, factor: float) -> Tensor:
    """Shrinks to int(factor * size) with Pillow's box filter and enlarges again by repeating pixels.

    Pillow works in whole grey levels: the image is brought to them first, and rounded, half up, after the
    horizontal and after the vertical pass.

    Args:
        x: Images.
        draws: Not used.
        factor: Size of the small image in terms of the large one.
    """
    height, width = x.shape[-2:]
    small_height, small_width = int(height * factor), int(width * factor)
    members, counts = box_members(width, small_width, x.device)
    # Sums of whole grey levels are exact; dividing afterwards keeps halves exact as well.
    small = round_half_up(torch.matmul(round_half_up(x), members.T).div_(counts))
    members, counts = box_members(height, small_height, x.device)
    small = round_half_up(torch.matmul(members, small).div_(counts[:, None]))
    columns = nearest_index(small_width, width, x.device)
    return small.index_select(3, columns).index_select(2, nearest_index(small_height, height, x.device))


@corruption("digital")
def jpeg_compression(x: Tensor, draws: Draws, quality: float) -> Tensor:
    """Encodes and decodes as JPEG, chroma at half resolution.

    Args:
        x: Images; brought to the CPU, one by one.
        draws: Not used.
        quality: 1 to 100, rounded.
    """
    levels = (
        round_half_up(x).to(torch.uint8).expand(-1, 3, -1, -1).permute(0, 2, 3, 1).contiguous().cpu().numpy()
    )
    decoded = [
        decode_image_jpegturbo(encode_image_jpegturbo(image, round(quality)), "rgb") for image in levels
    ]
    y = torch.from_numpy(np.stack(decoded)).to(x.device).permute(0, 3, 1, 2)
    return y[:, : x.shape[1]].to(torch.float32)


@corruption("extra", colour=True)
def saturate(x: Tensor, draws: Draws, factor: float, added: float) -> Tensor:
    """Changes the S of HSV to S' = factor S + added, clipped: V - (V - x) S' / S."""
    brightest = value(x)
    chroma = brightest - x.amin(dim=1, keepdim=True)
    saturation = chroma / brightest
    change = saturation.mul(factor).add_(added).clamp_(0, 1).div_(saturation)
    y = torch.lerp(brightest, x, torch.where(chroma > 0, change, 0))
    # A grey pixel has no hue: HSV calls it red, and only green and blue fall when it gains saturation.
    y[:, 1:] -= torch.where(chroma > 0, 0, brightest * added)
    return y


def round_half_up(x: Tensor) -> Tensor:
    """Rounds in place as Pillow does; `torch.round` takes halves to the even neighbour."""
    return x.add_(0.5).floor_()


@lru_cache(maxsize=64)
def box_members(large: int, small: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Which of `large` pixels lie in which of `small` boxes (0 or 1), and how many in each, (small)."""
    centre = (torch.arange(small, dtype=torch.float64)[:, None] + 0.5) * large / small
    offset = (torch.arange(large, dtype=torch.float64) - centre + 0.5) * small / large
    members = ((offset >= -0.5) & (offset < 0.5)).to(device, torch.float32)
    return members, members.sum(dim=1)


@lru_cache(maxsize=64)
def nearest_index(small: int, large: int, device: torch.device) -> Tensor:
    """For each of `large` pixels the one of `small` pixels in whose place it stands."""
    centre = (torch.arange(large, dtype=torch.float64) + 0.5) * small / large
    return centre.floor().long().to(device)
