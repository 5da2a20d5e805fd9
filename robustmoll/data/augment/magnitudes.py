"""How strong operations can be drawn: for each policy a table of equidistant magnitudes."""

from dataclasses import dataclass

import torch
from torch import Tensor

from robustmoll.data.augment.base import Size
from robustmoll.data.augment.operations import OPERATIONS, SIGNED
from robustmoll.kept import kept

__all__ = ["AUGMIX", "LEARNED", "WIDE", "Space"]


@dataclass(frozen=True)
class Space:
    """The greatest magnitudes of a policy; the least is 0, or what leaves the image as it is.

    Attributes:
        shear: Tangent.
        rotate: Degrees.
        factor: Of Brightness, Color, Contrast and Sharpness: distance from 1.
        bits: Of Posterize, at the least and the greatest magnitude.
        translate: Pixels, or, where `relative`, a share of the width or height.
        relative: Whether translations depend on the size.
    """

    shear: float
    rotate: float
    factor: float
    bits: tuple[int, int]
    translate: float
    relative: bool = True

    def magnitudes(self, bins: int, size: Size) -> Tensor:
        """Returns the magnitudes in the units of `apply_operations`.

        Returns:
            Shape (operations, bins, 2), float64: of either sign, or the same twice where there is no sign.
        """
        return _magnitudes(self, bins, size)


@kept(32)
def _magnitudes(space: Space, bins: int, size: Size) -> Tensor:
    height, width = size if space.relative else (1, 1)
    weak, strong = space.bits
    rows = dict.fromkeys(OPERATIONS, _even(0, 0, bins))
    rows |= dict.fromkeys(("ShearX", "ShearY"), _even(0, space.shear, bins))
    rows["TranslateX"] = _even(0, space.translate * width, bins)
    rows["TranslateY"] = _even(0, space.translate * height, bins)
    rows["Rotate"] = _even(0, space.rotate, bins)
    rows |= dict.fromkeys(("Brightness", "Contrast", "Color", "Sharpness"), _even(0, space.factor, bins))
    rows["Posterize"] = (weak - torch.arange(bins, device="cpu") / ((bins - 1) / (weak - strong))).round()
    rows["Solarize"] = _even(1, 0, bins)
    signs = torch.tensor([[1, -1 if name in SIGNED else 1] for name in OPERATIONS], device="cpu")
    return torch.stack([rows[name] for name in OPERATIONS]).double()[:, :, None] * signs[:, None, :]


def _even(first: float, last: float, bins: int) -> Tensor:
    return torch.linspace(first, last, bins, dtype=torch.float32, device="cpu")


WIDE = Space(shear=0.99, rotate=135.0, factor=0.99, bits=(8, 2), translate=32.0, relative=False)
"""Of TrivialAugmentWide (Mueller and Hutter, ICCV 2021)."""
LEARNED = Space(shear=0.3, rotate=30.0, factor=0.9, bits=(8, 4), translate=150 / 331)
"""Of AutoAugment (Cubuk et al., CVPR 2019) and RandAugment (Cubuk et al., NeurIPS 2020)."""
AUGMIX = Space(shear=0.3, rotate=30.0, factor=0.9, bits=(4, 0), translate=1 / 3)
"""Of AugMix (Hendrycks et al., ICLR 2020)."""
