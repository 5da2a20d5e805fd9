"""A likelihood model with the space of its data inside, built from plain values, with weights of the same."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any, cast

import torch
from torch import Generator, Tensor

from robustmoll.checks import known_name
from robustmoll.counter_rng import CounterRNG
from robustmoll.data.examples import Domain
from robustmoll.data.pixels import Pixels
from robustmoll.data.tables import Columns
from robustmoll.models.densities import DENSITIES, DensityModel
from robustmoll.tasks.task import Model, load_weights

__all__ = [
    "DensityArgs",
    "Likelihood",
    "build_likelihood",
    "likelihood_config",
    "load_likelihood",
    "negative_log_likelihoods",
    "saved_domain",
]

DOMAINS: dict[str, type[Domain]] = {"pixels": Pixels, "columns": Columns}


@dataclass(frozen=True)
class DensityArgs:
    """Which model estimates the density.

    Args:
        name: "maf", "image_realnvp", ...: one of `robustmoll models list`, which also tells their arguments.
        args: Its further arguments, besides the shape of the data.

    Raises:
        ValueError: If there is no such model.
    """

    name: str = "maf"
    args: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        known_name("density model", self.name, DENSITIES)


class Likelihood(Model):
    """A likelihood model with the space of its data inside: data as they are kept to negative log-likelihoods.

    Args:
        backbone: The model.
        domain: Where its data live.
    """

    def __init__(self, backbone: DensityModel, domain: Domain) -> None:
        super().__init__(backbone)
        self.domain = domain

    @property
    def density(self) -> DensityModel:
        return cast(DensityModel, self.backbone)

    @property
    def figure(self) -> str:
        """Name of the mean negative log-likelihood, such as "nll" or "bits_per_dim_bound"."""
        return self.domain.figure if self.density.exact else f"{self.domain.figure}_bound"

    def forward(
        self, x: Tensor, u: Tensor | None = None, generator: Generator | None = None, samples: int = 1
    ) -> Tensor:
        """Returns the negative log-likelihood (or its upper bound) of each of x, in the domain's unit, shape (B,).

        Args:
            x: Data as they are kept.
            u: Uniform numbers that dequantise them, see `Domain.enter`.
            generator: Of a bound's latent variables.
            samples: How many of these are drawn for each of x.
        """
        return self.domain.in_unit(-self.density.log_prob(self.domain.enter(x, u), generator, samples))

    def sample(self, n: int, generator: Generator | None = None, temperature: float = 1.0) -> Tensor:
        """Draws data, in their own units; arguments as for `DensityModel.sample`."""
        return self.domain.leave(self.density.sample(n, generator, temperature))


def negative_log_likelihoods(model: Likelihood, inputs: Iterable[Tensor], samples: int = 1) -> Tensor:
    """Returns the negative log-likelihood of each example, as `Likelihood` does, always with the same random numbers.

    Discrete data are dequantised, other data are evaluated as they are.

    Args:
        model: In eval mode.
        inputs: Batches of data as they are kept.
        samples: Latent variables of a bound.

    Returns:
        Shape (N,), float64, on the CPU.
    """
    found, seen, generator = [], 0, None
    for x in inputs:
        rng = CounterRNG("evaluate", range(seen, seen + len(x)), x.device)
        u = rng.uniform(*x.shape[1:]) if model.domain.discrete else None
        generator = generator or torch.Generator(x.device).manual_seed(0)
        found.append(model(x, u, generator, samples).double().cpu())
        seen += len(x)
    return torch.cat(found)


def likelihood_config(args: DensityArgs, domain: Domain) -> dict[str, Any]:
    """Returns an architecture as plain values, from which `build_likelihood` makes it."""
    kind = next(name for name, cls in DOMAINS.items() if cls is type(domain))
    space = {"kind": kind, **asdict(domain)}  # type: ignore[call-overload]
    return {"architecture": args.name, "model_args": args.args, "domain": space}


def saved_domain(config: dict[str, Any]) -> Domain:
    """Returns where the data of an architecture live."""
    fields = dict(config["domain"])
    return DOMAINS[fields.pop("kind")](**{name: tuple(value) for name, value in fields.items()})


def build_likelihood(config: dict[str, Any]) -> Likelihood:
    """Builds a likelihood model, with fresh weights, from its config.

    Raises:
        ValueError: If there is no such model, or it does not take these arguments or this shape.
    """
    domain = saved_domain(config)
    name = known_name("density model", config["architecture"], DENSITIES)
    try:
        return Likelihood(DENSITIES[name](domain.shape, **config["model_args"]), domain)
    except TypeError as error:
        raise ValueError(f"density model {name!r} does not take these arguments: {error}") from error


def load_likelihood(config: dict[str, Any], weights: dict[str, Tensor]) -> Likelihood:
    """Builds a trained likelihood model from a checkpoint's config and weights.

    Raises:
        ValueError: If the two do not belong together, or are of another task.
    """
    if "domain" not in config:
        raise ValueError("the checkpoint is no likelihood model's: its config.json has no domain")
    return load_weights(build_likelihood(config), weights)
