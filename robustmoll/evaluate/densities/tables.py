"""Comparisons of likelihood models as tables to read."""

from collections.abc import Iterator

from rich.table import Table

from robustmoll.evaluate.densities.compare import DensityComparison, DensityGroup
from robustmoll.evaluate.densities.summary import DISTANCES
from robustmoll.evaluate.densities.text import distance_setting
from robustmoll.evaluate.text import TextTable, mean_and_deviation, terminal_table

__all__ = ["density_caption", "density_comparison_rows", "density_comparison_table"]

Row = tuple[str, str, str, str]


def density_comparison_table(comparison: DensityComparison) -> Table:
    """Returns a comparison as a table for the terminal."""
    return terminal_table(density_comparison_rows(comparison), density_caption(comparison))


def density_comparison_rows(comparison: DensityComparison) -> TextTable:
    """Returns a comparison's table: below each figure, one row a group."""
    groups = comparison.groups
    rows = [*_likelihoods(groups)]
    for metric in comparison.distances:
        for figure, name in {
            "value": f"{DISTANCES[metric]} ↓",
            "precision": "precision ↑",
            "recall": "recall ↑",
        }.items():
            rows += _distances(groups, metric, figure, name)
    others = [f"minus {groups[0].label}"] if len(groups) > 1 else []
    said = ""  # the figure's name stands once, until another one comes
    shown = []
    for name, *entries in rows:
        shown.append(["" if name == said else name, *entries[: 2 + len(others)]])
        said = name
    return TextTable(["", "", "", *others], shown)


def _likelihoods(groups: list[DensityGroup]) -> Iterator[Row]:
    for place, group in enumerate(groups):
        name = group.summaries[0].heading
        difference = f"{group.difference:+.3f} ({group.low:+.3f}, {group.high:+.3f})" if place else ""
        yield name, group.label, mean_and_deviation(list(group.values), 3), difference


def _distances(groups: list[DensityGroup], metric: str, figure: str, name: str) -> Iterator[Row]:
    first = groups[0].distances(metric, figure).mean()
    for place, group in enumerate(groups):
        values = group.distances(metric, figure)
        yield name, group.label, mean_and_deviation(list(values), 3), f"{values.mean() - first:+.3f}" if place else ""


def density_caption(comparison: DensityComparison) -> str:
    """Says in a few lines what a comparison compares."""
    groups = comparison.groups
    runs = [summary for group in groups for summary in group.summaries]
    parts = [f"{runs[0].n_test:,} clean test {runs[0].unit} of {runs[0].dataset}."]
    parts.append(f"Checkpoint: {' or '.join(dict.fromkeys(run.chosen.name for run in runs))}.")
    if len(groups) > 1:
        parts.append(f"In brackets: 95 % interval of the difference, paired bootstrap over test {runs[0].unit}.")
    sizes = sorted({len(group.runs) for group in groups})
    if sizes != [1]:
        parts.append(f"±: standard deviation over {' or '.join(map(str, sizes))} runs.")
    if bounds := sorted({run.samples for run in runs if run.samples}):
        parts.append(
            f"A bound has {' or '.join(map(str, bounds))} latent variables for each of them; the likelihood itself is"
            " at least as good."
        )
    for metric in comparison.distances:
        if distance := runs[0].distance(metric):
            parts.append(f"{DISTANCES[metric]}: {distance_setting(distance)}")
    if comparison.left_out:
        names = " and ".join(DISTANCES[metric] for metric in comparison.left_out)
        parts.append(f"Left out: {names}, which not all runs have in the same features and of as many images.")
    return " ".join(parts)
