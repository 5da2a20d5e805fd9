"""The line to beat: a Gaussian fitted to the training rows."""

import torch
from torch import Tensor
from torch.distributions import MultivariateNormal

__all__ = ["GAUSSIAN", "gaussian_nll"]

GAUSSIAN = "full-covariance Gaussian"
"""What tables call it."""

# Smallest part of the largest eigenvalue of the correlations that is more than rounding. In float32, standardised rows
# are rounded by 6e-8 of each value: a variance of 1e-15 up to 1e-13, which a plane has instead of none.
ROUNDING = 1e-10


def gaussian_nll(train: Tensor, test: Tensor) -> Tensor | None:
    """Returns the negative log-likelihood of rows under the Gaussian of full covariance that fits others best.

    Args:
        train: Rows it is fitted to (maximum likelihood), shape (N, D).
        test: Rows that are judged, shape (M, D).

    Returns:
        In nats, shape (M,), float64; None if the training rows lie in a plane, up to the rounding of float32, so that
        there is no density.

    Example:
        >>> rows = torch.tensor([[1.0], [-1.0]])  # mean 0, variance 1
        >>> gaussian_nll(rows, torch.zeros(1, 1))
        tensor([0.9189], dtype=torch.float64)
    """
    train, test = train.double(), test.double()
    if _in_a_plane(train):
        return None
    covariance = torch.cov(train.T, correction=0).view(train.shape[1], train.shape[1])
    scale = torch.linalg.cholesky(covariance)
    return -MultivariateNormal(train.mean(0), scale_tril=scale).log_prob(test)


def _in_a_plane(rows: Tensor) -> bool:
    if bool((rows == rows[0]).all(0).any()):
        return True
    # Correlations, so that units do not matter.
    spread = torch.linalg.eigvalsh(torch.corrcoef(rows.T).view(rows.shape[1], rows.shape[1]))
    return bool(spread[0] < ROUNDING * spread[-1])
