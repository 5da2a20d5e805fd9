"""Runs of likelihood models side by side, with their differences to the first and how sure these are.

The intervals come from a paired bootstrap over test examples (Efron, 1979), the same ones for every run. They say what
another test set of this size might have shown, not what another training might: for that, give several seeds of a run.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from robustmoll.evaluate.bootstrap import check_resamples, resample
from robustmoll.evaluate.densities.measure import read_figures, read_summary
from robustmoll.evaluate.densities.summary import DISTANCES, DensitySummary, shared_distances
from robustmoll.evaluate.groups import folders_of, group_labels

__all__ = ["DensityComparison", "DensityGroup", "compare_densities"]


@dataclass(frozen=True)
class DensityGroup:
    """A run, or several that differ in their seed alone.

    Attributes:
        label: What to call it.
        runs: Their folders.
        summaries: What was measured of each, see `measure_run`; the first line is the checkpoint that counts.
        values: Its figure of the test set, of each run, shape (runs,).
        difference: Of the mean over the runs to that of the first group.
        low: Lower end of the difference's 95 % interval.
        high: Upper end.
    """

    label: str
    runs: list[Path]
    summaries: list[DensitySummary]
    values: NDArray[np.float64]
    difference: float
    low: float
    high: float

    def distances(self, metric: str, figure: str = "value") -> NDArray[np.float64]:
        """Returns a figure of a distance that all runs have, of the checkpoint that counts, shape (runs,)."""
        return np.array([getattr(summary.distance(metric), figure) for summary in self.summaries])


@dataclass(frozen=True)
class DensityComparison:
    """Groups side by side.

    Attributes:
        groups: In the order given.
        distances: Names of those that all runs have in the same features and of as many images.
        left_out: Names of those that only some have, or not the same.
    """

    groups: list[DensityGroup]
    distances: list[str]
    left_out: list[str]


def compare_densities(runs: Sequence[str | Path], *, resamples: int = 1000, seed: int = 0) -> DensityComparison:
    """Compares any number of runs of likelihood models that were measured on the same data.

    Args:
        runs: Their folders. Several with commas between them, as in "maf-0,maf-1,maf-2", are seeds of one
            configuration and make one group.
        resamples: Number of bootstrap resamples.
        seed: Of the resampling.

    Raises:
        ValueError: If a folder holds no measurement or infinite likelihoods, or they differ in data or in what a
            likelihood is told in, or if there is no resample.
    """
    check_resamples(resamples)
    folders = [folders_of(run) for run in runs]
    summaries = [[read_summary(folder) for folder in group] for group in folders]
    everyone = [summary for group in summaries for summary in group]
    _check_comparable([folder for group in folders for folder in group], everyone)
    # Of each group the mean figure of each test example, over its runs.
    means = np.stack([_figures(*group) for group in zip(folders, summaries, strict=True)])
    differences = means - means[0]
    examples = differences.shape[1]
    resampled = resample(examples, resamples, seed) @ differences.T / examples
    low, high = np.quantile(resampled, [0.025, 0.975], axis=0)
    groups = [
        DensityGroup(
            label=label,
            runs=group,
            summaries=own,
            values=np.array([summary.chosen.value for summary in own]),
            difference=float(differences[place].mean()),
            low=float(low[place]),
            high=float(high[place]),
        )
        for place, (label, group, own) in enumerate(zip(group_labels(folders), folders, summaries, strict=True))
    ]
    shared = shared_distances(everyone)
    anywhere = [metric for metric in DISTANCES if any(summary.distance(metric) for summary in everyone)]
    return DensityComparison(groups, shared, [metric for metric in anywhere if metric not in shared])


def _figures(folders: list[Path], summaries: list[DensitySummary]) -> NDArray[np.float64]:
    runs = zip(folders, summaries, strict=True)
    return np.mean([read_figures(folder, summary.chosen.name).numpy() for folder, summary in runs], axis=0)


def _check_comparable(folders: list[Path], summaries: list[DensitySummary]) -> None:
    one = _subject(summaries[0])
    for folder, summary in zip(folders, summaries, strict=True):
        if summary.chosen.value is None:
            raise ValueError(f"{folder} has no mean to compare: some of its likelihoods are infinite; leave it out")
        for name, value in _subject(summary).items():
            if value != one[name]:
                raise ValueError(f"{folder} and {folders[0]} do not compare: {name} {value!r} against {one[name]!r}")


def _subject(summary: DensitySummary) -> dict[str, str]:
    """What a figure is of: the data, as the model sees them, and the unit, whether exact or a bound."""
    return {
        "dataset": summary.dataset,
        "figure": summary.figure.removesuffix("_bound"),
        "test data": f"{summary.n_test:,} {summary.unit}, fingerprint {summary.data}",
    }
