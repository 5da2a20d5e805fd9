"""Runs laid over each other: error and calibration over severity, and corruption by corruption."""

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from robustmoll.corruptions import GROUPS, NAMES
from robustmoll.evaluate.cells import CLEAN, Cell, benchmark_cells, clean_cell
from robustmoll.evaluate.plots.style import COLOURS, DASHES, colour_of, figure, picture

__all__ = ["errors_by_corruption", "severity_curves"]

# One run after the other.
MARKERS: tuple[dict[str, Any], ...] = (
    {"marker": "o", "markerfacecolor": "white"},
    *({"marker": shape} for shape in ("o", "s", "D", "^")),
)


@picture
def severity_curves(runs: Mapping[str, Sequence[Cell]]) -> Figure:
    """Draws error and ECE over severity, for all corruptions and by family; severity 0 is the clean set.

    Args:
        runs: Cells of each run by its label; up to five can be told apart. Of a single run, each corruption is drawn
            too, thinly.
    """
    present = {cell.name for cells in runs.values() for cell in cells}
    parts = {
        part: [name for name in names if name in present]
        for part, names in {"corrupted": NAMES, **GROUPS}.items()
        if present & set(names)
    }
    drawn = figure(1.8 * len(parts) + 0.5, 4.2)
    axes = drawn.subplots(2, len(parts), sharex=True, sharey="row")
    for row, column, name in zip(axes, ("error", "ece"), ("error", "ECE"), strict=True):
        for ax, (part, names) in zip(row, parts.items(), strict=True):
            for dash, cells in zip(DASHES, runs.values(), strict=False):
                ax.plot(*_curve(cells, names, column), color=COLOURS[part], linestyle=dash)
                for corruption in names if len(runs) == 1 and part != "corrupted" else ():
                    ax.plot(*_curve(cells, [corruption], column), color=COLOURS[part], lw=0.8, alpha=0.45)
        row[0].set_ylim(bottom=0)
        row[0].set_ylabel(f"{name} in %")
    for (above, below), part in zip(axes.T, parts, strict=True):
        above.set_title("all corruptions" if part == "corrupted" else part, color=COLOURS[part])
        below.set_xlabel("severity")
        below.set_xticks(range(6))
    if len(runs) > 1:
        handles = [Line2D([], [], color="#3c3c3c", ls=dash, label=run) for dash, run in zip(DASHES, runs, strict=False)]
        drawn.legend(handles=handles, loc="outside upper left", ncols=len(runs), handlelength=3.2)
    return drawn


def _curve(cells: Sequence[Cell], names: Sequence[str], column: str) -> tuple[list[float], list[float]]:
    """Returns severities, 0 first, and the mean of a figure at each, in percent."""
    members = [cell for cell in cells if cell.name in names]
    severities = sorted({cell.severity for cell in members})
    means = [fmean(getattr(c, column) for c in members if c.severity == s) for s in severities]
    return [0.0, *severities], [100 * value for value in (getattr(clean_cell(cells), column), *means)]


@picture
def errors_by_corruption(runs: Mapping[str, Sequence[Cell]]) -> Figure:
    """Draws each run's error under each corruption, mean over severities.

    Args:
        runs: Cells of each run by its label, the one to compare with first; up to five can be told apart.
    """
    errors = {run: _mean_errors(cells) for run, cells in runs.items()}
    labels = list(dict.fromkeys(label for found in errors.values() for label in found))
    drawn = figure(7.5, 1.2 + 0.24 * len(labels))
    ax = drawn.subplots()
    for row, label in enumerate(labels):
        colour = colour_of(label)
        values = [found[label] for found in errors.values() if label in found]
        ax.plot([min(values), max(values)], [row, row], color=colour, lw=1.2, alpha=0.5, zorder=1)
        for marker, found in zip(MARKERS, errors.values(), strict=False):
            if label in found:
                ax.plot(found[label], row, color=colour, **marker)
    ax.set_yticks(range(len(labels)), labels)
    ax.invert_yaxis()
    ax.set_xlim(left=0)
    ax.set_xlabel("error in %, mean over severities")
    handles = [Line2D([], [], color="#3c3c3c", ls="", label=run, **m) for m, run in zip(MARKERS, runs, strict=False)]
    drawn.legend(handles=handles, loc="outside upper left", ncols=len(runs))
    return drawn


def _mean_errors(cells: Sequence[Cell]) -> dict[str, float]:
    """Returns the error in percent on clean images and under each corruption."""
    errors = {CLEAN: [clean_cell(cells).error]}
    for cell in benchmark_cells(cells):
        errors.setdefault(cell.corruption, []).append(cell.error)
    return {label: 100 * fmean(values) for label, values in errors.items()}
