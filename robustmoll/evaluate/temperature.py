r"""Temperature scaling (Guo et al., ICML 2017): what is left of a calibration error once confidence is rescaled.

Logits are divided by one number T, which changes no prediction, only how sure it is. T has to be fitted on
clean images that are not judged with it. Where no others are at hand, two halves of the clean test images
serve each other: T of one half is fitted on the other, and judges the same images clean and corrupted.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from robustmoll.seeds import generator_at

__all__ = ["Temperatures", "cross_fit", "fit_temperature", "half_of", "held_out_fit"]

LOWEST, HIGHEST = 0.01, 100  # temperatures that are looked at


@dataclass(frozen=True)
class Temperatures:
    """What the logits of a set are divided by.

    Attributes:
        fitted_on: Which images, in words.
        a: T of the first half.
        b: T of the second half.
        problem: Why there is none, or None; then a and b are None.
    """

    fitted_on: str
    a: float | None
    b: float | None
    problem: str | None = None

    def of_images(self, n: int) -> NDArray[np.float64] | None:
        """Returns T for each image of a set of n, or None if there is none."""
        return None if self.a is None or self.b is None else np.where(half_of(n), self.b, self.a)


def half_of(n: int) -> NDArray[np.bool_]:
    """Says which images of a set of n are in its second half: every other one of a fixed random order."""
    return (torch.randperm(n, generator=generator_at("halves", n)) % 2).bool().numpy()


def cross_fit(logits: Tensor, labels: Tensor) -> Temperatures:
    """Fits, for each half of a set, T on the other half.

    Args:
        logits: Of the clean images, shape (n, K), finite.
        labels: Class indices, shape (n,).
    """
    second = torch.from_numpy(half_of(len(labels)))
    return _fit("the other half of the clean images", (logits, labels, second), (logits, labels, ~second))


def held_out_fit(logits: Tensor, labels: Tensor) -> Temperatures:
    """Fits one T for all on clean images that are not judged. Arguments as for `cross_fit`."""
    every = torch.ones(len(labels), dtype=torch.bool)
    return _fit("held-out clean images", *2 * [(logits, labels, every)])


def _fit(fitted_on: str, *parts: tuple[Tensor, Tensor, Tensor]) -> Temperatures:
    try:
        a, b = (fit_temperature(logits[rows], labels[rows]) for logits, labels, rows in parts)
    except ValueError as error:
        return Temperatures(fitted_on, None, None, str(error))
    return Temperatures(fitted_on, a, b)


def fit_temperature(logits: Tensor, labels: Tensor) -> float:
    r"""Temperature T for which softmax(logits / T) has the least NLL.

    The NLL is convex in 1/T, with derivative :math:`\mathrm{mean}(\sum_k p_k z_k - z_y)`: its sign says on
    which side of the optimum T lies. Bisection finds it, to 12 digits.

    Args:
        logits: Shape (n, K), finite.
        labels: Class indices, shape (n,).

    Returns:
        T. Above 1 the classifier was overconfident.

    Raises:
        ValueError: If no T between 0.01 and 100 is optimal, as when every image is classified correctly.
    """
    z = logits.detach().cpu().double()
    z_label = z.gather(1, labels.cpu().long()[:, None])[:, 0]

    def overconfident(inverse: float) -> bool:
        return bool((((inverse * z).softmax(1) * z).sum(1) - z_label).mean() > 0)

    soft, sharp = 1 / HIGHEST, 1 / LOWEST
    if overconfident(soft) or not overconfident(sharp):
        right = f"{int((z.argmax(1) == labels.cpu()).sum())} of {len(z)}"
        raise ValueError(
            f"no temperature between {LOWEST} and {HIGHEST} is optimal ({right} held-out images are right);"
            " fit it on more held-out images"
        )
    while sharp / soft - 1 > 1e-12:
        middle = (soft * sharp) ** 0.5
        soft, sharp = (soft, middle) if overconfident(middle) else (middle, sharp)
    return 1 / sharp
