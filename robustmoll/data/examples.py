"""What a training asks of data: examples behind an index, and the space in which a likelihood model sees them."""

from abc import ABC, abstractmethod
from typing import Protocol, Self

from torch import Tensor

from robustmoll.data.images import Images

__all__ = ["DataSource", "Domain", "Examples"]


class Domain(ABC):
    """Where data live: how they come before a likelihood model and back, and in which unit their likelihood is told.

    Attributes:
        shape: Of one example.
        figure: Name of the mean negative log-likelihood in that unit: "nll" or "bits_per_dim".
        discrete: Whether the figure is of the discrete data themselves, and so needs dequantised ones.
    """

    shape: tuple[int, ...]
    figure: str
    discrete: bool

    @abstractmethod
    def enter(self, x: Tensor, u: Tensor | None = None) -> Tensor:
        """Returns data as a model sees them, float32.

        Args:
            x: Data as they are kept, shape (B, ...).
            u: Uniform numbers in [0, 1), shaped as x, which say where in the interval that was rounded to it each value
                lies (dequantisation); None takes each value as it is.
        """

    @abstractmethod
    def leave(self, x: Tensor) -> Tensor:
        """Returns what a model drew in the units of the data."""

    @abstractmethod
    def in_unit(self, nll: Tensor) -> Tensor:
        """Returns negative log-likelihoods, in nats of what `enter` gave, in the figure's unit."""


class Examples(Protocol):
    """Examples of one split, such as an `ImageSet` or a `TableSet`.

    `inputs` are behind an index, see `Images`; `labels` has a row for each of them, of no columns where there are none.
    """

    @property
    def name(self) -> str: ...

    @property
    def split(self) -> str: ...

    @property
    def unit(self) -> str:
        """What examples are called in the plural."""

    @property
    def inputs(self) -> Images: ...

    @property
    def labels(self) -> Tensor: ...

    @property
    def domain(self) -> Domain: ...

    def __len__(self) -> int: ...

    def hold_out(self, fraction: float) -> tuple[Self, Self]:
        """Returns what is left for the training, and a share in (0, 1) held out as "validation"; always the same."""


class DataSource(ABC):
    """A data set that a config names: `Data` of images, or a `Table`."""

    @abstractmethod
    def load(self) -> tuple[Examples, Examples]:
        """Returns the training and the test set.

        Raises:
            ValueError: If the files are not what they should be; the message names the file and the remedy.
        """
