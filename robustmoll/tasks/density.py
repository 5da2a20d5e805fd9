"""Likelihood-based training: what one step computes.

The order is fixed: dequantise, scale (images) and mollify; then lower the negative log-likelihood, in nats for rows
and in bits per dimension for images. Evaluation is of clean data, always.
"""

import copy
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self

import torch
from torch import Generator, Tensor, nn

from robustmoll.anneal import Anneal
from robustmoll.data.examples import Examples
from robustmoll.draws import Draws
from robustmoll.tasks.likelihood import (
    DensityArgs,
    Likelihood,
    build_likelihood,
    likelihood_config,
    load_likelihood,
    told_likelihoods,
)
from robustmoll.tasks.task import Task

__all__ = ["Density", "DensityDraw"]


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
        self.model, self.anneal, self.dequantise = model, anneal, dequantise

    def over(self, epochs: int, steps_per_epoch: int) -> Self:
        bound = copy.copy(self)
        bound.anneal = self.anneal.over(epochs, steps_per_epoch)
        return bound

    def config(self, train: Examples) -> dict[str, Any]:
        return likelihood_config(self.model, train.domain)

    def build(self, train: Examples) -> Likelihood:
        """Returns a fresh model for that data; its weights come from PyTorch's global generator.

        Raises:
            ValueError: If the data cannot be degraded in that way (blur is for images), or the model is not for them.
        """
        self.anneal.degradation(torch.zeros(1, *train.domain.shape), torch.ones(1))  # refuses what it is not for
        return build_likelihood(self.config(train))

    def load(self, config: dict[str, Any], weights: dict[str, Tensor]) -> Likelihood:
        return load_likelihood(config, weights)

    def draw(self, n: int, size: object, generator: Generator, step: int) -> DensityDraw:
        t = self.anneal.draw(n, step, generator)
        return DensityDraw(t, int(torch.randint(2**62, (), generator=generator, device="cpu")))

    def prepare(self, model: Likelihood, x: Tensor, draw: DensityDraw) -> Tensor:
        """Returns data as the model meets them in training.

        Args:
            model: Which knows where data live.
            x: Data as they are kept, shape (B, ...).
            draw: For B examples.
        """
        draws = Draws(f"{draw.seed}/density", range(draw.first, draw.first + len(x)), x.device)
        x = model.domain.enter(x, draws.uniform(*x.shape[1:]) if self.dequantise else None)
        if not draw.t.any():  # on the CPU
            return x
        return self.anneal.degradation.degrade(x, draw.t.to(x.device), lambda like: draws.normal(*like.shape[1:]))

    def losses(self, model: Likelihood, network: nn.Module, x: Tensor, y: Tensor, draw: DensityDraw) -> Tensor:
        """Returns what is lowered, in the unit of the data's likelihood: the negative log-likelihood of each of x_t."""
        return model.domain.told(-network(self.prepare(model, x, draw)))

    def figures(self, model: Likelihood, batches: Iterable[tuple[Tensor, Tensor]]) -> dict[str, float]:
        """Returns the mean negative log-likelihood, or its upper bound with one latent variable each."""
        return {model.figure: float(told_likelihoods(model, (x for x, _ in batches)).mean())}

    def describe(self, draw: DensityDraw) -> str:
        return "t " + " ".join(f"{t:.3f}" for t in sorted(set(draw.t.tolist())))
