"""Flows on images in several scales: RealNVP and Glow, which differ in how they mix channels.

Each level squeezes 2x2 pixels into channels, runs steps of actnorm, mixing and coupling, and gives half of the channels
away as latent variables; the next level goes on with the rest. There is no logit in front, so images that noise took
beyond [-1, 1] have a density too.
"""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Generator, Tensor, nn

from robustmoll.models.densities.base import DensityModel, register
from robustmoll.models.densities.bijections import (
    ActNorm,
    Bijection,
    Chain,
    Coupling,
    InvertibleConv,
    Permutation,
    squeeze,
    unsqueeze,
)
from robustmoll.models.densities.image_nets import coupling_net, zero_conv
from robustmoll.models.densities.normal import normal_noise, standard_log_prob

__all__ = ["MultiScaleFlow", "image_glow", "image_realnvp"]

Mixing = Callable[[int, int], Bijection]
"""From the number of a step and its channels to what mixes them."""


class MultiScaleFlow(DensityModel):
    """A flow that gives half of what it has to the latent variables after each level but the last.

    log p(x) = log N(z; 0, 1) + log |det dz/dx|, exactly. Before a level gives channels away, they are scaled and
    shifted by a linear function of those that stay, which is Glow's learnt prior of them.

    Args:
        shape: C, H, W of an image.
        mixing: Makes the part of each step that mixes channels.
        levels: How often images are squeezed; H and W must be multiples of 2^levels.
        steps: Of each level.
        width: Hidden channels of the couplings' networks.

    Raises:
        ValueError: If an argument is out of its range, or the images cannot be squeezed that often.
    """

    flows: Sequence[Chain]
    given: Sequence[Coupling]

    def __init__(self, shape: Sequence[int], mixing: Mixing, levels: int, steps: int, width: int) -> None:
        super().__init__()
        channels, height, across = _checked_shape(shape, levels, steps, width)
        self.latent_shapes: list[tuple[int, int, int]] = []
        flows, given = [], []
        for level in range(levels):
            channels, height, across = 4 * channels, height // 2, across // 2
            flows.append(Chain(_steps(channels, mixing, steps, width)))
            if level < levels - 1:
                kept = channels // 2
                given.append(Coupling(zero_conv(kept, channels)))
                self.latent_shapes.append((channels - kept, height, across))
                channels = kept
        self.latent_shapes.append((channels, height, across))
        self.flows = nn.ModuleList(flows)  # type: ignore[assignment]
        self.given = nn.ModuleList(given)  # type: ignore[assignment]

    def transform(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Returns all latent variables in a row, shape (B, C H W), and log |det dz/dx|, shape (B,)."""
        total, latents = x.new_zeros(len(x)), []
        for level, flow in enumerate(self.flows):
            x, log_det = flow(squeeze(x))
            total = total + log_det
            if level < len(self.given):
                x, log_det = self.given[level](x)
                total = total + log_det
                x, z = x.chunk(2, 1)
                latents.append(z.flatten(1))
        return torch.cat([*latents, x.flatten(1)], 1), total

    def encode(self, x: Tensor) -> Tensor:
        """Returns all latent variables in a row, shape (B, C H W)."""
        return self.transform(x)[0]

    def decode(self, z: Tensor) -> Tensor:
        """Returns the images (B, C, H, W) of latent variables (B, C H W)."""
        parts = z.split([math.prod(shape) for shape in self.latent_shapes], 1)
        *latents, x = (part.unflatten(1, shape) for part, shape in zip(parts, self.latent_shapes, strict=True))
        for level in reversed(range(len(self.flows))):
            if level < len(self.given):
                x = self.given[level].inverse(torch.cat([x, latents[level]], 1))
            x = unsqueeze(self.flows[level].inverse(x))
        return x

    def log_prob(self, x: Tensor, generator: Generator | None = None, samples: int = 1) -> Tensor:
        z, log_det = self.transform(x)
        return standard_log_prob(z) + log_det

    @torch.no_grad()
    def sample(self, n: int, generator: Generator | None = None, temperature: float = 1.0) -> Tensor:
        size = sum(math.prod(shape) for shape in self.latent_shapes)
        return self.decode(temperature * normal_noise(next(self.parameters()).new_empty(n, size), generator))


def _checked_shape(shape: Sequence[int], levels: int, steps: int, width: int) -> tuple[int, int, int]:
    if len(shape) != 3 or min(levels, steps, width) < 1:
        raise ValueError(
            "a flow on images needs the shape (C, H, W) of one and levels, steps and width of at least 1,"
            f" got shape={tuple(shape)}, {levels=}, {steps=}, {width=}"
        )
    channels, height, across = shape
    if height % 2**levels or across % 2**levels:
        raise ValueError(
            f"{levels} levels halve images {levels} times, so height and width must be multiples of {2**levels}, got"
            f" {height} x {across}; take fewer levels, or images of another size"
        )
    return channels, height, across


def _steps(channels: int, mixing: Mixing, steps: int, width: int) -> list[Bijection]:
    changed = channels // 2
    parts: list[Bijection] = []
    for step in range(steps):
        net = coupling_net(channels - changed, 2 * changed, width)
        parts += [ActNorm(channels), mixing(step, channels), Coupling(net)]
    return parts


@register
def image_glow(shape: Sequence[int], levels: int = 2, steps: int = 8, width: int = 64) -> MultiScaleFlow:
    """Glow (Kingma and Dhariwal, 2018): an invertible 1x1 convolution mixes the channels.

    Args:
        shape: C, H, W of an image; H and W multiples of 2^levels.
        levels: How often images are squeezed.
        steps: Of each level.
        width: Hidden channels of the couplings' networks (512 in the paper).
    """
    return MultiScaleFlow(shape, lambda step, channels: InvertibleConv(channels), levels, steps, width)


@register
def image_realnvp(shape: Sequence[int], levels: int = 2, steps: int = 8, width: int = 64) -> MultiScaleFlow:
    """RealNVP (Dinh et al., 2017): the halves of a coupling alternate between checkerboards and other pairs of pixels.

    A checkerboard of pixels is two of the four channels that its 2x2 blocks are squeezed into; the networks therefore
    work on squeezed images throughout. Actnorm stands for the paper's batch normalisation.

    Args:
        shape: C, H, W of an image; H and W multiples of 2^levels.
        levels: How often images are squeezed.
        steps: Of each level.
        width: Hidden channels of the couplings' networks.
    """
    return MultiScaleFlow(shape, _regroup, levels, steps, width)


def _regroup(step: int, channels: int) -> Permutation:
    """Brings the channels from the order of the step before, or that of `squeeze`, to that of this step."""
    before = _order(step - 1, channels) if step else list(range(channels))
    return Permutation([before.index(channel) for channel in _order(step, channels)])


def _order(step: int, channels: int) -> list[int]:
    """Returns the channels, as `squeeze` numbers them, that a step's coupling keeps, then those that it changes."""
    # Places in a 2x2 block: 0 1 above, 2 3 below. A colour of the checkerboard, the other, a row, the other.
    changed = [(1, 2), (0, 3), (2, 3), (0, 1)][step % 4]
    return sorted(range(channels), key=lambda channel: channel % 4 in changed)
