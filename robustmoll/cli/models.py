"""robustmoll models: what can be trained besides timm's networks."""

import inspect
from collections.abc import Sequence

import rich
from rich.table import Table

from robustmoll.config import Parser
from robustmoll.models import list_models
from robustmoll.models.densities import DENSITIES

__all__ = ["run"]


def run(args: Sequence[str]) -> None:
    """Lists the networks that robustmoll adds to timm's, and the likelihood models."""
    parser = Parser(prog="robustmoll models", description="List what can be trained besides timm's.")
    parser.add_argument("action", choices=["list"])
    parser.parse_args(args)
    rich.print(_networks(), _densities(), sep="\n")


def _networks() -> Table:
    table = Table("name", "parameters", "", title="Besides every network of timm, by its timm name:")
    for model in list_models():
        table.add_row(model.name, f"{model.params:,}", model.summary)
    return table


def _densities() -> Table:
    table = Table("name", "args by default", "", title="Likelihood models (task: density):")
    for name, build in DENSITIES.items():
        _, *args = inspect.signature(build).parameters.values()  # the first one is the shape of the data
        told = ", ".join(f"{arg.name}: {arg.default}" for arg in args)
        table.add_row(name, f"{{{told}}}", (inspect.getdoc(build) or "").split("\n")[0])
    return table
