r"""Labels that fit: how sure a classifier is of degraded images, how often it is right, and the gamma(t) between them.

A network that was trained on labels smoothed by gamma learns to be :math:`c = (1 - \gamma) p + \gamma / K` sure of
what it would be p sure of with sharp labels. If it should be as sure as it is right, a of the time, the share
:math:`1 - \gamma` that labels keep has to be scaled by what the excess over chance is off by:

.. math:: 1 - \gamma_{new} = (1 - \gamma) \frac{a - 1/K}{c - 1/K}

This is one step of a fixed-point iteration: where confidence meets accuracy, gamma stays.
"""

import copy
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from sklearn.isotonic import isotonic_regression

from robustmoll.data import ImageSet
from robustmoll.data.loader import Loader
from robustmoll.evaluate.classifiers.judge import evaluating
from robustmoll.labels import POLICIES
from robustmoll.mollify import Draw, Mollify
from robustmoll.progress import ProgressBar
from robustmoll.seeds import seed_at
from robustmoll.tasks import Classifier

__all__ = ["Level", "fit_gamma", "fitted_roles", "measure_levels"]

FLOOR = 1e-3  # an excess of confidence over chance below which nothing can be learnt from it


class Level(NamedTuple):
    """What a classifier makes of images that one role has taken to one t.

    Attributes:
        role: "noise", "blur", ...
        t: Of all images.
        n: Number of images.
        accuracy: Share of them that it gets right.
        confidence: Mean probability of its answers.
        gamma: The label's lost share of certainty that it was trained with.
    """

    role: str
    t: float
    n: int
    accuracy: float
    confidence: float
    gamma: float


def fitted_roles(mollify: Mollify) -> list[str]:
    """Returns the roles whose labels can be fitted: those that are drawn, at any t."""
    drawn = mollify.drawn_roles
    return [role for role in drawn if role != "clean" and mollify.degradations[role].fixed_t is None]


def measure_levels(
    classifier: Classifier,
    mollify: Mollify,
    images: ImageSet,
    times: Sequence[float],
    seed: int = 0,
    batch_size: int = 256,
) -> list[Level]:
    """Measures confidence and accuracy of a classifier on images degraded as in its training.

    Args:
        classifier: Of the images' classes; it computes where its weights are.
        mollify: What it was trained with.
        images: Of none of which it has seen the label.
        times: The t to look at, in [0, 1].
        seed: Of the noise.
        batch_size: Images at a time.

    Returns:
        A level for each role of `fitted_roles` and each t.
    """
    levels = [(role, t) for role in fitted_roles(mollify) for t in times]
    found = []
    with evaluating(classifier), ProgressBar(len(levels) * len(images)) as bar:
        for role, t in levels:
            right, sure = 0.0, 0.0
            for probabilities, labels in _answers(classifier, mollify, images, role, t, seed, batch_size):
                confidence, answers = probabilities.max(1)
                right, sure = right + float((answers == labels).sum()), sure + float(confidence.double().sum())
                bar.advance(len(labels), f"{role} t={t:g}")
            gamma = float(mollify.degradations[role].gamma(torch.tensor([t])))  # type: ignore[operator]
            lost = gamma if POLICIES[mollify.policy].softens else 0.0
            found.append(Level(role, t, len(images), right / len(images), sure / len(images), lost))
    return found


def _answers(
    classifier: Classifier, mollify: Mollify, images: ImageSet, role: str, t: float, seed: int, batch_size: int
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Yields probabilities and labels, batch by batch; each image once, however often a training repeats it."""
    once = copy.copy(mollify)
    once.repeats = 1
    batches = torch.arange(len(images)).split(batch_size)
    loader = Loader(images, classifier.mean.device, workers=0)
    for rows, (x, y) in zip(batches, loader(batches), strict=True):
        roles = torch.full((len(rows),), once.roles.index(role))
        draw = Draw(roles, torch.full((len(rows),), t), seed_at(seed, "levels", role, str(t)), first=int(rows[0]))
        x_t, _ = once.apply(classifier.standardise(x), y, draw)
        yield classifier.backbone(x_t).float().softmax(1), y


def fit_gamma(levels: Sequence[Level], num_classes: int) -> list[float]:
    """Returns the gamma at which confidence would meet accuracy, for levels of one role in the order of t.

    It rises with t (isotonic regression, which averages where the measurement falls) and lies in [0, 1].

    Example:
        >>> sure = Level("noise", t=0.5, n=1000, accuracy=0.55, confidence=0.28, gamma=0.6)
        >>> fit_gamma([sure], num_classes=10)  # keeps (0.55 - 0.1) / (0.28 - 0.1) = 2.5 times as much
        [0.0]
        >>> fit_gamma([sure._replace(confidence=0.64, gamma=0.0)], num_classes=10)
        [0.1667]
    """
    chance = 1 / num_classes
    kept = [
        (1 - level.gamma) * (level.accuracy - chance) / (level.confidence - chance)
        if level.confidence - chance > FLOOR
        else 1 - level.gamma
        for level in levels
    ]
    gamma = isotonic_regression(np.clip(1 - np.array(kept), 0, 1))
    return [round(float(value), 4) for value in gamma]
