"""Likelihood-based training: what one step computes.

The order is fixed: dequantise, scale (images) and mollify; then lower the negative log-likelihood, in nats for rows
and in bits per dimension for images. Evaluation is of clean data, always.
"""

import copy
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol, Self, runtime_checkable

import torch
from torch import Generator, Tensor, nn

from robustmoll.anneal import Anneal
from robustmoll.counter_rng import CounterRNG
from robustmoll.data.examples import Examples
from robustmoll.data.tables.columns import check_columns
from robustmoll.models.densities.table_bijections import BatchNorm
from robustmoll.tasks.likelihood import (
    DensityArgs,
    Likelihood,
    build_likelihood,
    likelihood_config,
    load_likelihood,
    negative_log_likelihoods,
    saved_domain,
)
from robustmoll.tasks.task import Task

__all__ = ["EXTENT", "Calibrated", "Density", "DensityDraw"]

IMAGES, ROWS = 64, 1000  # samples of a snapshot
LOOKED_AT = 256  # images, to tell whether they have colours
GRID, EXTENT = 100, 3.0  # points of a snapshot's axis, and how far it reaches in standard deviations


@runtime_checkable
class Calibrated(Protocol):
    """A likelihood model that keeps statistics of its data."""

    def calibrate(self, x: Tensor) -> None:
        """Takes them from clean training data, as the model sees them, in place of those of mollified batches."""


@dataclass(frozen=True, eq=False)
class DensityDraw:
    """The random choices for a batch, or for a part of one.

    Attributes:
        t: Time of each example, shape (n,), on the CPU.
        seed: Of dequantisation and noise.
        first: Place of the first example in the whole batch.
    """

    t: Tensor
    seed: int
    first: int = 0

    def part(self, share: slice) -> "DensityDraw":
        """Returns the choices for some of the examples, the same as in the whole."""
        return DensityDraw(self.t[share], self.seed, self.first + share.start)


class Density(Task[Examples, Likelihood, DensityDraw]):
    """Density estimation: mollify the data less and less, and raise their likelihood.

    Args:
        model: The likelihood model.
        anneal: How much the data are mollified when.
        dequantise: Whether training data are moved, anew at every step, within what was rounded to their values: a grey
            level of images, the last digit of a table's columns.

    Raises:
        ValueError: If a number is out of its range.
    """

    def __init__(self, model: DensityArgs, anneal: Anneal, dequantise: bool = True) -> None:
        self.model = model
        self.anneal = anneal
        self.dequantise = dequantise

    def for_length(self, epochs: int, steps_per_epoch: int) -> Self:
        bound = copy.copy(self)
        bound.anneal = self.anneal.for_length(epochs, steps_per_epoch)
        return bound

    def config(self, train: Examples) -> dict[str, Any]:
        return likelihood_config(self.model, train.domain)

    def check_data(self, config: dict[str, Any], train: Examples) -> None:
        check_columns(saved_domain(config), train.domain)

    def build(self, train: Examples) -> Likelihood:
        """Returns a fresh model for that data; its weights come from PyTorch's global generator.

        Raises:
            ValueError: If the data cannot be degraded in that way (blur is for images), or the model is not for them.

        Warns:
            UserWarning: If images of three channels are grey.
        """
        _warn_of_grey(train)
        self.anneal.degradation(torch.zeros(1, *train.domain.shape), torch.ones(1))  # refuses what it is not for
        return build_likelihood(self.config(train))

    def check_part(self, model: Likelihood, n: int) -> None:
        if any(isinstance(module, BatchNorm) for module in model.modules()):
            BatchNorm.check_rows(n)

    def load(self, config: dict[str, Any], weights: dict[str, Tensor]) -> Likelihood:
        return load_likelihood(config, weights)

    def draw(self, n: int, size: object, generator: Generator, step: int) -> DensityDraw:
        t = self.anneal.times(n, step, generator)
        return DensityDraw(t, int(torch.randint(2**62, (), generator=generator, device="cpu")))

    def prepare(self, model: Likelihood, x: Tensor, y: Tensor, draw: DensityDraw) -> tuple[Tensor, Tensor]:
        """Returns data as the model meets them in training, and their labels as they are.

        Args:
            model: Which knows where data live.
            x: Data as they are kept, shape (B, ...).
            y: Labels, which do not matter.
            draw: For B examples.
        """
        rng = CounterRNG(f"{draw.seed}/density", range(draw.first, draw.first + len(x)), x.device)
        x = model.domain.enter(x, rng.uniform(*x.shape[1:]) if self.dequantise else None)
        if draw.t.any():  # on the CPU
            x = self.anneal.degradation.degrade(x, draw.t.to(x.device), lambda like: rng.normal(*like.shape[1:]))
        return x, y

    def losses(self, model: Likelihood, network: nn.Module, x: Tensor, y: Tensor) -> Tensor:
        """Returns what is lowered, in the unit of the data's likelihood: the negative log-likelihood of each of x."""
        return model.domain.in_unit(-network(x))

    def figures(self, model: Likelihood, batches: Iterable[tuple[Tensor, Tensor]]) -> dict[str, float]:
        """Returns the mean negative log-likelihood, or its upper bound with one latent variable each."""
        return {model.figure: float(negative_log_likelihoods(model, (x for x, _ in batches)).mean())}

    def calibrate(self, model: Likelihood, train: Examples) -> None:
        """Lets a model that keeps statistics of its data, as batch normalisation does, take them from clean data."""
        if isinstance(model.density, Calibrated):
            x = model.domain.enter(train.inputs[:])
            model.density.calibrate(x.to(next(model.parameters()).device))

    def snapshot(self, model: Likelihood) -> dict[str, Tensor]:
        """Returns samples, and in the plane the log-density on a grid of standardised points, first index along y."""
        device = next(model.parameters()).device
        n = IMAGES if model.domain.discrete else ROWS
        kept = {"samples": model.sample(n, torch.Generator(device).manual_seed(0)).cpu()}
        if model.domain.shape == (2,):
            axis = torch.linspace(-EXTENT, EXTENT, GRID, device=device)
            points = torch.cartesian_prod(axis, axis).flip(1)
            kept["log_prob"] = model.density.log_prob(points).view(GRID, GRID).cpu()
        return kept

    def describe(self, draw: DensityDraw) -> str:
        return "t " + " ".join(f"{t:.3f}" for t in sorted(set(draw.t.tolist())))


def _warn_of_grey(train: Examples) -> None:
    x = train.inputs[:LOOKED_AT]
    if x.dim() == 4 and x.shape[1] == 3 and torch.equal(x, x[:, :1].expand_as(x)):
        warnings.warn(
            f"the images of {train.name} are grey, in three channels of which two follow from the third: their bits/dim"
            " compare with nothing; read them in one (ImageFolder: data.channels=1)",
            stacklevel=2,
        )
