"""Corruption x severity at a glance."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray

from robustmoll.evaluate.classifiers.cells import Cell, clean_cell
from robustmoll.evaluate.style import COLOURS, colour_of, family_of, figure, picture, place_of

__all__ = ["heat_map"]


@picture
def heat_map(cells: Sequence[Cell]) -> Figure:
    """Draws the error and the ECE of every cell, in percent, and their means over severities.

    Args:
        cells: Of a benchmark, with its clean cell.
    """
    clean = clean_cell(cells)
    corrupted = sorted((cell for cell in cells if cell is not clean), key=lambda cell: place_of(cell.name))
    labels = list(dict.fromkeys(cell.corruption for cell in corrupted))
    severities = sorted({cell.severity for cell in corrupted})
    drawn = figure(9.5, 1.4 + 0.27 * len(labels))
    axes = drawn.subplots(1, 2, sharey=True, gridspec_kw={"wspace": 0.06})
    for ax, column, name, colours in zip(axes, ("error", "ece"), ("error", "ECE"), ("OrRd", "Blues"), strict=True):
        values = np.full((len(labels), len(severities)), np.nan)
        for cell in corrupted:
            place = labels.index(cell.corruption), severities.index(cell.severity)
            values[place] = 100 * getattr(cell, column)
        _heat(ax, values, colours)
        ax.set_title(f"{name} in % (clean: {100 * getattr(clean, column):.1f})")
        ax.set_xticks([*range(len(severities)), len(severities) + 0.25])
        ax.set_xticklabels([*(f"{severity:g}" for severity in severities), "mean"])
        ax.set_xlabel("severity")
    axes[0].set_yticks(range(len(labels)), labels)
    axes[0].invert_yaxis()
    for tick, label in zip(axes[0].get_yticklabels(), labels, strict=True):
        tick.set_color(colour_of(label))
    handles = [Patch(color=COLOURS[family], label=family) for family in dict.fromkeys(map(family_of, labels))]
    drawn.legend(handles=handles, loc="outside lower center", ncols=9, handlelength=1, handleheight=1)
    return drawn


def _heat(ax: Axes, values: NDArray[np.float64], colours: str) -> None:
    """Draws a table of values and, set apart, the mean of each row."""
    rows, columns = values.shape
    means = np.array([[np.nanmean(row)] for row in values])
    for left, part in ((0.0, values), (columns + 0.25, means)):
        x, y = np.arange(part.shape[1] + 1) + left - 0.5, np.arange(rows + 1) - 0.5
        mesh = ax.pcolormesh(x, y, part, cmap=colours, vmin=0, vmax=np.nanmax(values), edgecolors="w", linewidth=1)
        for (row, column), value in np.ndenumerate(part):
            if not np.isnan(value):
                ink = "white" if sum(mesh.to_rgba(value)[:3]) < 1.6 else "black"
                ax.text(left + column, row, f"{value:.1f}", ha="center", va="center", fontsize=8, color=ink)
    ax.grid(False)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
