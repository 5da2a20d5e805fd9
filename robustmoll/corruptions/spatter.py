"""Spatter: drops of water (severity 1 to 3) or splashes of mud, one of the extra four.

Quirks of the original that are kept: the water is lit by an edge filter on the equalised distance to the
drops' edges, most steps of it in whole grey levels; its layer is scaled by its own largest value.
Differences: an image on which no drop falls stays as it is, where the original divides by zero; see
`edges.canny` for long weak edges.
"""

import torch
from torch import Tensor

from robustmoll.corruptions.edges import box_blur, canny, chamfer_distance, emboss, equalized
from robustmoll.corruptions.filters import gaussian_filter
from robustmoll.corruptions.registry import corruption
from robustmoll.draws import Draws

WATER = (175.0, 238.0, 238.0)  # pale turquoise
MUD = (63.0, 42.0, 20.0)
FARTHEST = 20  # pixels


@corruption("extra", colour=True)
def spatter(
    x: Tensor,
    draws: Draws,
    loc: float,
    scale: float,
    sigma: float,
    threshold: float,
    strength: float,
    mud: float,
) -> Tensor:
    """Lays drops over the image.

    Args:
        x: Images.
        draws: One normal number per pixel.
        loc: Mean of the noise that drops are made of.
        scale: Its standard deviation.
        sigma: Of its smoothing, in pixels.
        threshold: Noise above it is a drop.
        strength: Of water, its opacity; of mud, the smoothing of its edges in pixels.
        mud: 0 for water, 1 for mud; rounded.
    """
    liquid = gaussian_filter(draws.normal(1, *x.shape[-2:]).mul_(scale).add_(loc), sigma)
    if round(mud):
        mask = gaussian_filter((liquid > threshold).to(x.dtype), strength)
        mask = torch.where(mask < 0.8, 0, mask)
        return x.mul_(1 - mask).add_(mask * colour(MUD, x.device))
    levels = torch.where(liquid < threshold, 0, liquid * 255).to(torch.int32)[:, 0]
    layer = levels * light(canny(levels, 50, 150))
    largest = layer.amax(dim=(1, 2), keepdim=True)
    layer = torch.where(largest > 0, layer * (strength / largest), 0)[:, None]
    return x.add_(layer * colour(WATER, x.device))


def light(edges: Tensor) -> Tensor:
    """How light falls on drops with the given edges, (B, H, W)."""
    distance = box_blur(chamfer_distance(edges, FARTHEST)).floor_()
    relief = equalized(distance, FARTHEST + 1)
    return box_blur(emboss(relief).clamp_(0, 255))


def colour(rgb: tuple[float, float, float], device: torch.device) -> Tensor:
    """A colour that broadcasts against images."""
    return torch.tensor(rgb, device=device).view(1, 3, 1, 1)
