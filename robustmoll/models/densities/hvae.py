"""A hierarchical variational auto-encoder: latent variables of several sizes, drawn from coarse to fine."""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional as F

from robustmoll.models.densities.base import register
from robustmoll.models.densities.image_nets import halved, zero_conv
from robustmoll.models.densities.latent import Hints, LatentModel
from robustmoll.models.densities.normal import normal_log_prob, normal_noise, standard_log_prob

__all__ = ["HVAE", "Level", "hvae"]


class Level(nn.Module):
    """One group of latent variables, given what the coarser ones made of the image.

    The prior is normal, with mean and standard deviation from the state that comes down; q(z | x) differs from it by
    what the encoder tells, and not at all before training.

    Args:
        width: Channels of state and hints.
        latent: Channels of z.
    """

    def __init__(self, width: int, latent: int) -> None:
        super().__init__()
        self.prior = zero_conv(width, 2 * latent)
        self.posterior = zero_conv(2 * width, 2 * latent)
        self.read = nn.Conv2d(latent, width, 3, padding=1)
        self.block = nn.Sequential(nn.SiLU(), nn.Conv2d(width, width, 3, padding=1), nn.SiLU(), zero_conv(width, width))

    def moments(self, state: Tensor) -> tuple[Tensor, Tensor]:
        """Returns mean and log-standard deviation of the prior, (B, latent, h, w) each."""
        mean, log_std = self.prior(F.silu(state)).chunk(2, 1)
        return mean, log_std

    def difference(self, state: Tensor, hint: Tensor) -> tuple[Tensor, Tensor]:
        """Returns how far, in standard deviations of the prior, q(z | x) lies off, and the log of their ratio."""
        shift, log_ratio = self.posterior(F.silu(torch.cat([state, hint], 1))).chunk(2, 1)
        return shift, log_ratio

    def forward(self, state: Tensor, noise: Tensor) -> Tensor:
        """Returns the state after z, which lies `noise` standard deviations off the prior's mean."""
        mean, log_std = self.moments(state)
        state = state + self.read(mean + log_std.exp() * noise)
        return state + self.block(state)


class HVAE(LatentModel):
    """A ladder of latent maps (Sønderby et al., "Ladder variational autoencoders", 2016), coarse to fine.

    An encoder goes up in halvings of the image and leaves a hint at each level; the way down draws z level by level,
    q(z | x) told by hints as a difference to the prior. `encode` and `decode` speak of all levels in a row, coarsest
    first, each in standard deviations off its prior's mean, so that their prior is N(0, 1).

    Args:
        shape: C, H, W of an image.
        levels: Number of latent maps; the finest has half the image's height and width.
        latent: Channels of each.
        width: Channels of the state.

    Raises:
        ValueError: If an argument is out of its range.
    """

    levels: Sequence[Level]

    def __init__(self, shape: Sequence[int], levels: int = 3, latent: int = 4, width: int = 32) -> None:
        super().__init__(shape)
        if min(levels, latent, width) < 1:
            raise ValueError(f"levels, latent and width must be at least 1, got {levels=}, {latent=}, {width=}")
        self.sizes = halved((self.shape[1], self.shape[2]), levels)[::-1]
        self.latent_shapes = [(latent, *size) for size in self.sizes[:-1]]
        self.latent_size = sum(math.prod(shape) for shape in self.latent_shapes)
        channels = [self.shape[0], *[width] * levels]
        self.up = nn.ModuleList(nn.Conv2d(channels[k], width, 3, 2, 1) for k in range(levels))
        self.start = nn.Parameter(torch.zeros(width, *self.sizes[0]))
        self.levels = nn.ModuleList(Level(width, latent) for _ in range(levels))  # type: ignore[assignment]
        self.last = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=1), nn.SiLU(), nn.Conv2d(width, self.shape[0], 3, padding=1)
        )

    def infer(self, x: Tensor) -> Hints:
        """Returns the hints, shape (B, width, h, w) each, the coarsest first."""
        hints: list[Tensor] = []
        for conv in self.up:
            x = conv(F.silu(x) if hints else x)
            hints.append(x)
        return tuple(reversed(hints))

    def terms(self, x: Tensor, hints: Hints, generator: Generator | None) -> tuple[Tensor, Tensor]:
        divergences = []

        def drawn(level: Level, state: Tensor, hint: Tensor) -> Tensor:
            shift, log_ratio = level.difference(state, hint)
            noise = shift + log_ratio.exp() * normal_noise(shift, generator)
            # Densities of z and of its deviation differ by the prior's standard deviation, which cancels.
            divergences.append(normal_log_prob(noise, shift, log_ratio) - standard_log_prob(noise))
            return noise

        mean = self._down(hints, drawn)
        return self.likelihood(x, mean), torch.stack(divergences).sum(0)

    def encode(self, x: Tensor) -> Tensor:
        shifts = []

        def middle(level: Level, state: Tensor, hint: Tensor) -> Tensor:
            shifts.append(level.difference(state, hint)[0])
            return shifts[-1]

        self._down(self.infer(x), middle)
        return torch.cat([shift.flatten(1) for shift in shifts], 1)

    def decode(self, z: Tensor) -> Tensor:
        parts = z.split([math.prod(shape) for shape in self.latent_shapes], 1)
        maps = [part.unflatten(1, shape) for part, shape in zip(parts, self.latent_shapes, strict=True)]
        return self._down(maps, lambda level, state, noise: noise)

    def _down(self, told: Sequence[Tensor], noise: Callable[[Level, Tensor, Tensor], Tensor]) -> Tensor:
        """Returns mean images; `noise` tells each level's deviation from its prior by state and what it was told."""
        state = self.start.expand(len(told[0]), -1, -1, -1)
        for level, this, size in zip(self.levels, told, self.sizes[1:], strict=True):
            state = F.interpolate(level(state, noise(level, state, this)), size)
        return self.last(state)


@register
def hvae(shape: Sequence[int], levels: int = 3, latent: int = 4, width: int = 32) -> HVAE:
    """The hierarchical VAE, a ladder of latent maps; arguments as for `HVAE`."""
    return HVAE(shape, levels, latent, width)
