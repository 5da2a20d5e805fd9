"""Small convolutional networks inside likelihood models of images."""

import math

from torch import Tensor, nn
from torch.nn import functional as F

__all__ = ["Decoder", "Encoder", "coupling_net", "halved", "zero_conv"]


def zero_conv(in_channels: int, out_channels: int) -> nn.Conv2d:
    """Returns a 3x3 convolution that gives zeros until it is trained."""
    layer = nn.Conv2d(in_channels, out_channels, 3, padding=1)
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
    return layer


def coupling_net(in_channels: int, out_channels: int, width: int) -> nn.Sequential:
    """Returns Glow's network: convolutions of 3x3, 1x1 and 3x3 pixels, the last one zero, so that a flow starts simple.

    Kingma and Dhariwal (2018), section B; without normalisation inside.
    """
    return nn.Sequential(
        nn.Conv2d(in_channels, width, 3, padding=1),
        nn.ReLU(inplace=True),
        nn.Conv2d(width, width, 1),
        nn.ReLU(inplace=True),
        zero_conv(width, out_channels),
    )


def halved(size: tuple[int, int], times: int) -> list[tuple[int, int]]:
    """Returns height and width as they are, and after each halving, rounded up: `times` + 1 sizes.

    Example:
        >>> halved((28, 28), 3)
        [(28, 28), (14, 14), (7, 7), (4, 4)]
    """
    return [(math.ceil(size[0] / 2**k), math.ceil(size[1] / 2**k)) for k in range(times + 1)]


class Encoder(nn.Module):
    """Images (B, C, H, W) to vectors (B, outputs), by three convolutions of stride 2 and a linear layer.

    Args:
        shape: C, H, W; of any size.
        outputs: Length of a vector.
        width: Channels of the first convolution; the next have twice and four times as many.
    """

    def __init__(self, shape: tuple[int, int, int], outputs: int, width: int) -> None:
        super().__init__()
        channels, *size = shape
        height, across = halved((size[0], size[1]), 3)[-1]
        self.layers = nn.Sequential(
            nn.Conv2d(channels, width, 3, 2, 1),
            nn.SiLU(),
            nn.Conv2d(width, 2 * width, 3, 2, 1),
            nn.SiLU(),
            nn.Conv2d(2 * width, 4 * width, 3, 2, 1),
            nn.SiLU(),
            nn.Flatten(),
            nn.Linear(4 * width * height * across, outputs),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)


class Decoder(nn.Module):
    """Vectors (B, inputs) to images (B, C, H, W), the way back of `Encoder`: nearest pixels, then a convolution.

    Args:
        shape: C, H, W; of any size.
        inputs: Length of a vector.
        width: Channels of the last hidden layer; those before have twice and four times as many.
    """

    def __init__(self, shape: tuple[int, int, int], inputs: int, width: int) -> None:
        super().__init__()
        channels, *size = shape
        self.sizes = halved((size[0], size[1]), 3)[::-1]
        self.first = nn.Linear(inputs, 4 * width * math.prod(self.sizes[0]))
        self.convs = nn.ModuleList(
            nn.Conv2d(before, after, 3, padding=1)
            for before, after in [(4 * width, 2 * width), (2 * width, width), (width, channels)]
        )

    def forward(self, z: Tensor) -> Tensor:
        x = self.first(z).unflatten(1, (-1, *self.sizes[0]))
        for conv, size in zip(self.convs, self.sizes[1:], strict=True):
            x = conv(F.interpolate(F.silu(x), size))
        return x
