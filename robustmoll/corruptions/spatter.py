"""Spatter: drops of water (severity 1 to 3) or splashes of mud, one of the extra four.

Quirks of the original that are kept: the water is lit by an edge filter on the equalised distance to the
drops' edges, most steps of it in whole grey levels; its layer is scaled by its own largest value.
Differences: an image on which no drop falls stays as it is, where the original divides by zero; see
`edges.canny` for long weak edges.
"""

import torch
from torch import Tensor

from robustmoll.corruptions.edges import box_blur, canny, chamfer_distance, emboss, equalized
from robustmoll.corruptions.filters import at_least, gaussian_filter, transposed
from robustmoll.corruptions.registry import corruption
from robustmoll.counter_rng import CounterRNG

WATER = (175.0, 238.0, 238.0)  # pale turquoise
MUD = (63.0, 42.0, 20.0)
FARTHEST = 20  # pixels
TINY = 1e-3  # what counts as no layer


@corruption("extra", colour=True, copies=0.25)
def spatter(
    x: Tensor,
    rng: CounterRNG,
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
        rng: One normal number per pixel.
        loc: Mean of the noise that drops are made of.
        scale: Its standard deviation.
        sigma: Of its smoothing, in pixels.
        threshold: Noise above it is a drop.
        strength: Of water, its opacity; of mud, the smoothing of its edges in pixels.
        mud: 0 for water, 1 for mud; rounded.
    """
    liquid = gaussian_filter(rng.normal(1, *x.shape[-2:]).mul_(scale).add_(loc), sigma)
    if round(mud):
        mask = at_least(gaussian_filter((liquid - threshold).sign_().clamp_(min=0), strength), 0.8)
        return torch.lerp(x, colour(MUD, x.device), mask)
    layer = water(at_least(liquid, threshold).mul_(255).floor_())
    largest = layer.amax(dim=(2, 3), keepdim=True).clamp_(min=TINY)
    return x.addcmul_(layer.mul_(strength / largest), colour(WATER, x.device))


def water(levels: Tensor) -> Tensor:
    """How light drops are, whose thickness is given in whole grey levels, (B, 1, H, W)."""
    batch, _, height, width = levels.shape
    drops = transposed(levels.view(1, 1, batch, -1)).view(height, width, batch)
    lit = light(canny(drops.to(torch.int16), 50, 150)).mul_(drops)
    return transposed(lit.view(1, 1, -1, batch)).view(batch, 1, height, width)


def light(edges: Tensor) -> Tensor:
    """How light falls on drops with the given edges, (H, W, B)."""
    distance = box_blur(chamfer_distance(edges, FARTHEST)).floor_()
    relief = equalized(distance, FARTHEST + 1)
    return box_blur(emboss(relief).clamp_(0, 255))


def colour(rgb: tuple[float, float, float], device: torch.device) -> Tensor:
    """A colour that broadcasts against images."""
    return torch.tensor(rgb, dtype=torch.float32, device="cpu").view(1, 3, 1, 1).to(device, non_blocking=True)
