"""A variational auto-encoder whose q(z | x) is bent by inverse autoregressive flows."""

from collections.abc import Sequence

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional as F

from robustmoll.models.densities.base import register
from robustmoll.models.densities.image_nets import Decoder, Encoder
from robustmoll.models.densities.latent import Hints, LatentModel
from robustmoll.models.densities.linear import MaskedLinear
from robustmoll.models.densities.normal import normal_log_prob, normal_noise, standard_log_prob

__all__ = ["IAFVAE", "AutoregressiveStep", "iaf_vae"]


class AutoregressiveStep(nn.Module):
    """z_i becomes g_i z_i + (1 - g_i) m_i, where g_i and m_i depend on z_1 ... z_(i-1) and a context.

    Kingma et al., "Improved variational inference with inverse autoregressive flow" (2016), equations 13 and 14, by a
    masked network (Germain et al., "MADE", 2015). Its gates g, in (0, 1), begin near 0.9: close to the identity.

    Args:
        size: Length of z.
        width: Hidden units.
        context: Length of the context.
    """

    def __init__(self, size: int, width: int, context: int) -> None:
        super().__init__()
        place, hidden = torch.arange(size), torch.arange(width) % max(size - 1, 1)
        self.first = MaskedLinear(place, hidden)
        self.context = nn.Linear(context, width + 2 * size)
        self.last = MaskedLinear(hidden, (place - 1).repeat(2))
        with torch.no_grad():
            self.last.weight.mul_(0.1)
            self.last.bias.copy_(torch.tensor([2.0, 0.0]).repeat_interleave(size))

    def forward(self, z: Tensor, context: Tensor) -> tuple[Tensor, Tensor]:
        """Returns the new z, shape (B, size), and the log-determinant, shape (B,), of z and context (B, context)."""
        # The last layer too sees the context: nothing else reaches the gate and the shift of the first z.
        inside, outside = self.context(context).split([self.first.out_features, 2 * z.shape[1]], 1)
        gate, shift = (self.last(F.silu(self.first(z) + inside)) + outside).chunk(2, 1)
        keep = gate.sigmoid()
        return keep * z + (1 - keep) * shift, F.logsigmoid(gate).sum(1)


class IAFVAE(LatentModel):
    """A VAE with a normal q(z | x) that autoregressive steps bend, each in the opposite order of the one before.

    Args:
        shape: C, H, W of an image.
        latent: Length of z.
        width: Channels of the first convolution.
        steps: Of the flow.
        hidden: Units of a step, and length of the context that the encoder gives it.

    Raises:
        ValueError: If an argument is out of its range.
    """

    def __init__(
        self, shape: Sequence[int], latent: int = 32, width: int = 32, steps: int = 2, hidden: int = 128
    ) -> None:
        super().__init__(shape)
        if min(latent, width, steps, hidden) < 1:
            raise ValueError(
                f"latent, width, steps and hidden must be at least 1, got {latent=}, {width=}, {steps=}, {hidden=}"
            )
        self.latent_size, self.hidden = latent, hidden
        self.encoder = Encoder(self.shape, 2 * latent + hidden, width)
        self.steps = nn.ModuleList(AutoregressiveStep(latent, hidden, hidden) for _ in range(steps))
        self.decoder = Decoder(self.shape, latent, width)

    def infer(self, x: Tensor) -> Hints:
        """Returns mean and log-standard deviation of the flow's begin, (B, latent) each, and its context."""
        mean, log_std, context = self.encoder(x).split([self.latent_size, self.latent_size, self.hidden], 1)
        return mean, log_std, context

    def bend(self, z: Tensor, context: Tensor) -> tuple[Tensor, Tensor]:
        """Returns z after all steps and the log-determinant of the way, shape (B,)."""
        total = z.new_zeros(len(z))
        for step in self.steps:
            z, log_det = step(z.flip(1), context)
            total = total + log_det
        return z, total

    def terms(self, x: Tensor, hints: Hints, generator: Generator | None) -> tuple[Tensor, Tensor]:
        mean, log_std, context = hints
        start = mean + log_std.exp() * normal_noise(mean, generator)
        z, log_det = self.bend(start, context)
        posterior = normal_log_prob(start, mean, log_std) - log_det
        return self.likelihood(x, self.decode(z)), posterior - standard_log_prob(z)

    def encode(self, x: Tensor) -> Tensor:
        mean, _, context = self.infer(x)
        return self.bend(mean, context)[0]

    def decode(self, z: Tensor) -> Tensor:
        return self.decoder(z)


@register
def iaf_vae(shape: Sequence[int], latent: int = 32, width: int = 32, steps: int = 2, hidden: int = 128) -> IAFVAE:
    """The VAE with inverse autoregressive flow of Kingma et al. (2016); arguments as for `IAFVAE`."""
    return IAFVAE(shape, latent, width, steps, hidden)
