"""Digital: contrast and pixelate."""

from functools import lru_cache

import torch
from torch import Tensor

from robustmoll.corruptions.draws import Draws
from robustmoll.corruptions.registry import corruption


@corruption("digital")
def contrast(x: Tensor, draws: Draws, factor: float) -> Tensor:
    """Pulls each value towards the mean of its channel in its image: mean + factor (x - mean)."""
    # Row by row: the order of summation is then the same for any batch and any number of threads.
    mean = x.mean(dim=3, keepdim=True).mean(dim=2, keepdim=True)
    return x.sub_(mean).mul_(factor).add_(mean)


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
    levels = round_half_up(x.mul_(255))
    levels = round_half_up(box_down(levels.transpose(2, 3), small_width).transpose(2, 3))
    levels = round_half_up(box_down(levels, small_height))
    rows = nearest_index(small_height, height, x.device)
    columns = nearest_index(small_width, width, x.device)
    return levels.index_select(2, rows).index_select(3, columns).div_(255)


def round_half_up(x: Tensor) -> Tensor:
    """Rounds in place as Pillow does; `torch.round` takes halves to the even neighbour."""
    return x.add_(0.5).floor_()


def box_down(x: Tensor, small: int) -> Tensor:
    """Averages rows into `small` rows; a pixel that the edge of a box cuts has full weight or none."""
    members, counts = box_members(x.shape[2], small, x.device)
    # The sum of whole grey levels is exact; dividing afterwards keeps halves exact as well.
    return torch.matmul(members, x).div_(counts)


@lru_cache(maxsize=64)
def box_members(large: int, small: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Which of `large` pixels lie in which of `small` boxes (0 or 1), and how many in each, (small, 1)."""
    centre = (torch.arange(small, dtype=torch.float64)[:, None] + 0.5) * large / small
    offset = (torch.arange(large, dtype=torch.float64) - centre + 0.5) * small / large
    members = ((offset >= -0.5) & (offset < 0.5)).to(device, torch.float32)
    return members, members.sum(dim=1, keepdim=True)


@lru_cache(maxsize=64)
def nearest_index(small: int, large: int, device: torch.device) -> Tensor:
    """For each of `large` pixels the one of `small` pixels in whose place it stands."""
    centre = (torch.arange(large, dtype=torch.float64) + 0.5) * small / large
    return centre.floor().long().to(device)
