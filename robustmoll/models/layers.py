"""Pairs of layers that the networks share."""

from torch import nn

__all__ = ["conv", "norm_relu"]


def conv(in_channels: int, out_channels: int, kernel_size: int, stride: int = 1) -> nn.Conv2d:
    """Returns a convolution without bias that keeps the image size but for its stride."""
    return nn.Conv2d(in_channels, out_channels, kernel_size, stride, kernel_size // 2, bias=False)


def norm_relu(channels: int) -> nn.Sequential:
    """Returns batch normalisation and ReLU."""
    return nn.Sequential(nn.BatchNorm2d(channels), nn.ReLU(inplace=True))
