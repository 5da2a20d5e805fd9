"""Wide ResNets: Zagoruyko and Komodakis, "Wide Residual Networks" (BMVC 2016).

WRN-d-k is a pre-activation ResNet of basic blocks, d layers deep, with three stages k times wider than 16, 32 and 64
channels. The paper's dropout inside of the blocks is left out: it uses it in a part of its experiments only.
"""

from typing import Unpack

from robustmoll.models.backbone import HeadOptions, Options, register
from robustmoll.models.preact_resnet import PreActResNet, basic

__all__ = ["WideResNet"]


class WideResNet(PreActResNet):
    """WRN-`depth`-`widen_factor`.

    Args:
        depth: Number of layers d = 6 n + 4, where n is the number of blocks of each of the three stages.
        widen_factor: The k that multiplies the widths.
        in_chans: Channels of the image.
        head: See `Backbone`.

    Raises:
        ValueError: If there is no Wide ResNet of this depth.
    """

    def __init__(
        self,
        depth: int,
        widen_factor: int,
        in_chans: int = 3,
        **head: Unpack[HeadOptions],
    ) -> None:
        blocks, rest = divmod(depth - 4, 6)
        if rest or blocks < 1:
            raise ValueError(f"a Wide ResNet has 6 n + 4 layers (10, 16, 22, 28, ...), got depth={depth}")
        widths = [width * widen_factor for width in (16, 32, 64)]
        super().__init__(
            basic,
            depths=[blocks] * 3,
            widths=widths,
            stem_width=16,
            in_chans=in_chans,
            **head,
        )


@register
def wide_resnet16_2(**kwargs: Unpack[Options]) -> WideResNet:
    """WRN-16-2."""
    return WideResNet(depth=16, widen_factor=2, **kwargs)


@register
def wide_resnet40_2(**kwargs: Unpack[Options]) -> WideResNet:
    """WRN-40-2, usual for CIFAR-10-C and CIFAR-100-C since AugMix (Hendrycks et al., ICLR 2020)."""
    return WideResNet(depth=40, widen_factor=2, **kwargs)


@register
def wide_resnet28_4(**kwargs: Unpack[Options]) -> WideResNet:
    """WRN-28-4."""
    return WideResNet(depth=28, widen_factor=4, **kwargs)


@register
def wide_resnet28_10(**kwargs: Unpack[Options]) -> WideResNet:
    """WRN-28-10, the paper's main network."""
    return WideResNet(depth=28, widen_factor=10, **kwargs)


@register
def wide_resnet40_10(**kwargs: Unpack[Options]) -> WideResNet:
    """WRN-40-10."""
    return WideResNet(depth=40, widen_factor=10, **kwargs)
