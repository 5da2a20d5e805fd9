"""Pre-activation ResNets for small images: He et al., "Identity Mappings in Deep Residual Networks" (ECCV 2016).

A block normalises and activates before it convolves, so that the sum runs through the network untouched::

    a = relu(norm(x))        x -> x + residual(a)

The first block of a stage changes the shape, and its shortcut starts from the activated a as well (as in the authors'
code). For images of 32 to 64 pixels the stem is one 3x3 convolution of stride 1 without pooling.
"""

from collections.abc import Callable, Sequence
from typing import Unpack, cast

from torch import Tensor, nn

from robustmoll.models.backbone import Backbone, HeadOptions, Options, register
from robustmoll.models.layers import conv, norm_relu

__all__ = ["PreActBlock", "PreActResNet", "basic", "bottleneck"]

Residual = Callable[[int, int, int], nn.Sequential]


def basic(in_channels: int, width: int, stride: int) -> nn.Sequential:
    """Returns the residual of ResNet-18 and -34: two 3x3 convolutions of `width` channels."""
    return nn.Sequential(conv(in_channels, width, 3, stride), norm_relu(width), conv(width, width, 3))


def bottleneck(in_channels: int, width: int, stride: int) -> nn.Sequential:
    """Returns the residual of ResNet-50 and -101: 1x1, 3x3 and 1x1 convolution, the last of 4 `width` channels."""
    return nn.Sequential(
        conv(in_channels, width, 1),
        norm_relu(width),
        conv(width, width, 3, stride),
        norm_relu(width),
        conv(width, 4 * width, 1),
    )


class PreActBlock(nn.Module):
    """x + residual(relu(norm(x))), the residual unit of He et al. (2016), figure 1b.

    Args:
        in_channels: Channels of x.
        width: Of the residual's convolutions.
        stride: By which the block shrinks its input.
        residual: `basic` or `bottleneck`.
        first: Whether it is the first block of a stage: the shortcut then starts from relu(norm(x)), through a 1x1
            convolution if the shape changes.
    """

    def __init__(self, in_channels: int, width: int, stride: int, residual: Residual, first: bool) -> None:
        super().__init__()
        self.activation = norm_relu(in_channels)
        self.residual = residual(in_channels, width, stride)
        self.out_channels = cast(nn.Conv2d, self.residual[-1]).out_channels
        changes = stride != 1 or in_channels != self.out_channels
        self.shortcut = conv(in_channels, self.out_channels, 1, stride) if changes else nn.Identity()
        self.first = first

    def forward(self, x: Tensor) -> Tensor:
        activated = self.activation(x)
        shortcut = self.shortcut(activated) if self.first else x
        return shortcut + self.residual(activated)


class PreActResNet(Backbone):
    """A pre-activation ResNet of any depth and width.

    Args:
        residual: `basic` or `bottleneck`.
        depths: Number of blocks of each stage.
        widths: Width of each stage's residuals.
        stem_width: Channels of the first convolution.
        stem_stride: Stride of the first convolution. Stages have stride 1, 2, 2, ...
        in_chans: Channels of the image.
        head: See `Backbone`.
    """

    def __init__(
        self,
        residual: Residual = basic,
        depths: Sequence[int] = (2, 2, 2, 2),
        widths: Sequence[int] = (64, 128, 256, 512),
        stem_width: int = 64,
        stem_stride: int = 1,
        in_chans: int = 3,
        **head: Unpack[HeadOptions],
    ) -> None:
        stages, channels = [], stem_width
        for index, (depth, width) in enumerate(zip(depths, widths, strict=True)):
            stride = 1 if index == 0 else 2
            blocks = []
            for block in range(depth):
                blocks.append(PreActBlock(channels, width, stride if block == 0 else 1, residual, first=block == 0))
                channels = blocks[-1].out_channels
            stages.append((nn.Sequential(*blocks), channels, stride))
        stem = conv(in_chans, stem_width, 3, stem_stride)
        super().__init__(stem, stages, norm_relu(channels), **head)


@register
def preact_resnet18(**kwargs: Unpack[Options]) -> PreActResNet:
    """PreAct ResNet-18, stem 3x3 of stride 1."""
    return PreActResNet(basic, depths=(2, 2, 2, 2), **kwargs)


@register
def preact_resnet34(**kwargs: Unpack[Options]) -> PreActResNet:
    """PreAct ResNet-34, stem 3x3 of stride 1."""
    return PreActResNet(basic, depths=(3, 4, 6, 3), **kwargs)


@register
def preact_resnet50(**kwargs: Unpack[Options]) -> PreActResNet:
    """PreAct ResNet-50, stem 3x3 of stride 1: the network of Heinonen et al. (AISTATS 2025)."""
    return PreActResNet(bottleneck, depths=(3, 4, 6, 3), **kwargs)


@register
def preact_resnet101(**kwargs: Unpack[Options]) -> PreActResNet:
    """PreAct ResNet-101, stem 3x3 of stride 1."""
    return PreActResNet(bottleneck, depths=(3, 4, 23, 3), **kwargs)
