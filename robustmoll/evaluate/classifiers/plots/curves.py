"""Error and calibration error from clean to severity 5, of one run or of several laid over each other."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from robustmoll.corruptions import GROUPS, NAMES
from robustmoll.evaluate.classifiers.cells import Cell, clean_cell
from robustmoll.evaluate.style import COLOURS, figure, picture, run_styles

__all__ = ["Runs", "severity_curves"]

# By label, the cells of each seed of a run.
Runs = Mapping[str, Sequence[Sequence[Cell]]]
PANELS = {"error": "error in %", "ece": "ECE in %", "ece_ts": "ECE in %, T"}


@picture
def severity_curves(runs: Runs) -> Figure:
    """Draws error, ECE and ECE after temperature scaling over severity, for all corruptions and by family.

    Severity 0 is the clean set. Of several seeds the mean is drawn, and a band of one standard deviation around it.

    Args:
        runs: Cells of each seed of each run, by its label. Of a single run, each corruption is drawn too, thinly.
    """
    everyone = [cells for seeds in runs.values() for cells in seeds]
    parts = _parts({cell.name for cells in everyone for cell in cells})
    scaled = all(cell.ece_ts is not None for cells in everyone for cell in cells)
    columns = [column for column in PANELS if scaled or column != "ece_ts"]
    drawn = figure(1.8 * len(parts) + 0.5, 0.4 + 1.9 * len(columns))
    axes = drawn.subplots(len(columns), len(parts), sharex=True, sharey="row", squeeze=False)
    for row, column in zip(axes, columns, strict=True):
        for ax, (part, names) in zip(row, parts.items(), strict=True):
            _draw_runs(ax, runs, part, names, column)
        row[0].set_ylim(bottom=0)
        row[0].set_ylabel(PANELS[column])
    highest = max(row[0].get_ylim()[1] for row in axes[1:])
    for row in axes[1:]:  # before and after temperature scaling on one scale
        row[0].set_ylim(0, highest)
    for part, above, below in zip(parts, axes[0], axes[-1], strict=True):
        # Where colours tell runs apart, they do not tell families.
        title = "all corruptions" if part == "corrupted" else part
        above.set_title(title, color=COLOURS[part] if len(runs) == 1 else COLOURS["clean"])
        below.set_xlabel("severity")
        below.set_xticks(range(6))
    if len(runs) > 1:
        _legend(drawn, runs)
    return drawn


def _parts(present: set[str]) -> dict[str, list[str]]:
    """Returns the corruptions that are drawn together, so far as they are present: all of them, and each family."""
    parts = {"corrupted": NAMES, **GROUPS}
    return {part: [name for name in names if name in present] for part, names in parts.items() if present & set(names)}


def _legend(drawn: Figure, runs: Runs) -> None:
    styles = run_styles(runs)
    handles = [Line2D([], [], label=run, color=s["color"], ls=s["linestyle"]) for run, s in styles.items()]
    columns = max(1, min(len(runs), int(110 / (8 + max(map(len, runs))))))
    drawn.legend(handles=handles, loc="outside upper left", ncols=columns, handlelength=3.2)


def _draw_runs(ax: Axes, runs: Runs, part: str, names: Sequence[str], column: str) -> None:
    if len(runs) == 1:
        _draw_single(ax, next(iter(runs.values())), part, names, column)
        return
    for seeds, style in zip(runs.values(), run_styles(runs).values(), strict=True):
        _draw(ax, seeds, names, column, color=style["color"], linestyle=style["linestyle"])


def _draw_single(ax: Axes, seeds: Sequence[Sequence[Cell]], part: str, names: Sequence[str], column: str) -> None:
    for corruption in names if part != "corrupted" else ():
        _draw(ax, seeds, [corruption], column, color=COLOURS[part], lw=0.8, alpha=0.45)
    _draw(ax, seeds, names, column, color=COLOURS[part])


def _draw(ax: Axes, seeds: Sequence[Sequence[Cell]], names: Sequence[str], column: str, **style: Any) -> None:  # noqa: ANN401
    curves = [_curve(cells, names, column) for cells in seeds]
    severities = sorted(set.intersection(*(set(curve) for curve in curves)))
    values = np.array([[curve[severity] for severity in severities] for curve in curves])
    mean = values.mean(0)
    if len(seeds) > 1 and "alpha" not in style:
        spread: NDArray[np.float64] = values.std(0, ddof=1)
        ax.fill_between(severities, mean - spread, mean + spread, color=style["color"], alpha=0.15, lw=0)
    ax.plot(severities, mean, **style)


def _curve(cells: Sequence[Cell], names: Sequence[str], column: str) -> dict[float, float]:
    """Returns by severity, 0 for clean, the mean of a figure, in percent."""
    found: dict[float, list[float]] = {0.0: [getattr(clean_cell(cells), column)]}
    for cell in cells:
        if cell.name in names:
            found.setdefault(cell.severity, []).append(getattr(cell, column))
    return {severity: 100 * float(np.mean(values)) for severity, values in found.items()}
