"""Corruption by corruption: runs beside each other, and a run against a baseline."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from robustmoll.evaluate.classifiers.cells import CLEAN, Cell, benchmark_cells, clean_cell
from robustmoll.evaluate.classifiers.plots.curves import Runs
from robustmoll.evaluate.style import colour_of, figure, picture, run_styles

__all__ = ["baseline_bars", "errors_by_corruption"]


@picture
def errors_by_corruption(runs: Runs) -> Figure:
    """Draws each run's error under each corruption, mean over severities and seeds.

    Args:
        runs: Cells of each seed of each run, by its label.
    """
    errors = {run: _mean_errors(seeds) for run, seeds in runs.items()}
    labels = list(dict.fromkeys(label for found in errors.values() for label in found))
    styles = run_styles(runs)
    drawn = figure(7.5, 1.2 + 0.24 * len(labels) + 0.1 * len(runs))
    ax = drawn.subplots()
    for row, label in enumerate(labels):
        values = [found[label] for found in errors.values() if label in found]
        ax.plot([min(values), max(values)], [row, row], color="#c8c8c8", lw=1.2, zorder=1)
        for run, found in errors.items():
            if label in found:
                ax.plot(found[label], row, color=styles[run]["color"], marker=styles[run]["marker"], ms=5, ls="")
    ax.set_yticks(range(len(labels)), labels)
    ax.invert_yaxis()
    ax.set_xlim(left=0)
    ax.set_xlabel("error in %, mean over severities")
    handles = [Line2D([], [], label=r, color=s["color"], marker=s["marker"], ls="") for r, s in styles.items()]
    columns = max(1, min(len(runs), int(85 / (6 + max(map(len, runs))))))
    drawn.legend(handles=handles, loc="outside upper left", ncols=columns)
    return drawn


def _mean_errors(seeds: Sequence[Sequence[Cell]]) -> dict[str, float]:
    """Returns the error in percent on clean images and under each corruption."""
    errors: dict[str, list[float]] = {}
    for cells in seeds:
        for cell in (clean_cell(cells), *benchmark_cells(cells)):
            errors.setdefault(CLEAN if cell.name == CLEAN else cell.corruption, []).append(cell.error)
    return {label: 100 * float(np.mean(values)) for label, values in errors.items()}


@picture
def baseline_bars(baseline: dict[str, Any]) -> Figure:
    """Draws the errors under each corruption in percent of a baseline's, absolute and beyond the clean error.

    Args:
        baseline: That part of a summary, see `robustmoll.evaluate.classifiers.summary.summarise`.
    """
    labels = list(baseline["ce"])
    drawn = figure(9.5, 1.2 + 0.24 * len(labels))
    axes = drawn.subplots(1, 2, sharey=True)
    for ax, title, what, mean, ratios in (
        (axes[0], "mCE", "error", baseline["mce"], baseline["ce"]),
        (axes[1], "relative mCE", "error beyond the clean one", baseline["relative_mce"], baseline["relative_ce"]),
    ):
        for row, label in enumerate(labels):
            if ratios[label] is not None:
                ax.barh(row, 100 * ratios[label], color=colour_of(label), height=0.7)
                ax.annotate(
                    f"{100 * ratios[label]:.0f}", (max(0, 100 * ratios[label]), row),
                    xytext=(3, 0), textcoords="offset points", va="center", fontsize=8,
                )  # fmt: skip
        ax.axvline(100, color="#3c3c3c", lw=1, ls=(0, (4, 3)))
        ax.set_title(f"{title}: undefined" if mean is None else f"{title}: {100 * mean:.1f} %")
        ax.set_xlabel(f"{what} in % of that of {baseline['name']}")
        ax.margins(x=0.1, y=0.02)
        ax.grid(False, axis="y")
    axes[0].set_yticks(range(len(labels)), labels)
    axes[0].invert_yaxis()
    return drawn
