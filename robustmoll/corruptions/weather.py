"""Weather: brightness."""

import torch
from torch import Tensor

from robustmoll.corruptions.draws import Draws
from robustmoll.corruptions.registry import corruption


@corruption("weather")
def brightness(x: Tensor, draws: Draws, added: float) -> Tensor:
    """Adds to the V of HSV: all channels grow by the factor min(V + added, 1) / V, and black turns grey."""
    value = x.amax(dim=1, keepdim=True)
    brighter = (value + added).clamp_(max=1)
    return torch.where(value > 0, x * (brighter / value), brighter)
