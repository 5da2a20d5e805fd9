"""Many likelihood trainings in one table: a row a configuration and checkpoint, mean and deviation over its seeds."""

from collections.abc import Mapping, Sequence
from typing import Any

from robustmoll.evaluate.densities.summary import TOLD
from robustmoll.evaluate.tables import count_seeds, mean_and_deviation

__all__ = ["density_seeds_rows"]


def density_seeds_rows(study: Mapping[str, Sequence[dict[str, Any]]]) -> tuple[list[str], list[list[str]]]:
    """Returns header and rows of the table.

    Each figure has a column of its own, so that a bound never stands among likelihoods. The Gaussian of a table is the
    same for every seed.

    Args:
        study: By the name of a configuration, the summary of each of its seeds, see `summarise_density`.
    """
    told = list(dict.fromkeys(summary["told"] for runs in study.values() for summary in runs))
    rows = []
    for config, runs in study.items():
        seeds = count_seeds(len(runs))
        for place, line in enumerate(runs[0]["lines"]):
            values = [summary["lines"][place]["value"] for summary in runs]
            entry = mean_and_deviation(values if line["step"] is not None else values[:1], digits=3)
            rows.append([f"{config} ({seeds})", line["name"], *(entry * (runs[0]["told"] == name) for name in told)])
    return ["", "", *(TOLD[name][2] for name in told)], rows
