"""Colour models, as far as the corruptions need them."""

from torch import Tensor


def luma(x: Tensor) -> Tensor:
    """0.299 R + 0.587 G + 0.114 B, (B, 3, H, W) to (B, 1, H, W); a grey pixel keeps its level exactly."""
    red, green, blue = x.split(1, dim=1)
    return (red - green).mul_(0.299).add_(blue - green, alpha=0.114).add_(green)


def value(x: Tensor) -> Tensor:
    """The V of HSV, (B, 1, H, W): the largest of the channels."""
    return x.amax(dim=1, keepdim=True)
