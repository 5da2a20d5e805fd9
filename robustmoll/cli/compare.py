"""robustmoll compare: runs of one task on the same data side by side."""

from collections.abc import Sequence

from robustmoll.config import Parser
from robustmoll.evaluate.groups import folders_of
from robustmoll.evaluate.text import print_table
from robustmoll.runs.kinds import KINDS, common_task

__all__ = ["run"]


def run(args: Sequence[str]) -> None:
    """Prints the comparison of the runs that are named."""
    parser = Parser(prog="robustmoll compare", description="Compare runs that were measured on the same test data.")
    parser.add_argument("runs", nargs="+", help="Folders of runs; seeds of one configuration as a,b,c.")
    parser.add_argument("--resamples", type=int, default=1000, help="Bootstrap resamples of the test data.")
    parser.add_argument("--seed", type=int, default=0, help="Of the resampling.")
    parser.add_argument("--report", type=str, help="Page to write, such as compare.html: the table and curves.")
    config = parser.parse_args(args)
    kind = KINDS[common_task(folder for run in config.runs for folder in folders_of(run))]
    comparison = kind.compare(config.runs, resamples=config.resamples, seed=config.seed)
    print_table(kind.table(comparison))
    if config.report:
        print(f"report in {kind.page(config.report, comparison)}")
