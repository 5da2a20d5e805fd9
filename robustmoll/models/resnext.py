"""ResNeXt-29 for small images: Xie et al., "Aggregated Residual Transformations for Deep Neural Networks" (CVPR 2017).

A block's 3x3 convolution runs in groups that do not see each other. CxDd names C groups (the cardinality) of D channels
in the first stage; both later stages double D. Norm and ReLU follow the convolutions, and a ReLU the sum, as in the
authors' code; their preprint activated first.
"""

from functools import partial
from typing import Unpack

from timm.models.resnet import Bottleneck, downsample_conv
from torch import nn

from robustmoll.models.backbone import Backbone, HeadOptions, Options, register
from robustmoll.models.layers import conv, norm_relu

__all__ = ["ResNeXt29"]


class ResNeXt29(Backbone):
    """ResNeXt-29: three stages of three of timm's bottlenecks, of 256, 512 and 1024 channels.

    Args:
        cardinality: Number of groups C.
        base_width: Channels of a group in the first stage, D.
        in_chans: Channels of the image.
        head: See `Backbone`.
    """

    def __init__(
        self,
        cardinality: int,
        base_width: int,
        in_chans: int = 3,
        **head: Unpack[HeadOptions],
    ) -> None:
        block = partial(Bottleneck, cardinality=cardinality, base_width=base_width)
        stages, channels = [], 64
        for width, stride in ((64, 1), (128, 2), (256, 2)):
            out_channels = Bottleneck.expansion * width
            shortcut = downsample_conv(channels, out_channels, kernel_size=1, stride=stride)
            first = block(channels, width, stride, shortcut)
            stages.append((nn.Sequential(first, *(block(out_channels, width) for _ in range(2))), out_channels, stride))
            channels = out_channels
        super().__init__(conv(in_chans, 64, 3), stages, stem_norm=norm_relu(64), **head)


@register
def resnext29_8x64d(**kwargs: Unpack[Options]) -> ResNeXt29:
    """ResNeXt-29, 8x64d."""
    return ResNeXt29(cardinality=8, base_width=64, **kwargs)


@register
def resnext29_16x64d(**kwargs: Unpack[Options]) -> ResNeXt29:
    """ResNeXt-29, 16x64d."""
    return ResNeXt29(cardinality=16, base_width=64, **kwargs)


@register
def resnext29_32x4d(**kwargs: Unpack[Options]) -> ResNeXt29:
    """ResNeXt-29, 32x4d."""
    return ResNeXt29(cardinality=32, base_width=4, **kwargs)


@register
def resnext29_4x32d(**kwargs: Unpack[Options]) -> ResNeXt29:
    """ResNeXt-29, 4x32d: what the code of AugMix (Hendrycks et al., ICLR 2020) and of RobustBench runs."""
    return ResNeXt29(cardinality=4, base_width=32, **kwargs)
