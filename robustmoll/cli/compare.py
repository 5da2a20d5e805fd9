"""robustmoll compare: runs of one task on the same data side by side."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import rich
from rich.table import Table

from robustmoll.cli.tasks import common_task
from robustmoll.config import Parser
from robustmoll.evaluate.compare import compare
from robustmoll.evaluate.densities.compare import compare_densities
from robustmoll.evaluate.densities.report import write_density_comparison
from robustmoll.evaluate.densities.tables import density_comparison_table
from robustmoll.evaluate.report import write_comparison
from robustmoll.evaluate.tables import comparison_table

__all__ = ["run"]


class Compare(NamedTuple):
    """How runs of a task are compared, and how the comparison is shown."""

    compare: Callable[..., Any]
    table: Callable[[Any], Table]
    report: Callable[[str, Any], Path]


# By the task.
COMPARE = {
    "classify": Compare(compare, comparison_table, write_comparison),
    "density": Compare(compare_densities, density_comparison_table, write_density_comparison),
}


def run(args: Sequence[str]) -> None:
    """Prints the comparison of the runs that are named."""
    parser = Parser(prog="robustmoll compare", description="Compare runs that were measured on the same test data.")
    parser.add_argument("runs", nargs="+", help="Folders of runs; seeds of one configuration as a,b,c.")
    parser.add_argument("--resamples", type=int, default=1000, help="Bootstrap resamples of the test data.")
    parser.add_argument("--seed", type=int, default=0, help="Of the resampling.")
    parser.add_argument("--report", type=str, help="Page to write, such as compare.html: the table and curves.")
    config = parser.parse_args(args)
    kind = COMPARE[common_task(folder for run in config.runs for folder in run.split(","))]
    comparison = kind.compare(config.runs, resamples=config.resamples, seed=config.seed)
    rich.print(kind.table(comparison))
    if config.report:
        print(f"report in {kind.report(config.report, comparison)}")
