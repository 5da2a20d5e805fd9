"""robustmoll models: what can be trained besides timm's networks."""

from collections.abc import Sequence

import rich
from rich.table import Table

from robustmoll.config import Parser
from robustmoll.models import list_models

__all__ = ["run"]


def run(args: Sequence[str]) -> None:
    """Lists the networks that robustmoll adds to timm's."""
    parser = Parser(prog="robustmoll models", description="List the networks that robustmoll adds to timm's.")
    parser.add_argument("action", choices=["list"])
    parser.parse_args(args)
    table = Table("name", "parameters", "", title="Besides every network of timm, by its timm name:")
    for model in list_models():
        table.add_row(model.name, f"{model.params:,}", model.summary)
    rich.print(table)
