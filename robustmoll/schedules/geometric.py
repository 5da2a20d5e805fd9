"""What schedules on a log scale share."""

import torch
from torch import Tensor


def geometric(low: float, high: float, t: Tensor) -> Tensor:
    """low^(1 - t) high^t: equal to low at t = 0 and to high at t = 1 without rounding."""
    return torch.pow(low, 1 - t) * torch.pow(high, t)
