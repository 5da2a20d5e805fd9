"""What mollification does: to images and labels, and over t."""

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure
from numpy.typing import ArrayLike
from torch import Tensor

from robustmoll.evaluate.style import COLOURS, figure, picture

__all__ = ["sample_sheet", "schedule_sheet"]


@picture
def sample_sheet(images: Tensor, titles: Sequence[str], columns: int = 5) -> Figure:
    """Draws images with a caption each.

    Args:
        images: Shape (N, C, H, W), C = 1 or 3, float in [0, 1]; values outside are clipped.
        titles: N captions of a few short lines: what happened to the image, and its soft label.
        columns: Number of images in a row.
    """
    rows = -(-len(images) // columns)
    lines = 1 + max(title.count("\n") for title in titles)
    drawn = figure(9.5, rows * (9.5 / columns + 0.17 * lines))
    axes = drawn.subplots(rows, columns, squeeze=False)
    for ax in axes.flat:
        ax.set_axis_off()
    pixels = images.detach().cpu().float().clamp(0, 1).permute(0, 2, 3, 1).numpy()
    for ax, image, title in zip(axes.flat, pixels, titles, strict=False):
        ax.imshow(image.repeat(3 // image.shape[2], axis=2), interpolation="nearest")
        ax.set_title(title, fontsize=8, fontweight="normal")
    return drawn


@picture
def schedule_sheet(
    t: ArrayLike,
    *,
    alpha: ArrayLike,
    sigma: ArrayLike,
    snr: ArrayLike,
    blur_sigma: ArrayLike,
    gamma: Mapping[str, ArrayLike],
    density: ArrayLike | None = None,
) -> Figure:
    """Draws everything that depends on t.

    Args:
        t: Times, shape (n,), rising from 0 to 1.
        alpha: What is left of the image under noise, shape (n,).
        sigma: Standard deviation of the noise, in units of the image's.
        snr: alpha^2 / sigma^2.
        blur_sigma: Width of the blur, in pixels.
        gamma: By role ("noise", "blur", ...), the share of its certainty that the label loses, in [0, 1].
        density: Of t in training; None where it has none.
    """
    grey = "#3c3c3c"
    panels: dict[str, dict[str, tuple[ArrayLike, str]]] = {
        "noise": {"alpha": (alpha, grey), "sigma": (sigma, COLOURS["noise"])},
        "SNR": {"": (snr, COLOURS["noise"])},
        "blur sigma in px": {"": (blur_sigma, COLOURS["blur"])},
        "gamma (label)": {role: (curve, COLOURS.get(role, grey)) for role, curve in gamma.items()},
    }
    if density is not None:
        panels["density of t"] = {"": (density, grey)}
    drawn = figure(1.9 * len(panels), 2.2)
    axes = drawn.subplots(1, len(panels))
    for ax, (title, curves) in zip(axes, panels.items(), strict=True):
        for name, (curve, colour) in curves.items():
            ax.plot(t, curve, color=colour, label=name)
        ax.set_title(title)
        ax.set_xlabel("t")
        ax.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
        if len(curves) > 1:
            ax.legend()
    axes[1].set_yscale("log")
    axes[1].set_ylim(1e-4, 1e4)  # it goes from infinity to 0
    axes[2].set_yscale("log")
    return drawn
