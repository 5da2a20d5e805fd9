r"""Does confidence tell the truth? Calibration errors and reliability bins.

A classifier is calibrated if, among the images it is 80 % sure of, 80 % are right. The expected calibration
error (ECE) sorts images into bins by confidence and averages the distance between accuracy and confidence:

.. math:: \mathrm{ECE} = \sum_b \frac{n_b}{n} \, | \mathrm{acc}_b - \mathrm{conf}_b |

(Naeini, Cooper, Hauskrecht, AAAI 2015; Guo et al., ICML 2017, eq. 3). It is no mean over images: the mean
of the ECEs of parts of a set exceeds the ECE of the set, and grows as the parts shrink. Here it is always
taken over the whole set, except by `ece_batch100`, which exists for comparison with papers that averaged
over batches.

Throughout, `confidence` is an array of shape (n,) in [0, 1], `correct` one of n booleans.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "Reliability",
    "bin_index",
    "ece",
    "ece_batch100",
    "ece_equal_mass",
    "reliability",
]

BINS = 15


def bin_index(confidence: ArrayLike, bins: int = BINS) -> NDArray[np.intp]:
    """Sorts confidences into bins of equal width, closed on the right: (0, 1/bins], ..., (1 - 1/bins, 1].

    A confidence of exactly 0 belongs to the first bin.

    Args:
        confidence: Shape (n,), in [0, 1].
        bins: Number of bins, at least 1.

    Returns:
        Bin of each image, shape (n,), 0 to bins - 1.

    Example:
        >>> bin_index([0.0, 0.5, 0.500001, 1.0], bins=2)
        array([0, 0, 1, 1])
    """
    # Compared with the edges: ceil(confidence * bins) would put some confidences on an edge into the bin
    # above.
    return np.maximum(np.searchsorted(np.linspace(0, 1, bins + 1), confidence, side="left") - 1, 0)


def ece(confidence: ArrayLike, correct: ArrayLike, bins: int = BINS) -> float:
    """Expected calibration error over the whole set, with bins of equal width, closed on the right.

    Args:
        confidence: Shape (n,), in [0, 1].
        correct: Shape (n,), boolean.
        bins: Number of bins, at least 1.

    Returns:
        A share in [0, 1]; 0 is calibrated.

    Raises:
        ValueError: If there is no image, lengths differ or a confidence lies outside [0, 1].

    Example:
        >>> round(ece([0.9, 0.9, 0.6, 0.6], [True, True, True, False]), 4)
        0.1
    """
    confidence, correct = _checked(confidence, correct)
    gaps = np.bincount(bin_index(confidence, bins), weights=correct - confidence, minlength=bins)
    return float(np.abs(gaps).sum()) / len(confidence)


def ece_equal_mass(confidence: ArrayLike, correct: ArrayLike, bins: int = BINS) -> float:
    """Expected calibration error with bins that hold equally many images (Nguyen and O'Connor, EMNLP 2015).

    Where a bin's edge falls among images of one confidence, each of them counts with their mean
    correctness, so the result does not depend on the order of the set. Arguments, result and errors as for
    `ece`.
    """
    confidence, correct = _checked(confidence, correct)
    levels, level, count = np.unique(confidence, return_inverse=True, return_counts=True)
    mean_correct = np.bincount(level, weights=correct) / count
    gaps = np.repeat(mean_correct - levels, count)
    return float(sum(abs(part.sum()) for part in np.array_split(gaps, min(bins, len(gaps))))) / len(gaps)


def ece_batch100(confidence: ArrayLike, correct: ArrayLike, bins: int = BINS) -> float:
    """Mean ECE of consecutive batches of 100 images: biased upwards, and for comparison with papers only.

    The published code of the mollification paper averages this way: a calibrated classifier then seems off by
    several hundredths. A smaller last batch weighs less. Arguments, result and errors as for `ece`.
    """
    confidence, correct = _checked(confidence, correct)
    batches = range(0, len(confidence), 100)
    parts = [(confidence[i : i + 100], correct[i : i + 100]) for i in batches]
    return sum(ece(*part, bins) * len(part[0]) for part in parts) / len(confidence)


class Reliability(NamedTuple):
    """A reliability diagram in numbers; arrays of shape (bins,), NaN where a bin is empty."""

    images: NDArray[np.intp]  # how many of them fell into the bin
    confidence: NDArray[np.float64]  # mean confidence of the bin's images
    accuracy: NDArray[np.float64]  # share of them that are right


def reliability(confidence: ArrayLike, correct: ArrayLike, bins: int = BINS) -> Reliability:
    """Accuracy and mean confidence in each of the bins of `ece`. Arguments and errors as for `ece`."""
    confidence, correct = _checked(confidence, correct)
    index = bin_index(confidence, bins)
    count = np.bincount(index, minlength=bins)
    filled = np.where(count > 0, count, np.nan)
    return Reliability(
        images=count,
        confidence=np.bincount(index, weights=confidence, minlength=bins) / filled,
        accuracy=np.bincount(index, weights=correct, minlength=bins) / filled,
    )


def _checked(confidence: ArrayLike, correct: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    confidence, correct = np.asarray(confidence, dtype=np.float64), np.asarray(correct, dtype=np.float64)
    if confidence.ndim != 1 or confidence.shape != correct.shape or confidence.size == 0:
        raise ValueError(
            "a calibration error needs one confidence and one outcome for each of at least one image,"
            f" got shapes {confidence.shape} and {correct.shape}"
        )
    if not ((confidence >= 0) & (confidence <= 1)).all():
        raise ValueError("confidence must lie in [0, 1], got a value outside or NaN; pass probabilities, not logits")
    return confidence, correct
