r"""What predictions are worth: from logits to outcomes of each image, from these to figures of a whole set.

The figures of a set never see logits, only four numbers per image: was it right, how sure was it, its
negative log-likelihood and its Brier score. These are small enough to keep, so every figure can be computed
again later, on any subset or bootstrap resample. Error, NLL and Brier score are means over images; the
calibration errors are not, and live in `robustmoll.evaluate.calibration`.
"""

import math
from collections.abc import Callable
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from robustmoll.evaluate.calibration import ece, ece_batch100, ece_equal_mass

__all__ = ["METRICS", "Judged", "Outcomes", "brier", "error", "judged", "measure", "nll", "outcomes", "wilson"]


class Outcomes(NamedTuple):
    """What became of each image of a set; four arrays of shape (n,).

    Attributes:
        correct: Whether the most probable class is the label.
        confidence: Probability of the most probable class, in [0, 1].
        nll: Minus the log-probability of the label, in nats.
        brier: Squared distance between probabilities and one-hot label, summed over classes, in [0, 2].
    """

    correct: NDArray[np.bool_]
    confidence: NDArray[np.float64]
    nll: NDArray[np.float64]
    brier: NDArray[np.float64]


class Judged(NamedTuple):
    """Outcomes of a set before and after temperature scaling; the latter None if there is no temperature."""

    raw: Outcomes
    scaled: Outcomes | None


def outcomes(logits: Tensor, labels: Tensor) -> Outcomes:
    r"""Judges predictions image by image, in double precision.

    With :math:`p = \mathrm{softmax}(z)`: confidence :math:`\max_k p_k`, negative log-likelihood
    :math:`-\log p_y` and Brier score :math:`\sum_k (p_k - [k = y])^2` (Brier, 1950; a sum over classes).

    Args:
        logits: Shape (B, K), any floating dtype, finite.
        labels: Class indices, shape (B,), in [0, K).

    Returns:
        Four numbers per image. Where several classes share the highest logit, the first is the prediction.

    Raises:
        ValueError: If shapes do not fit, a label lies outside [0, K) or a logit is not finite.

    Example:
        >>> outcomes(torch.tensor([[0.0, 800.0]]), torch.tensor([0])).nll
        array([800.])
    """
    if logits.dim() != 2 or labels.shape != logits.shape[:1]:
        raise ValueError(
            "outcomes needs logits of shape (B, K) and labels (B,),"
            f" got {tuple(logits.shape)} and {tuple(labels.shape)}"
        )
    labels = labels.cpu().long()
    # Off the device first: not every accelerator knows double precision, and K numbers per image travel
    # cheaply.
    log_p = logits.detach().cpu().double()
    classes = log_p.shape[1]
    if bad := int((~log_p.isfinite()).any(1).sum()):
        raise ValueError(f"the model returned NaN or infinite logits for {bad} of {len(log_p)} images")
    if bool(((labels < 0) | (labels >= classes)).any()):
        raise ValueError(f"labels must lie in 0..{classes - 1} for logits of {classes} classes, got one outside")
    log_p = log_p.log_softmax(1)
    p = log_p.exp()
    confidence, predicted = p.max(1)
    residual = p.scatter_add(1, labels[:, None], torch.full_like(p[:, :1], -1.0))
    return Outcomes(
        correct=(predicted == labels).numpy(),
        confidence=confidence.clamp(max=1.0).numpy(),
        nll=-log_p.gather(1, labels[:, None])[:, 0].numpy(),
        brier=residual.square().sum(1).numpy(),
    )


def judged(logits: Tensor, labels: Tensor, temperature: NDArray[np.float64] | None = None) -> Judged:
    """Judges predictions as they are and, given temperatures of shape (B,), with the logits divided by them.

    Other arguments and errors as for `outcomes`.
    """
    raw = outcomes(logits, labels)
    if temperature is None:
        return Judged(raw, None)
    return Judged(raw, outcomes(logits.detach().cpu().double() / torch.from_numpy(temperature)[:, None], labels))


def error(outcomes: Outcomes) -> float:
    """Returns the share of images that were classified wrongly, in [0, 1]."""
    return float((~outcomes.correct).mean())


def nll(outcomes: Outcomes) -> float:
    """Returns the mean negative log-likelihood of the labels, in nats; log K for a uniform prediction."""
    return float(outcomes.nll.mean())


def brier(outcomes: Outcomes) -> float:
    """Returns the mean Brier score, summed over classes: 0 is perfect, 1 - 1/K uniform, 2 the worst."""
    return float(outcomes.brier.mean())


def wilson(errors: int, n: int, level: float = 0.95) -> tuple[float, float]:
    r"""Confidence interval for a proportion that stays inside [0, 1] and holds its level for small counts.

    .. math::
        \frac{\hat p + z^2 / 2n \pm z \sqrt{\hat p (1 - \hat p) / n + z^2 / 4 n^2}}{1 + z^2 / n}

    Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927).

    Args:
        errors: How many of the images were wrong, 0 to n.
        n: Number of images, at least 1.
        level: Probability that the interval covers the true proportion, in (0, 1).

    Returns:
        Lower and upper end.

    Raises:
        ValueError: If a count or the level is out of its range.

    Example:
        >>> [round(end, 4) for end in wilson(0, 100)]
        [0.0, 0.037]
    """
    if not (n >= 1 and 0 <= errors <= n and 0 < level < 1):
        raise ValueError(f"wilson needs 0 <= errors <= n, n >= 1 and 0 < level < 1, got {errors=}, {n=}, {level=}")
    z = NormalDist().inv_cdf((1 + level) / 2)
    p = errors / n
    centre = p + z**2 / (2 * n)
    spread = z * math.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    low, high = (centre - spread) / (1 + z**2 / n), (centre + spread) / (1 + z**2 / n)
    # The ends are exact where the formula only comes close to them.
    return (0.0 if errors == 0 else low), (1.0 if errors == n else high)


def _error_interval(outcomes: Outcomes) -> tuple[float, float]:
    return wilson(int((~outcomes.correct).sum()), len(outcomes.correct))


# One figure of a whole set each; the names are the columns of cells.csv.
METRICS: dict[str, Callable[[Outcomes], float]] = {
    "error": error,
    "nll": nll,
    "brier": brier,
    "ece": lambda outcomes: ece(outcomes.confidence, outcomes.correct),
    "error_low": lambda outcomes: _error_interval(outcomes)[0],
    "error_high": lambda outcomes: _error_interval(outcomes)[1],
    "ece_equal_mass": lambda outcomes: ece_equal_mass(outcomes.confidence, outcomes.correct),
    "ece_batch100": lambda outcomes: ece_batch100(outcomes.confidence, outcomes.correct),
}


# The same after temperature scaling.
SCALED = ("nll", "brier", "ece")


def measure(found: Judged) -> dict[str, float | None]:
    """Returns all figures of a set, named as in `METRICS`, and those of `SCALED` again as "nll_ts" and so on."""
    raw = {name: metric(found.raw) for name, metric in METRICS.items()}
    return raw | {f"{name}_ts": found.scaled and METRICS[name](found.scaled) for name in SCALED}
