"""robustmoll compare: benchmarks of the same images side by side."""

from collections.abc import Sequence

import rich

from robustmoll.config import Parser
from robustmoll.evaluate.compare import compare
from robustmoll.evaluate.report import write_comparison
from robustmoll.evaluate.tables import comparison_table

__all__ = ["run"]


def run(args: Sequence[str]) -> None:
    """Prints the comparison of the runs that are named."""
    parser = Parser(prog="robustmoll compare", description="Compare benchmarks of the same images.")
    parser.add_argument("runs", nargs="+", help="Folders of runs; seeds of one configuration as a,b,c.")
    parser.add_argument("--resamples", type=int, default=1000, help="Bootstrap resamples of the test images.")
    parser.add_argument("--seed", type=int, default=0, help="Of the resampling.")
    parser.add_argument("--report", type=str, help="Page to write, such as compare.html: the table and curves.")
    config = parser.parse_args(args)
    comparison = compare(config.runs, resamples=config.resamples, seed=config.seed)
    rich.print(comparison_table(comparison))
    if config.report:
        print(f"report in {write_comparison(config.report, comparison)}")
