"""Every augmentation, and images and generators for their tests."""

from collections.abc import Callable

import torch
from torch import Tensor

from robustmoll.data.augment import (
    AugMix,
    AutoAugment,
    CutMix,
    ImageAugmentation,
    MixAugmentation,
    MixUp,
    NoisePatches,
    RandAugment,
    RandomCrop,
    RandomErasing,
    RandomHorizontalFlip,
    RandomResizedCrop,
    RandomRotation,
    TrivialAugmentWide,
)

IMAGES: dict[str, Callable[[], ImageAugmentation]] = {
    "flip": RandomHorizontalFlip,
    "crop": RandomCrop,
    "smaller crop": lambda: RandomCrop(size=20),
    "rotation": RandomRotation,
    "resized crop": RandomResizedCrop,
    "smaller resized crop": lambda: RandomResizedCrop(size=20),
    "TrivialAugmentWide": TrivialAugmentWide,
    "RandAugment": RandAugment,
    "AutoAugment imagenet": AutoAugment,
    "AutoAugment cifar10": lambda: AutoAugment("cifar10"),
    "AugMix": AugMix,
    "AugMix with views": lambda: AugMix(views=3, all_ops=False),
    "erasing": lambda: RandomErasing(p=1),
    "erasing by noise": lambda: RandomErasing(p=1, value="noise"),
    "noise patches": NoisePatches,
}
MIXING: dict[str, Callable[[], MixAugmentation]] = {"MixUp": MixUp, "CutMix": CutMix}

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
