"""Blur: gaussian blur, one of the extra four."""

from torch import Tensor

from robustmoll.corruptions.draws import Draws
from robustmoll.corruptions.filters import gaussian_filter
from robustmoll.corruptions.registry import corruption


@corruption("extra")
def gaussian_blur(x: Tensor, draws: Draws, sigma: float) -> Tensor:
    """scipy's Gaussian filter with the border pixels repeated."""
    return gaussian_filter(x, sigma)
