"""Resampling the images of a benchmark, fast enough for a thousand resamples of 76 cells.

A resample is a row of counts: how often each image was drawn. A mean over a resample is a product of counts
and values. So is the ECE up to its absolute values: bin by bin, the counted sum of correct minus
confidence.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from robustmoll.evaluate.calibration import BINS, bin_index
from robustmoll.evaluate.metrics import Outcomes

__all__ = ["check_resamples", "resample", "resampled_figures"]


def check_resamples(resamples: int) -> None:
    """Raises a ValueError if there is no resample."""
    if resamples < 1:
        raise ValueError(f"an interval needs at least 1 resample, got {resamples}; 1000 are usual")


def resample(images: int, resamples: int, seed: int) -> NDArray[np.uint16]:
    """Draws images with replacement.

    Args:
        images: How many there are, and how many are drawn.
        resamples: How often to do so.
        seed: Of the draws.

    Returns:
        How often each image was drawn, shape (resamples, images); rows sum to `images`.
    """
    rng = np.random.default_rng(seed)
    counts = np.empty((resamples, images), dtype=np.uint16)
    for row in counts:
        row[:] = np.bincount(rng.integers(images, size=images), minlength=images)
    return counts


def resampled_figures(cells: Iterable[Outcomes], counts: NDArray[np.uint16]) -> NDArray[np.float64]:
    """Computes mean figures of some cells on every resample.

    Args:
        cells: What became of the images in each cell; the same images in the same order.
        counts: How often each image was drawn, shape (resamples, images).

    Returns:
        Error, NLL and ECE, means over the cells, shape (resamples, 3).
    """
    resamples, images = counts.shape
    every_image = np.arange(images)
    sums, gaps, number = np.zeros((images, 2)), np.zeros(resamples), 0
    for cell in cells:
        sums += np.column_stack([~cell.correct, cell.nll])
        by_bin = np.zeros((images, BINS))
        by_bin[every_image, bin_index(cell.confidence)] = cell.correct - cell.confidence
        gaps += np.abs(_product(counts, by_bin)).sum(1)
        number += 1
    return np.column_stack([_product(counts, sums), gaps]) / (images * number)


def _product(counts: NDArray[np.uint16], values: NDArray[np.float64]) -> NDArray[np.float64]:
    # In parts, as the counts take four times the memory as floats.
    parts = np.array_split(counts, len(counts) // 100 + 1)
    return np.concatenate([part.astype(np.float64) @ values for part in parts])
