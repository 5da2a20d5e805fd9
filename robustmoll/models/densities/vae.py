"""The variational auto-encoder, and two other objectives for it: beta-VAE and IWAE."""

from collections.abc import Sequence

from torch import Generator, Tensor

from robustmoll.models.densities.base import register
from robustmoll.models.densities.image_nets import Decoder, Encoder
from robustmoll.models.densities.latent import Hints, LatentModel
from robustmoll.models.densities.normal import normal_log_prob, normal_noise, standard_log_prob

__all__ = ["IWAE", "VAE", "beta_vae", "iwae", "vae"]


class VAE(LatentModel):
    """A variational auto-encoder with a normal q(z | x) of independent parts (Kingma and Welling, 2014).

    Training raises E log p(x | z) - beta KL(q(z | x) || p(z)), the divergence in closed form.

    Args:
        shape: C, H, W of an image.
        latent: Length of z.
        width: Channels of the first convolution.
        beta: Weight of the divergence in training, > 0; `log_prob` is the bound (beta = 1) whatever it is.

    Raises:
        ValueError: If an argument is out of its range.
    """

    def __init__(self, shape: Sequence[int], latent: int = 32, width: int = 32, beta: float = 1.0) -> None:
        super().__init__(shape)
        if min(latent, width) < 1 or not beta > 0:
            raise ValueError(f"latent, width and beta must be positive, got {latent=}, {width=}, {beta=}")
        self.latent_size, self.beta = latent, beta
        self.encoder = Encoder(self.shape, 2 * latent, width)
        self.decoder = Decoder(self.shape, latent, width)

    def infer(self, x: Tensor) -> Hints:
        """Returns mean and log-standard deviation of q(z | x), shape (B, latent) each."""
        mean, log_std = self.encoder(x).chunk(2, 1)
        return mean, log_std

    def terms(self, x: Tensor, hints: Hints, generator: Generator | None) -> tuple[Tensor, Tensor]:
        mean, log_std = hints
        z = mean + log_std.exp() * normal_noise(mean, generator)
        return self.likelihood(x, self.decode(z)), normal_log_prob(z, mean, log_std) - standard_log_prob(z)

    def objective(self, x: Tensor, generator: Generator | None = None) -> Tensor:
        mean, log_std = self.infer(x)
        likelihood, _ = self.terms(x, (mean, log_std), generator)
        divergence = 0.5 * (mean.square() + (2 * log_std).exp() - 1) - log_std
        return likelihood - self.beta * divergence.sum(1)

    def encode(self, x: Tensor) -> Tensor:
        return self.infer(x)[0]

    def decode(self, z: Tensor) -> Tensor:
        return self.decoder(z)


class IWAE(VAE):
    """A VAE that training gives a tighter bound, that of several z per image (Burda et al., 2016).

    Args:
        shape: C, H, W of an image.
        latent: Length of z.
        width: Channels of the first convolution.
        samples: How many z training draws for an image.

    Raises:
        ValueError: If an argument is out of its range.
    """

    def __init__(self, shape: Sequence[int], latent: int = 32, width: int = 32, samples: int = 5) -> None:
        super().__init__(shape, latent, width)
        if samples < 1:
            raise ValueError(f"an IWAE needs samples of at least 1, got {samples}")
        self.samples = samples

    def objective(self, x: Tensor, generator: Generator | None = None) -> Tensor:
        return self.log_prob(x, generator, self.samples)


@register
def vae(shape: Sequence[int], latent: int = 32, width: int = 32) -> VAE:
    """The variational auto-encoder of Kingma and Welling (2014); arguments as for `VAE`."""
    return VAE(shape, latent, width)


@register
def beta_vae(shape: Sequence[int], latent: int = 32, width: int = 32, beta: float = 4.0) -> VAE:
    """The beta-VAE of Higgins et al. (2017), whose divergence has another weight; arguments as for `VAE`."""
    return VAE(shape, latent, width, beta)


@register
def iwae(shape: Sequence[int], latent: int = 32, width: int = 32, samples: int = 5) -> IWAE:
    """The importance weighted auto-encoder of Burda et al. (2016); arguments as for `IWAE`."""
    return IWAE(shape, latent, width, samples)
