"""What likelihood models share."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar, TypeVar

from torch import Generator, Tensor, nn

__all__ = ["DENSITIES", "DensityModel", "register"]

Build = TypeVar("Build", bound=Callable[..., "DensityModel"])


class DensityModel(nn.Module, ABC):
    """A density on rows of a table, shape (B, D), or on images, shape (B, C, H, W); a new one defines two methods.

    Data are continuous: images come dequantised and scaled to [-1, 1], rows standardised. Log-likelihoods are those of
    what comes in, in nats; who scaled the data converts them to bits per dimension or to the units of the columns.

    Attributes:
        exact: Whether `log_prob` is the log-likelihood itself; else it is a lower bound of it.
    """

    exact: ClassVar[bool] = True

    @abstractmethod
    def log_prob(self, x: Tensor, generator: Generator | None = None, samples: int = 1) -> Tensor:
        """Returns the log-likelihood of each of x, or a lower bound of it, in nats, shape (B,).

        Args:
            x: Rows, shape (B, D), or images, shape (B, C, H, W).
            generator: Of a bound's latent variables, on the device of x; None takes PyTorch's own.
            samples: How many latent variables a bound draws for each of x: the more, the tighter.
        """

    @abstractmethod
    def sample(self, n: int, generator: Generator | None = None, temperature: float = 1.0) -> Tensor:
        """Draws n rows or images.

        Args:
            n: How many.
            generator: On the device of the weights; None takes PyTorch's own.
            temperature: Factor of the standard deviation of the latent variables.
        """

    def objective(self, x: Tensor, generator: Generator | None = None) -> Tensor:
        """Returns what training raises, for each of x, shape (B,): `log_prob`, unless a model says otherwise."""
        return self.log_prob(x, generator)

    def forward(self, x: Tensor, generator: Generator | None = None) -> Tensor:
        return self.objective(x, generator)


DENSITIES: dict[str, Callable[..., DensityModel]] = {}


def register(build: Build) -> Build:
    """Makes a density model known by the name of its function or class; its first argument is the shape of one x."""
    DENSITIES[build.__name__] = build
    return build
