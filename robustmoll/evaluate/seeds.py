"""Many trainings in one table: a row a configuration, mean and standard deviation over its seeds."""

from collections.abc import Mapping, Sequence
from statistics import fmean, stdev
from typing import Any

from robustmoll.evaluate.cells import Cell
from robustmoll.evaluate.summary import summarise
from robustmoll.evaluate.tables import markdown_table

__all__ = ["seeds_rows", "seeds_table"]

# Column of the table: part of the summary, figure, factor, digits.
COLUMNS: dict[str, tuple[str, str, float, int]] = {
    "clean error %": ("clean", "error", 100, 2),
    "corrupted error %": ("corrupted", "error", 100, 2),
    "… without noise and blur": ("without", "error", 100, 2),
    "clean NLL": ("clean", "nll", 1, 3),
    "corrupted NLL": ("corrupted", "nll", 1, 3),
    "clean ECE %": ("clean", "ece", 100, 2),
    "corrupted ECE %": ("corrupted", "ece", 100, 2),
    "corrupted NLL, T": ("corrupted", "nll_ts", 1, 3),
    "clean ECE %, T": ("clean", "ece_ts", 100, 2),
    "corrupted ECE %, T": ("corrupted", "ece_ts", 100, 2),
}


def seeds_table(study: Mapping[str, Sequence[list[Cell]]]) -> str:
    """Returns the table as Markdown; arguments as for `seeds_rows`."""
    return markdown_table(*seeds_rows(study)) + "\n"


def seeds_rows(study: Mapping[str, Sequence[list[Cell]]]) -> tuple[list[str], list[list[str]]]:
    """Returns header and rows of the table.

    T marks figures after temperature scaling, with a T fitted on clean images that it does not judge. The families of
    noise and blur are left out in one column for every configuration, whatever it was trained with, so that the column
    compares like with like.

    Args:
        study: By the name of a configuration, the cells of each of its seeds.
    """
    rows = []
    for config, runs in study.items():
        summaries = [summarise(cells, trained_on=("noise", "blur")) for cells in runs]
        seeds = f"{len(runs)} seed{'s' * (len(runs) > 1)}"
        rows.append([f"{config} ({seeds})", *(_entry(summaries, *column) for column in COLUMNS.values())])
    return ["", *COLUMNS], rows


def _entry(summaries: list[dict[str, Any]], part: str, figure: str, factor: float, digits: int) -> str:
    # None where only families of noise and blur were measured, or no temperature could be fitted.
    found = [summary[part] and summary[part][figure] for summary in summaries]
    if None in found:
        return ""
    values = [factor * value for value in found]
    spread = f" ± {stdev(values):.{digits}f}" if len(values) > 1 else ""
    return f"{fmean(values):.{digits}f}{spread}"
