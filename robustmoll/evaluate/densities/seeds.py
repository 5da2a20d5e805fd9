"""Many likelihood trainings in one table: a row a configuration and checkpoint, mean and deviation over its seeds."""

from collections.abc import Mapping, Sequence
from statistics import fmean, stdev
from typing import Any

from robustmoll.evaluate.densities.summary import TOLD

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
        seeds = f"{len(runs)} seed{'s' * (len(runs) > 1)}"
        for place, line in enumerate(runs[0]["lines"]):
            values = [summary["lines"][place]["value"] for summary in runs]
            spread = f" ± {stdev(values):.3f}" if len(values) > 1 and line["step"] is not None else ""
            entry = f"{fmean(values):.3f}{spread}"
            rows.append([f"{config} ({seeds})", line["name"], *(entry * (runs[0]["told"] == name) for name in told)])
    return ["", "", *(TOLD[name][2] for name in told)], rows
