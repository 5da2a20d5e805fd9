"""Many trainings in one table: a row a configuration, mean and standard deviation over its seeds."""

from collections.abc import Mapping, Sequence
from typing import Any

from robustmoll.checks import known_name
from robustmoll.evaluate.classifiers.cells import Cell
from robustmoll.evaluate.classifiers.summary import summarise
from robustmoll.evaluate.text import TextTable, count_seeds, markdown_table, mean_and_deviation

__all__ = ["differences_table", "seeds_rows", "seeds_table"]

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
    return markdown_table(seeds_rows(study)) + "\n"


def seeds_rows(study: Mapping[str, Sequence[list[Cell]]]) -> TextTable:
    """Returns the table.

    T marks figures after temperature scaling, with a T fitted on clean images that it does not judge. The families of
    noise and blur are left out in one column for every configuration, whatever it was trained with, so that the column
    compares like with like.

    Args:
        study: By the name of a configuration, the cells of each of its seeds.
    """
    rows = []
    for config, runs in study.items():
        summaries = _summaries(runs)
        entries = (_entry([_figure(summary, column) for summary in summaries], column) for column in COLUMNS)
        rows.append([f"{config} ({count_seeds(len(runs))})", *entries])
    return TextTable(["", *COLUMNS], rows)


def differences_table(study: Mapping[str, Mapping[int, list[Cell]]], pairs: Sequence[tuple[str, str]]) -> str:
    """Returns, as Markdown, what one configuration changes against another: mean and deviation over common seeds.

    Args:
        study: By the name of a configuration and by the seed, the cells of a run.
        pairs: Names of a configuration and of the one that is taken from it.

    Raises:
        ValueError: If there is no configuration of such a name, or the two have no seed in common.
    """
    rows = []
    for one, other in pairs:
        runs = [study[known_name("configuration", name, study)] for name in (one, other)]
        seeds = sorted(runs[0].keys() & runs[1].keys())
        if not seeds:
            raise ValueError(f"{one} and {other} have no seed in common")
        both = [_summaries([by_seed[seed] for seed in seeds]) for by_seed in runs]
        entries = [
            _entry([_difference(a, b, column) for a, b in zip(*both, strict=True)], column, signed=True)
            for column in COLUMNS
        ]
        rows.append([f"{one} minus {other} ({count_seeds(len(seeds))})", *entries])
    return markdown_table(TextTable(["", *COLUMNS], rows)) + "\n"


def _summaries(runs: Sequence[list[Cell]]) -> list[dict[str, Any]]:
    return [summarise(cells, trained_on=("noise", "blur")) for cells in runs]


def _figure(summary: dict[str, Any], column: str) -> float | None:
    """A figure of a run; None where only families of noise and blur were measured, or no temperature was fitted."""
    part, figure, factor, _ = COLUMNS[column]
    found = summary[part] and summary[part][figure]
    return None if found is None else factor * found


def _difference(one: dict[str, Any], other: dict[str, Any], column: str) -> float | None:
    a, b = _figure(one, column), _figure(other, column)
    return None if a is None or b is None else a - b


def _entry(found: Sequence[float | None], column: str, signed: bool = False) -> str:
    values = [value for value in found if value is not None]
    if not values or len(values) < len(found):
        return ""
    return mean_and_deviation(values, COLUMNS[column][3], "+" if signed else "")
