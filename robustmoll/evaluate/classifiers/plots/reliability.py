"""Does confidence tell the truth, and how fast does it stop to as images get worse?"""

from collections.abc import Iterable, Sequence
from statistics import fmean

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from robustmoll.evaluate.calibration import BINS, reliability
from robustmoll.evaluate.classifiers.cells import Cell, benchmark_cells, clean_cell
from robustmoll.evaluate.classifiers.results import Results
from robustmoll.evaluate.metrics import Outcomes
from robustmoll.evaluate.style import figure, picture

__all__ = ["reliability_diagrams"]

ACCURACY, OVERCONFIDENT, UNDERCONFIDENT = "#8fa8bf", "#d1495b", "#edae49"
COLUMNS = 3
FEW = 10  # images in a bin, below which its accuracy is mostly chance


@picture
def reliability_diagrams(results: Results, scaled: bool = False) -> Figure:
    """Draws accuracy over confidence, clean and at each severity, and below it how confidence is distributed.

    The images of all corruptions of a severity are taken together. Over- and underconfidence may then cancel
    between corruptions; in the ECE of the title, a mean over cells, they do not.

    Args:
        results: A benchmark's folder.
        scaled: Whether to draw them after temperature scaling.
    """
    parts = _parts(results.cells())
    rows = -(-len(parts) // COLUMNS)
    drawn = figure(9.5, 3.1 * rows + 0.3)
    axes = drawn.subplots(2 * rows, COLUMNS, sharex=True, sharey="row", height_ratios=[4, 1] * rows)
    for ax in axes.flat[-2 * COLUMNS :]:
        ax.set_visible(False)
    for place, (title, members) in enumerate(parts.items()):
        row, column = divmod(place, COLUMNS)
        diagram, histogram = axes[2 * row : 2 * row + 2, column]
        diagram.set_visible(True)
        histogram.set_visible(True)
        _draw(diagram, histogram, [_outcomes(results, cell, scaled) for cell in members])
        diagram.set_title(f"{title}: ECE {100 * fmean(_ece(cell, scaled) for cell in members):.1f} %")
        if column == 0:
            diagram.set_ylabel("accuracy in %")
            histogram.set_ylabel("images\nin %")
        if place >= len(parts) - COLUMNS:  # nothing below it
            histogram.set_xlabel("confidence in %")
            histogram.tick_params(labelbottom=True)
    _align(axes[1::2].flat)
    _legend(drawn)
    return drawn


def _parts(cells: Sequence[Cell]) -> dict[str, list[Cell]]:
    """Returns what is drawn together, by its title."""
    by_severity: dict[str, list[Cell]] = {}
    for cell in sorted(benchmark_cells(cells), key=lambda cell: cell.severity):
        by_severity.setdefault(f"severity {cell.severity:g}", []).append(cell)
    return {"clean": [clean_cell(cells)], **by_severity}


def _align(histograms: Iterable[Axes]) -> None:
    """Gives all histograms one scale."""
    histograms = list(histograms)
    highest = 10 * np.ceil(max(histogram.dataLim.y1 for histogram in histograms) / 10)
    for histogram in histograms:
        histogram.set_ylim(0, highest)
        histogram.set_yticks([0, highest])


def _legend(drawn: Figure) -> None:
    colours = {
        "accuracy": ACCURACY,
        "too confident by": OVERCONFIDENT,
        "not confident enough by": UNDERCONFIDENT,
        f"pale: fewer than {FEW} images": "#e4e4e4",
    }
    handles = [Patch(color=colour, label=label) for label, colour in colours.items()]
    drawn.legend(handles=handles, loc="outside upper left", ncols=4, handlelength=1, handleheight=1)


def _outcomes(results: Results, cell: Cell, scaled: bool) -> Outcomes:
    found = results.judged(cell)
    return found.scaled if scaled and found.scaled else found.raw


def _ece(cell: Cell, scaled: bool) -> float:
    return cell.ece_ts if scaled and cell.ece_ts is not None else cell.ece


def _draw(diagram: Axes, histogram: Axes, found: Sequence[Outcomes]) -> None:
    bins = reliability(np.concatenate([o.confidence for o in found]), np.concatenate([o.correct for o in found]))
    width, pale = 100 / BINS, np.where(bins.images < FEW, 0.3, 1.0)
    for bar, (left, accuracy, confidence) in enumerate(
        zip(width * np.arange(BINS), 100 * bins.accuracy, 100 * bins.confidence, strict=True)
    ):
        style = {"align": "edge", "edgecolor": "white", "linewidth": 0.8, "alpha": pale[bar]}
        low, gap = min(accuracy, confidence), abs(accuracy - confidence)
        diagram.bar(left, low, width, color=ACCURACY, **style)
        diagram.bar(left, gap, width, low, color=OVERCONFIDENT if confidence > accuracy else UNDERCONFIDENT, **style)
    diagram.plot([0, 100], [0, 100], color="#3c3c3c", lw=1, ls=(0, (4, 3)))
    diagram.set_xlim(0, 100)
    diagram.set_ylim(0, 100)
    shares = 100 * bins.images / bins.images.sum()
    histogram.bar(width * np.arange(BINS), shares, width, align="edge", color="#b5b5b5", edgecolor="white")
