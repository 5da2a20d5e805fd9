"""Weather: snow, fog and brightness; frost has a module of its own.

Quirks of the original that are kept:

- `snow`: the layer is cut to whole grey levels before its motion blur and after it, and is added a second
  time turned by 180 degrees;
- `fog`: the diamond-square fractal wraps around, its first level has an amplitude of 100 squared, it is
  scaled to [0, 1] as a whole and then cut at the upper left; the three channels share it; its weight goes
  into the sum in relation to the largest value of the clean image.

Differences: for images that are not square, or of another size, the fog's map is the smallest power of two
that covers the image (as in the original: 32 for 32, 64 for 64, 256 for 224).
"""

import torch
from torch import Tensor

from robustmoll.corruptions.colour import luma, value
from robustmoll.corruptions.filters import at_least
from robustmoll.corruptions.motion import drag, zoom_in
from robustmoll.corruptions.plasma import plasma, stretched
from robustmoll.corruptions.registry import corruption
from robustmoll.counter_rng import CounterRNG

BLACK = 1e-5  # grey levels


@corruption("weather", colour=True)
def snow(
    x: Tensor,
    rng: CounterRNG,
    loc: float,
    scale: float,
    zoom: float,
    threshold: float,
    radius: float,
    sigma: float,
    blend: float,
) -> Tensor:
    """Whitens the image and lays streaks of falling flakes over it.

    Args:
        x: Images.
        rng: One normal number per pixel, one angle per image.
        loc: Mean of the noise that flakes are made of.
        scale: Its standard deviation.
        zoom: How much the noise is enlarged.
        threshold: What is not above it is no flake.
        radius: Of the flakes' motion blur, in pixels.
        sigma: Of the same.
        blend: Weight of the image against its whitened self.
    """
    noise = rng.normal(1, *x.shape[-2:]).mul_(scale).add_(loc)
    angle = rng.scalars(1)[:, 0] * 90 - 135
    flakes = at_least(zoom_in(noise, zoom), threshold).clamp_(0, 1).mul_(255).floor_()
    layer = drag(flakes, angle, radius, sigma).floor_()
    layer += layer.flip(2, 3)
    white = luma(x).mul_(1.5).add_(127.5)
    return torch.lerp(torch.maximum(x, white), x, blend).add_(layer)


@corruption("weather")
def fog(x: Tensor, rng: CounterRNG, strength: float, wibble_decay: float) -> Tensor:
    """Adds a fractal cloud and scales back to the range of the image.

    Args:
        x: Images.
        rng: One uniform number per point of the map but its first.
        strength: Weight of the cloud.
        wibble_decay: How fast the cloud's fine structure fades; at least 1.
    """
    height, width = x.shape[-2:]
    size = 1 << (max(height, width) - 1).bit_length()
    noise = rng.uniform(size**2 - 1).mul_(2).sub_(1)
    cloud = stretched(plasma(noise, size, wibble_decay), 255 * strength)[:, None, :height, :width]
    largest = x.amax(dim=(1, 2, 3), keepdim=True)
    return x.add_(cloud).mul_(largest / (largest + 255 * strength))


@corruption("weather")
def brightness(x: Tensor, rng: CounterRNG, added: float) -> Tensor:
    """Adds to the V of HSV: all channels grow by the factor min(V + added, 1) / V, and black turns grey."""
    # Channels and V a trifle up, which float32 shows next to black only: 0 times infinity becomes the grey.
    x.add_(BLACK)
    old = value(x)
    return x.mul_(old.add(255 * added).clamp_(max=255).div_(old))
