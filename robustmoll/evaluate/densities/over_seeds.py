"""Many likelihood trainings in one table: a row a configuration and checkpoint, mean and deviation over its seeds."""

from collections.abc import Mapping, Sequence

from robustmoll.evaluate.densities.summary import DISTANCES, SHOWN, DensitySummary, Line, shared_distances
from robustmoll.evaluate.text import MISSING, TextTable, count_seeds, mean_and_deviation

__all__ = ["density_seeds_rows"]


def density_seeds_rows(study: Mapping[str, Sequence[DensitySummary]]) -> TextTable:
    """Returns the table.

    Each figure has a column of its own, so that a bound never stands among likelihoods. The Gaussian of a table is the
    same for every seed. A distance between images has a column if all runs have it, in the same features and of as many
    images.

    Args:
        study: By the name of a configuration, the summary of each of its seeds, see `measure_run`.
    """
    everyone = [summary for runs in study.values() for summary in runs]
    names = list(dict.fromkeys(summary.nll_name for summary in everyone))
    metrics = shared_distances(everyone)
    rows = []
    for config, runs in study.items():
        seeds = count_seeds(len(runs))
        for place, line in enumerate(runs[0].lines):
            # The Gaussian is the same for every seed.
            lines = [summary.lines[place] for summary in runs][: None if line.step is not None else 1]
            values = [one.value for one in lines if one.value is not None]
            entry = mean_and_deviation(values, digits=3) if len(values) == len(lines) else MISSING
            figures = [entry * (runs[0].nll_name == name) for name in names]
            rows.append([f"{config} ({seeds})", line.name, *figures, *(_far(runs, line, one) for one in metrics)])
    figures = [*(SHOWN[name].heading for name in names), *(f"{DISTANCES[metric]} ↓" for metric in metrics)]
    return TextTable(["", "", *figures], rows)


def _far(runs: Sequence[DensitySummary], line: Line, metric: str) -> str:
    """A distance of the models that a line is of; empty for the Gaussian of a table."""
    found = [summary.distance(metric, line.name) for summary in runs]
    return mean_and_deviation([one.value for one in found if one], digits=3) if any(found) else ""
