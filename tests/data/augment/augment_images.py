"""Images and generators for the tests of augmentations."""

import torch
from torch import Tensor

SIZES = ((28, 28), (32, 32), (64, 64), (33, 47))


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def natural_images(n: int, channels: int = 3, size: tuple[int, int] = (32, 32), seed: int = 0) -> Tensor:
    """Smooth blobs of colour with a little grain: uint8 of shape (n, channels, *size)."""
    generator = seeded(seed)
    coarse = torch.rand(n, channels, 5, 6, generator=generator)
    smooth = torch.nn.functional.interpolate(coarse, size, mode="bicubic")
    grain = torch.randn(n, channels, *size, generator=generator) / 30
    return ((smooth + grain).clamp(0, 1) * 255).to(torch.uint8)
