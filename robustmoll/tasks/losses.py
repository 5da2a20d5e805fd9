"""Losses of soft targets, one number per image. A new one is a function here and a row in `LOSSES`."""

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

__all__ = ["LOSSES", "binary_cross_entropy", "cross_entropy", "jensen_shannon", "normalised_cross_entropy"]


def cross_entropy(logits: Tensor, y: Tensor) -> Tensor:
    r"""Returns :math:`-\sum_k y_k \log f_k` with f the softmax of the logits.

    Args:
        logits: Shape (B, K).
        y: Soft targets, shape (B, K); rows need not sum to 1.

    Returns:
        Loss of each image in nats, shape (B,), float32 at least.
    """
    return -(y * _log_softmax(logits)).sum(1)


def normalised_cross_entropy(logits: Tensor, y: Tensor) -> Tensor:
    r"""Cross-entropy of a likelihood that is normalised over all smoothed labels, not over the sharp ones alone.

    .. math:: -\sum_k y_k \log f_k + \log Z, \quad
        Z = \sum_k \int_0^1 \bar f^g f_k^{1 - g} dg = \sum_k \frac{\bar f - f_k}{\log \bar f - \log f_k}

    with the geometric mean :math:`\bar f` of f over the classes (Heinonen et al., AISTATS 2025). Arguments and result
    as for `cross_entropy`.
    """
    log_f = _log_softmax(logits)
    log_mean = log_f.mean(1, keepdim=True)
    u = log_f - log_mean
    # log((e^u - 1) / u), the integral for one class over its geometric mean, without overflow; u / 2 near u = 0.
    a = u.abs()
    large = a.clamp(min=1e-2)
    tail = torch.where(a < 1e-2, a.square() / 24 - a / 2, torch.log(-torch.expm1(-large)) - torch.log(large))
    log_z = log_mean.squeeze(1) + torch.logsumexp(u.relu() + tail, dim=1)
    return cross_entropy(logits, y) + log_z


def binary_cross_entropy(logits: Tensor, y: Tensor) -> Tensor:
    """Returns the mean over classes of K yes-or-no cross-entropies. Arguments and result as for `cross_entropy`."""
    return binary_cross_entropy_with_logits(_precise(logits), y, reduction="none").mean(1)


def jensen_shannon(logits: Tensor) -> Tensor:
    r"""Returns the divergence between the predictions for several views of an image, 0 if they agree.

    .. math:: \frac{1}{V} \sum_v \mathrm{KL}(f_v \| m), \quad m = \frac{1}{V} \sum_v f_v

    The consistency loss of AugMix (Hendrycks et al., ICLR 2020, equation 2).

    Args:
        logits: Shape (B, V, K).

    Returns:
        Divergence of each image in nats, shape (B,), in [0, log V], float32 at least.
    """
    log_f = torch.log_softmax(_precise(logits), dim=2)
    log_m = torch.logsumexp(log_f, dim=1, keepdim=True) - math.log(logits.shape[1])
    return (log_f.exp() * (log_f - log_m)).sum(2).mean(1)


LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "cross_entropy": cross_entropy,
    "normalised_cross_entropy": normalised_cross_entropy,
    "binary_cross_entropy": binary_cross_entropy,
}


def _log_softmax(logits: Tensor) -> Tensor:
    return torch.log_softmax(_precise(logits), dim=1)


def _precise(logits: Tensor) -> Tensor:
    # Half precision would lose the small probabilities that calibration is about.
    return logits.to(torch.promote_types(logits.dtype, torch.float32))
