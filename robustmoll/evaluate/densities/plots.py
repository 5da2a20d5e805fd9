"""Pictures of a likelihood model: how its training went, what it draws, and in the plane its density itself."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray
from torch import Tensor

from robustmoll.evaluate.densities.grids import grid
from robustmoll.evaluate.style import figure, picture, run_styles

__all__ = [
    "annealed_densities",
    "clean_column",
    "clean_curves",
    "column_histograms",
    "density_curves",
    "image_grid",
    "images_over_training",
]

COLUMNS = 12  # of a table that are drawn
AXES = {"nll": "nats", "nll_bound": "nats", "bits_per_dim": "bits/dim", "bits_per_dim_bound": "bits/dim"}


@picture
def density_curves(rows: Sequence[Mapping[str, str]], nll_name: str, levels: Sequence[float]) -> Figure:
    """Draws the loss on mollified and the figure on clean data over epochs, and t over steps.

    Args:
        rows: Of metrics.csv, one an epoch.
        nll_name: Name of the figure, such as "nll".
        levels: t of each step.
    """
    seen = clean_column(rows[0], nll_name)
    drawn = figure(9.5, 2.6)
    losses, times = drawn.subplots(1, 2, width_ratios=(2, 1))
    epochs = [int(row["epoch"]) for row in rows]
    marker = {"marker": "o", "markersize": 3} if len(rows) < 40 else {}
    curves = {"training loss (mollified)": ("loss", "#b5b5b5"), f"clean {seen.split('_')[0]}": (seen, "#0072b2")}
    for label, (column, colour) in curves.items():
        losses.plot(epochs, [float(row[column]) for row in rows], color=colour, label=label, **marker)
    losses.set_title(f"negative log-likelihood in {AXES[nll_name]}")
    losses.set_xlabel("epoch")
    losses.set_xlim(left=0)
    losses.set_ylim(top=_top([float(row[seen]) for row in rows]))
    losses.legend()
    times.plot(range(len(levels)), levels, color="#d55e00")
    times.set_title("t")
    times.set_xlabel("step")
    times.set_ylim(0, 1.02)
    return drawn


@picture
def clean_curves(runs: Mapping[str, Sequence[Mapping[int, float]]], nll_name: str) -> Figure:
    """Draws the figure on clean data over epochs, of many trainings.

    Args:
        runs: By a group's label, the figure after each epoch of each of its runs.
        nll_name: Name of the figure, such as "nll".
    """
    drawn = figure(7.0, 3.2)
    ax = drawn.add_subplot()
    for label, style in run_styles(runs).items():
        for place, curve in enumerate(runs[label]):
            few = len(curve) < 40
            marked = style | {"marker": style["marker"] if few else "", "markersize": 3}
            ax.plot(list(curve), list(curve.values()), label=label if place == 0 else None, **marked)
    tops = [top for curves in runs.values() for curve in curves if (top := _top([*curve.values()])) is not None]
    ax.set_ylim(top=max(tops) if tops else None)
    ax.set_xlabel("epoch")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set_title(f"clean data, negative log-likelihood in {AXES[nll_name]}")
    ax.legend()
    return drawn


@picture
def image_grid(images: Tensor, columns: int = 8) -> Figure:
    """Draws images of shape (N, C, H, W), uint8, as one grid."""
    shown = grid(images, columns)
    drawn = figure(6.0, 6.0 * shown.shape[0] / shown.shape[1])
    _show(drawn.add_subplot(), shown)
    return drawn


@picture
def images_over_training(snapshots: Mapping[int, Tensor]) -> Figure:
    """Draws a row of images for each step of a training, from the same latent variables, shape (N, C, H, W), uint8."""
    drawn = figure(8.0, 0.9 * len(snapshots))
    for ax, (step, images) in zip(np.atleast_1d(drawn.subplots(len(snapshots), 1)), snapshots.items(), strict=True):
        _show(ax, grid(images[:8], 8))
        ax.set_title(f"step {step:,}", fontsize=8, fontweight="normal")
    return drawn


@picture
def annealed_densities(snapshots: Mapping[int, Tensor], levels: Mapping[int, float], extent: float) -> Figure:
    """Draws the density in the plane after some steps.

    Args:
        snapshots: By step, log-density on a square grid, shape (n, n), the first index along y.
        levels: By step, t.
        extent: The grid reaches from minus this to this, in standard deviations of the data.
    """
    drawn = figure(1.6 * len(snapshots), 1.9)
    for ax, (step, log_p) in zip(np.atleast_1d(drawn.subplots(1, len(snapshots))), snapshots.items(), strict=True):
        p = log_p.double().exp().nan_to_num(0, 0, 0).numpy()
        ax.imshow(
            p, origin="lower", extent=(-extent, extent, -extent, extent), cmap="magma", vmax=np.quantile(p, 0.995)
        )
        ax.set_title(f"step {step:,}\nt = {levels[step]:.2f}", fontsize=8, fontweight="normal")
        ax.set_xticks([])
        ax.set_yticks([])
        ax.grid(False)
    return drawn


@picture
def column_histograms(samples: Tensor, rows: Tensor, names: Sequence[str]) -> Figure:
    """Draws the distribution of each of the first columns, in samples and in data of the same units, shapes (N, D)."""
    names = names[:COLUMNS]
    across = min(4, len(names))
    down = -(-len(names) // across)
    drawn = figure(9.5, 1.7 * down)
    for column, (ax, name) in enumerate(zip(drawn.subplots(down, across, squeeze=False).flat, names, strict=False)):
        data = rows[:, column].double().numpy()
        made = samples[:, column].double().numpy()
        low, high = np.quantile(data, [0.002, 0.998], method="nearest")
        bins = np.linspace(low, high if high > low else low + 1, 31)
        _shares(ax, data, bins, color="#cccccc", label="test data")
        _shares(ax, made, bins, histtype="step", color="#0072b2", label="samples")
        ax.set_title(name, fontsize=8, fontweight="normal")
        ax.set_yticks([])
    drawn.axes[0].legend(fontsize=7)
    for ax in drawn.axes[len(names) :]:
        ax.set_visible(False)
    return drawn


def _shares(ax: Axes, values: NDArray[np.float64], bins: NDArray[np.float64], **style: str) -> None:
    """Draws shares of all values, of which any number may lie outside the bins or be no number."""
    seen = values[(bins[0] <= values) & (values <= bins[-1])]
    ax.hist(seen, bins, weights=np.full(len(seen), 1 / (len(values) * (bins[1] - bins[0]))), **style)  # type: ignore[arg-type]


def clean_column(row: Mapping[str, str], nll_name: str) -> str:
    """Returns the column of metrics.csv with the figure on clean data: held-out ones, or else the test set."""
    return f"validation_{nll_name}" if f"validation_{nll_name}" in row else f"test_{nll_name}"


def _top(clean: Sequence[float]) -> float | None:
    """Where an axis should end at the top: early epochs may be astronomically bad; None where that is no help."""
    low, middle = np.nanmin(clean), np.nanmedian(clean)
    if not (np.isfinite([low, middle]).all() and middle > low):
        return None
    top = min(np.nanmax(clean), middle + 3 * (middle - low))
    return float(top + 0.05 * (top - low))


def _show(ax: object, shown: np.ndarray) -> None:
    ax.imshow(shown.squeeze(), cmap="gray", vmin=0, vmax=255, interpolation="nearest")  # type: ignore[attr-defined]
    ax.set_axis_off()  # type: ignore[attr-defined]
