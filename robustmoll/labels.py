r"""Label policies: what becomes of a label when its image loses a share gamma of its information.

A policy maps soft targets to soft targets and is linear in them, so it composes with MixUp, CutMix and label
smoothing. Four are known (Heinonen et al., AISTATS 2025); with y of K classes, u uniform over them and g for gamma:

=============  =============================================  =========  =============
policy         result                                         classes    sums to
=============  =============================================  =========  =============
`smooth`       :math:`(1 - g) y + g u`                        K          1
`degrade`      :math:`(1 - g) y`                              K          1 - g
`sink`         :math:`[y, g]`                                 K + 1      1 + g
`sink_smooth`  :math:`[(1 - g) y, g]`                         K + 1      1
=============  =============================================  =========  =============

`degrade` weighs an image's loss by 1 - g. The sinks give "no class" an output of its own. A policy is a function
(y, gamma) -> y_t; a new one is a function here and a row in `POLICIES`.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from robustmoll.checks import require

__all__ = ["POLICIES", "LabelPolicy", "degrade", "sink", "sink_smooth", "smooth", "soft_targets"]


def smooth(y: Tensor, gamma: Tensor) -> Tensor:
    """Mixes the label with the uniform one: (1 - gamma) y + gamma / K.

    Args:
        y: Soft targets, shape (B, K).
        gamma: Lost share of certainty, shape (B,), in [0, 1].

    Returns:
        Soft targets, shape (B, K), dtype of y.

    Example:
        >>> smooth(torch.tensor([[1.0, 0.0]]), torch.tensor([0.5]))
        tensor([[0.7500, 0.2500]])
    """
    return torch.lerp(y, torch.full_like(y, 1 / y.shape[1]), _column(gamma, y))


def degrade(y: Tensor, gamma: Tensor) -> Tensor:
    """Takes weight from the label: (1 - gamma) y. Arguments as for `smooth`."""
    return y * (1 - _column(gamma, y))


def sink(y: Tensor, gamma: Tensor) -> Tensor:
    """Adds a class "nothing to be seen" with weight gamma: [y, gamma], shape (B, K + 1). Arguments as for `smooth`."""
    return torch.cat([y, _column(gamma, y)], dim=1)


def sink_smooth(y: Tensor, gamma: Tensor) -> Tensor:
    """Moves weight to an added class: [(1 - gamma) y, gamma], shape (B, K + 1). Arguments as for `smooth`."""
    return sink(degrade(y, gamma), gamma)


def _column(gamma: Tensor, y: Tensor) -> Tensor:
    return gamma.to(y.dtype).unsqueeze(1)


class LabelPolicy(NamedTuple):
    """A policy, and what others must know of it.

    Attributes:
        function: (y, gamma) -> y_t.
        sink: Whether it adds a class "nothing to be seen".
        softens: Whether it takes from the label's classes what gamma says, and gives it to others.
    """

    function: Callable[[Tensor, Tensor], Tensor]
    sink: bool = False
    softens: bool = False


POLICIES = {
    "smooth": LabelPolicy(smooth, softens=True),
    "degrade": LabelPolicy(degrade),
    "sink": LabelPolicy(sink, sink=True),
    "sink_smooth": LabelPolicy(sink_smooth, sink=True, softens=True),
}


def soft_targets(y: Tensor, num_classes: int) -> Tensor:
    """Turns labels of either kind into soft targets, and refuses those that are neither.

    Args:
        y: Class indices, shape (B,), any integer dtype, in [0, num_classes); or soft targets, shape (B, num_classes),
            non-negative rows that sum to 1.
        num_classes: K.

    Returns:
        Soft targets, shape (B, num_classes), float32. Soft ones come back as they are.

    Raises:
        ValueError: If a shape, dtype or value does not fit.
    """
    if y.is_floating_point():
        return _check_soft(y, num_classes)
    if y.dim() != 1 or y.is_complex() or y.dtype == torch.bool:
        raise ValueError(
            f"labels must be class indices of shape (B,) or soft targets of shape (B, {num_classes}),"
            f" got {y.dtype} of shape {tuple(y.shape)}"
        )
    targets = torch.zeros(len(y), num_classes, dtype=torch.float32, device=y.device)
    try:
        # Unlike F.one_hot this never waits for a device, which checks the range by itself.
        return targets.scatter_(1, y.long().unsqueeze(1), 1)
    except RuntimeError as error:
        raise ValueError(
            f"labels must lie in 0..{num_classes - 1}, got {int(y.min())}..{int(y.max())};"
            f" is num_classes={num_classes} right?"
        ) from error


def _check_soft(y: Tensor, num_classes: int) -> Tensor:
    if y.dim() != 2 or y.shape[1] != num_classes:
        raise ValueError(
            f"soft labels must have shape (B, {num_classes}) for num_classes={num_classes}, got {tuple(y.shape)}"
        )
    # Mixing in half precision may leave a few ulps; a label that is off by a class is off by far more.
    tolerance = max(1e-3, 8 * torch.finfo(y.dtype).eps)
    sums_to_one = (y.sum(1) - 1).abs() <= tolerance
    require(
        (sums_to_one & (y >= 0).all(1)).all(),
        "each soft label must be non-negative and sum to 1, got one that is not",
    )
    return y
