"""Training augmentations, batched on the device of the images; every image gets its own operation and magnitude.

The order is fixed: augmentations of images work on uint8, as images are read; then images are standardised; then
`MixUp` and `CutMix` mix images and targets; then `robustmoll.Mollify` degrades both. `Augmentations` is such a list.

Drawing is split from applying. A few numbers per image are drawn on the CPU, from an explicit `torch.Generator`: the
same ones for every device; applying is a function of images and draw, and no device waits for it. Numbers for single
pixels (noise) are functions of a seed that each image has drawn. A new augmentation is one subclass of
`ImageAugmentation` or `MixAugmentation` in a file here and an import below; a config finds it by its name.
"""

from robustmoll.data.augment.augmix import AugMix
from robustmoll.data.augment.base import Augmentation, AugmentDraw, ImageAugmentation, MixAugmentation
from robustmoll.data.augment.erase import RandomErasing
from robustmoll.data.augment.geometry import RandomCrop, RandomHorizontalFlip, RandomRotation
from robustmoll.data.augment.mix import CutMix, MixUp
from robustmoll.data.augment.noise_patches import NoisePatches
from robustmoll.data.augment.pipeline import Augmentations, share_of
from robustmoll.data.augment.policy import AutoAugment, RandAugment, TrivialAugmentWide
from robustmoll.data.augment.resized_crop import RandomResizedCrop

__all__ = [
    "AugMix",
    "AugmentDraw",
    "Augmentation",
    "Augmentations",
    "AutoAugment",
    "CutMix",
    "ImageAugmentation",
    "MixAugmentation",
    "MixUp",
    "NoisePatches",
    "RandAugment",
    "RandomCrop",
    "RandomErasing",
    "RandomHorizontalFlip",
    "RandomResizedCrop",
    "RandomRotation",
    "TrivialAugmentWide",
    "share_of",
]
