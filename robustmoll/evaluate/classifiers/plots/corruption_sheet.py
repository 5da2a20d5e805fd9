"""What the corruptions look like."""

import numpy as np
import torch
from matplotlib.figure import Figure

from robustmoll.evaluate.classifiers.cells import CLEAN
from robustmoll.evaluate.classifiers.sources import CellSource
from robustmoll.evaluate.style import colour_of, figure, picture, place_of

__all__ = ["corruption_sheet"]


@picture
def corruption_sheet(source: CellSource, corruptions: list[str], severities: list[float], row: int = 0) -> Figure:
    """Draws one image under every corruption and severity, as the model sees it.

    Args:
        source: Of the images.
        corruptions: Which ones.
        severities: Which ones; the clean image comes before them.
        row: Which image of the set.
    """
    names = sorted(corruptions, key=place_of)
    blocks = 2 if len(names) > 4 and len(severities) < 6 else 1
    rows, columns = -(-len(names) // blocks), 1 + len(severities)
    drawn = figure(9.5, rows * (9.5 / blocks - 1.05) / columns + 0.25)
    drawn.set_layout_engine("constrained", w_pad=0.02, h_pad=0.02, wspace=0, hspace=0)
    grid = drawn.add_gridspec(rows, blocks * (1 + columns), width_ratios=blocks * [1.4, *columns * [1]])
    for place, name in enumerate(names):
        block, line = divmod(place, rows)
        first = block * (1 + columns)
        label = drawn.add_subplot(grid[line, first])
        label.set_axis_off()
        label.text(
            0.95, 0.5, source.label(name).replace("_", "\n").replace(" (", "\n("),
            ha="right", va="center", fontsize=8, color=colour_of(name),
        )  # fmt: skip
        for column, severity in enumerate((0.0, *severities), start=first + 1):
            ax = drawn.add_subplot(grid[line, column])
            ax.set_axis_off()
            ax.imshow(_image(source, name if severity else CLEAN, severity, row), interpolation="nearest")
            if line == 0:
                ax.set_title(f"{severity:g}" if severity else "clean", fontsize=8, fontweight="normal", loc="center")
    return drawn


def _image(source: CellSource, corruption: str, severity: float, row: int) -> np.ndarray:
    image = source.cell(corruption, severity)(slice(row, row + 1), torch.device("cpu"))[0]
    return image.expand(3, -1, -1).permute(1, 2, 0).numpy()
