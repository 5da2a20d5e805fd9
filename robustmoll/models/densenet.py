"""DenseNet-BC for small images: Huang et al., "Densely Connected Convolutional Networks" (CVPR 2017).

A layer hands on what it got and adds a few channels of its own, the growth rate k::

    x -> [x, layer(x)]

BC means that a 1x1 convolution to 4 k channels comes first (the bottleneck), and that the network shrinks its channels
by theta = 1/2 from a dense block to the next (the compression).
"""

from typing import Unpack

import torch
from torch import Tensor, nn

from robustmoll.models.backbone import Backbone, HeadOptions, Options, register
from robustmoll.models.layers import conv, norm_relu

__all__ = ["DenseLayer", "DenseNet", "transition"]


class DenseLayer(nn.Module):
    """[x, layer(x)]: norm, ReLU, 1x1 convolution to 4 k channels, norm, ReLU, 3x3 convolution to k channels.

    Args:
        in_channels: Channels of x.
        growth: The k channels it adds.
    """

    def __init__(self, in_channels: int, growth: int) -> None:
        super().__init__()
        self.layer = nn.Sequential(
            norm_relu(in_channels),
            conv(in_channels, 4 * growth, 1),
            norm_relu(4 * growth),
            conv(4 * growth, growth, 3),
        )

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([x, self.layer(x)], dim=1)


def transition(in_channels: int, out_channels: int) -> nn.Sequential:
    """Returns what stands between dense blocks: norm, ReLU, 1x1 convolution and the mean of 2x2 pixels."""
    return nn.Sequential(norm_relu(in_channels), conv(in_channels, out_channels, 1), nn.AvgPool2d(2, ceil_mode=True))


class DenseNet(Backbone):
    """DenseNet-BC of three dense blocks, with theta = 1/2 and a stem of 2 k channels.

    Args:
        depth: Number of layers L = 6 n + 4, where n is the number of dense layers of each block.
        growth: The growth rate k.
        in_chans: Channels of the image.
        head: See `Backbone`.

    Raises:
        ValueError: If there is no DenseNet-BC of this depth.
    """

    def __init__(
        self,
        depth: int = 100,
        growth: int = 12,
        in_chans: int = 3,
        **head: Unpack[HeadOptions],
    ) -> None:
        layers, rest = divmod(depth - 4, 6)
        if rest or layers < 1:
            raise ValueError(f"a DenseNet-BC has 6 n + 4 layers (10, 16, 22, 28, ...), got depth={depth}")
        stages, channels = [], 2 * growth
        for stride in (1, 2, 2):
            stage = nn.Sequential()
            if stride == 2:
                stage.append(transition(channels, channels // 2))
                channels //= 2
            for _ in range(layers):
                stage.append(DenseLayer(channels, growth))
                channels += growth
            stages.append((stage, channels, stride))
        stem = conv(in_chans, 2 * growth, 3)
        super().__init__(stem, stages, norm_relu(channels), **head)


@register
def densenet_bc40(**kwargs: Unpack[Options]) -> DenseNet:
    """DenseNet-BC, L = 40, k = 12."""
    return DenseNet(depth=40, **kwargs)


@register
def densenet_bc100(**kwargs: Unpack[Options]) -> DenseNet:
    """DenseNet-BC, L = 100, k = 12."""
    return DenseNet(depth=100, **kwargs)
