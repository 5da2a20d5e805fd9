"""All-Conv: Springenberg et al., "Striving for Simplicity: The All Convolutional Net" (ICLR 2015 workshop).

Of its variants this is the one that work on corruptions calls All-Conv since AugMix (Hendrycks et al., ICLR 2020): the
paper's ConvPool-CNN-C (max-pooling, where its All-CNN-C has convolutions of stride 2) with batch normalisation, GELU in
its approximation x sigmoid(1.702 x), and a linear layer at the end. Two slips of AugMix's code are left out: biases
that the normalisation takes away again, and padding around the 1x1 convolutions.
"""

from typing import Unpack

from timm.layers import ConvNormAct, QuickGELU
from torch import nn

from robustmoll.models.backbone import Backbone, HeadOptions, Options, register
from robustmoll.models.layers import conv

__all__ = ["AllConv"]


def layer(in_channels: int, out_channels: int, kernel_size: int = 3, padding: int | None = None) -> ConvNormAct:
    """Returns a convolution with normalisation and GELU, which keeps the image size if no other padding is given."""
    padding = kernel_size // 2 if padding is None else padding
    return ConvNormAct(in_channels, out_channels, kernel_size, padding=padding, act_layer=QuickGELU)


def shrink() -> nn.Sequential:
    """Returns the maximum of 2x2 pixels, and dropout."""
    return nn.Sequential(nn.MaxPool2d(2, ceil_mode=True), nn.Dropout(0.5))


class AllConv(Backbone):
    """Nine convolutions of 96 and 192 channels; the seventh has no padding, so that 32 pixels end as 6x6 positions.

    Args:
        in_chans: Channels of the image.
        head: See `Backbone`; the dropout after each pooling is always 1/2.
    """

    def __init__(self, in_chans: int = 3, **head: Unpack[HeadOptions]) -> None:
        stages = [
            (nn.Sequential(layer(96, 96), layer(96, 96)), 96, 1),
            (nn.Sequential(shrink(), layer(96, 192), layer(192, 192), layer(192, 192)), 192, 2),
            (nn.Sequential(shrink(), layer(192, 192, padding=0), layer(192, 192, 1), layer(192, 192, 1)), 192, 2),
        ]
        stem_norm = nn.Sequential(nn.BatchNorm2d(96), QuickGELU())
        super().__init__(conv(in_chans, 96, 3), stages, stem_norm=stem_norm, **head)


@register
def allconv(**kwargs: Unpack[Options]) -> AllConv:
    """All-Conv with batch normalisation and GELU, as in AugMix (Hendrycks et al., ICLR 2020)."""
    return AllConv(**kwargs)
