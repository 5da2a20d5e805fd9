"""The line to beat: a Gaussian fitted to the training rows."""

import torch
from torch import Tensor
from torch.distributions import MultivariateNormal

__all__ = ["gaussian_nll"]


def gaussian_nll(train: Tensor, test: Tensor) -> Tensor | None:
    """Returns the negative log-likelihood of rows under the Gaussian of full covariance that fits others best.

    Args:
        train: Rows it is fitted to (maximum likelihood), shape (N, D).
        test: Rows that are judged, shape (M, D).

    Returns:
        In nats, shape (M,), float64; None if the training rows lie in a plane, so that there is no density.

    Example:
        >>> rows = torch.tensor([[1.0], [-1.0]])  # mean 0, variance 1
        >>> gaussian_nll(rows, torch.zeros(1, 1))
        tensor([0.9189], dtype=torch.float64)
    """
    train, test = train.double(), test.double()
    covariance = torch.cov(train.T, correction=0).view(train.shape[1], train.shape[1])
    scale, failed = torch.linalg.cholesky_ex(covariance)
    if failed:
        return None
    return -MultivariateNormal(train.mean(0), scale_tril=scale).log_prob(test)
