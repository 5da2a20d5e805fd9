"""Small networks for the first minutes on a CPU, which begin on a half or a quarter of the resolution.

A stem's stride of 2 quarters the cost of all that follows; at 32 pixels it loses little.
"""

from collections.abc import Sequence
from typing import Unpack

from torch import Tensor, nn

from robustmoll.models.backbone import Backbone, HeadOptions, Options, register
from robustmoll.models.layers import conv, norm_relu
from robustmoll.models.preact_resnet import PreActResNet, basic

__all__ = ["PooledResNet"]


def pooled(in_channels: int, out_channels: int, stride: int) -> nn.Sequential:
    """Returns a 3x3 convolution, the maximum of stride x stride pixels, norm and ReLU."""
    pool = nn.MaxPool2d(stride, ceil_mode=True) if stride > 1 else nn.Identity()
    return nn.Sequential(conv(in_channels, out_channels, 3), pool, norm_relu(out_channels))


class Residual(nn.Module):
    """x + layers(x), with two 3x3 convolutions, each followed by norm and ReLU."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        layers = [nn.Sequential(conv(channels, channels, 3), norm_relu(channels)) for _ in range(2)]
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(x)


class PooledResNet(Backbone):
    """A narrow ResNet-9 (Page, "How to Train Your ResNet", 2018) on a part of the resolution.

    Each stage is a convolution that pools, and a residual. Pooling is worth the convolution before it, which costs four
    times one of stride 2; the residuals, which cost most, see only what is left after it.

    Args:
        widths: Channels of each stage.
        strides: Pixels a side of which each stage keeps the maximum.
        stem_width: Channels of the first convolution.
        stem_stride: Its stride, even; its kernel is a pixel wider.
        in_chans: Channels of the image.
        head: See `Backbone`.
    """

    def __init__(
        self,
        widths: Sequence[int] = (64, 128),
        strides: Sequence[int] = (2, 2),
        stem_width: int = 32,
        stem_stride: int = 2,
        in_chans: int = 3,
        **head: Unpack[HeadOptions],
    ) -> None:
        stages, channels = [], stem_width
        for width, stride in zip(widths, strides, strict=True):
            stages.append((nn.Sequential(pooled(channels, width, stride), Residual(width)), width, stride))
            channels = width
        stem, stem_norm = conv(in_chans, stem_width, stem_stride + 1, stem_stride), norm_relu(stem_width)
        super().__init__(stem, stages, stem_norm=stem_norm, **head)


@register
def digits_cnn(**kwargs: Unpack[Options]) -> PreActResNet:
    """About 99 % on clean digits at 32 pixels, in less than a minute on one core."""
    return PreActResNet(basic, depths=(1, 1, 1), widths=(16, 32, 64), stem_width=16, stem_stride=2, **kwargs)


@register
def cifar_cnn(**kwargs: Unpack[Options]) -> PooledResNet:
    """For CIFAR-10 on a CPU: 19.4 % clean error after 10 epochs of flip, crop and rotation, 4 minutes of one core.

    Mean of 3 seeds on 5,000 test images (`benchmarks/study.md`). 19 million multiply-adds per image, a 29th of PreAct
    ResNet-18.
    """
    return PooledResNet(widths=(64, 128), stem_width=32, **kwargs)


@register
def tiny_imagenet_cnn(**kwargs: Unpack[Options]) -> PooledResNet:
    """For 64 pixels on a CPU: `cifar_cnn` from a quarter of the resolution on, with one stage more.

    71 % clean error on 200 classes with 100 training images each (the subset of TinyImageNet in `benchmarks/study.md`)
    after 20 epochs of flip, crop and rotation. 43 million multiply-adds per image.
    """
    return PooledResNet(widths=(64, 128, 256), strides=(2, 2, 1), stem_width=32, stem_stride=4, **kwargs)
