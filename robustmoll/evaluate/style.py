"""What all pictures share: colours that always mean the same, type sizes, and how a picture becomes a file.

Pictures are Matplotlib figures of their own, outside pyplot: making one opens no window and changes no
global state.
"""

import base64
import io
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from itertools import cycle
from pathlib import Path
from typing import Any, ParamSpec

import matplotlib
from matplotlib.figure import Figure
from matplotlib.text import Text

from robustmoll.corruptions import GROUPS
from robustmoll.storage.files import write_whole

__all__ = [
    "COLOURS",
    "colour_of",
    "data_uri",
    "family_of",
    "figure",
    "picture",
    "place_of",
    "run_styles",
    "save_pictures",
]

# Okabe and Ito's colours, which people with any kind of colour vision can tell apart.
COLOURS = {
    "clean": "#3c3c3c",
    "corrupted": "#3c3c3c",
    "noise": "#d55e00",
    "blur": "#0072b2",
    "weather": "#009e73",
    "digital": "#b4588f",
    "extra": "#8c8c8c",
}
# One run after the other, where several lie over each other: first the colours, then other dashes and markers.
RUNS = ("#3c3c3c", "#d55e00", "#0072b2", "#009e73", "#b4588f", "#e0a100", "#56b4e9")
DASHES = (("-", "o"), ((0, (4, 1.5)), "s"), ((0, (1, 1.2)), "D"), ((0, (6, 1.5, 1, 1.5)), "^"))

STYLE: dict[Any, Any] = {
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 9,
    "axes.labelcolor": "#333333",
    "axes.edgecolor": "#999999",
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e6e6e6",
    "grid.linewidth": 0.8,
    "xtick.color": "#555555",
    "ytick.color": "#555555",
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "lines.linewidth": 1.8,
    "svg.hashsalt": "robustmoll",  # equal pictures, equal files
}
P = ParamSpec("P")


def picture(draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """Marks a function that makes a figure: it does so in the common style."""

    @wraps(draw)
    def styled(*args: P.args, **kwargs: P.kwargs) -> Figure:
        with matplotlib.rc_context(STYLE):
            drawn = draw(*args, **kwargs)
            for text in drawn.findobj(Text):
                text.set_text(_plain(text.get_text()))
            for ax in drawn.axes:
                # Said again on the axes: how many ticks there are is decided when the figure is saved.
                ax.tick_params(labelsize=STYLE["xtick.labelsize"])
            if engine := drawn.get_layout_engine():  # lay it out once, not again for every file
                engine.execute(drawn)
                drawn.set_layout_engine("none")
            return drawn

    return styled


def _plain(text: str) -> str:
    r"""Returns a text as Matplotlib can draw it: names may hold dollars, which begin no formula, or bytes of no text.

    Example:
        >>> print(_plain("$x$, \udcff"))
        \$x\$, \udcff
    """
    return text.encode(errors="backslashreplace").decode().replace("$", r"\$")


def figure(width: float, height: float) -> Figure:
    """Returns an empty figure; sizes in inches."""
    return Figure(figsize=(width, height), layout="constrained", facecolor="white")


def family_of(label: str) -> str:
    """Returns the family of a corruption, given its label in tables; "clean" is a family of its own."""
    name = label.partition(" (")[0]
    own = name if name in COLOURS else "extra"  # one that a user has registered
    return next((group for group, names in GROUPS.items() if name in names), own)


def place_of(corruption: str) -> int:
    """Returns where a corruption stands in pictures: families together, and last what a user has registered."""
    order = [name for names in GROUPS.values() for name in names]
    return order.index(corruption) if corruption in order else len(order)


def colour_of(label: str) -> str:
    """Returns the colour of a corruption's or part's family."""
    return COLOURS[family_of(label)]


def run_styles(labels: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Returns colour, linestyle and marker of each run; 28 of them can be told apart."""
    every = [{"color": c, "linestyle": dash, "marker": marker} for dash, marker in DASHES for c in RUNS]
    return dict(zip(labels, cycle(every), strict=False))


def save_pictures(figures: Mapping[str, Figure], folder: str | Path) -> None:
    """Writes each figure to <folder>/<name>.png."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name, drawn in figures.items():
        write_whole(folder / f"{name}.png", _rendered(drawn, "png"))


def data_uri(drawn: Figure) -> str:
    """Returns a figure as a data URI that a page can hold, drawn in vectors."""
    return "data:image/svg+xml;base64," + base64.b64encode(_rendered(drawn, "svg")).decode()


def _rendered(drawn: Figure, kind: str) -> bytes:
    content = io.BytesIO()
    with matplotlib.rc_context(STYLE):
        # Without a date, equal pictures make equal files.
        drawn.savefig(content, format=kind, dpi=160, metadata={"Date": None} if kind == "svg" else None)
    return content.getvalue()
