r"""How far generated images are from real ones, by features of both: Fréchet distance, precision and recall.

`fid` is the field's figure, in the features of the Inception network; "classifier_frechet_distance" is the same formula
in the features of a classifier of ours, for machines without a network. Their values have nothing to do with each
other, which is why the record of each says what it was computed with.
"""

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from robustmoll.data.images import Images
from robustmoll.evaluate.densities.features import Extractor, inception_features

__all__ = [
    "FrechetRecord",
    "Moments",
    "PrecisionRecall",
    "fid",
    "frechet_distance",
    "frechet_record",
    "moments",
    "precision_recall",
]

ENOUGH = 2048  # images: with fewer the distance is mostly bias, whatever the features


class Moments(NamedTuple):
    """Mean (D,) and covariance (D, D), divided by n - 1, of n feature vectors; float64, on the CPU."""

    mean: Tensor
    covariance: Tensor
    n: int


@dataclass(frozen=True)
class FrechetRecord:
    """A Fréchet distance and all that it depends on.

    Attributes:
        metric: "fid" or "classifier_frechet_distance".
        value: The distance, squared as everywhere, >= 0.
        real: Number of real images.
        generated: Number of generated images.
        extractor: The network of the features.
        resize: How images got to its size.
        sha256: Of its weights' file.
        features: Length of a feature vector.
    """

    metric: str
    value: float
    real: int
    generated: int
    extractor: str
    resize: str
    sha256: str
    features: int


def fid(
    real: Images,
    generated: Images,
    weights: str | Path | None = None,
    batch_size: int = 64,
    device: str | torch.device = "cpu",
) -> FrechetRecord:
    """Returns the Fréchet Inception distance (Heusel et al., 2017) between two sets of images.

    Args:
        real: uint8, shape (N, C, H, W), 1 or 3 channels.
        generated: The same of what a model made.
        weights: File of the Inception weights, see `inception_features`; None takes the usual download.
        batch_size: Images at a time.
        device: Where to compute features.

    Raises:
        ValueError: If the images are no such images or the weights cannot be had.

    Warns:
        UserWarning: If one of the sets is too small.
    """
    extractor = inception_features(weights, device)
    return frechet_record("fid", extractor, *(extractor(images, batch_size, device) for images in (real, generated)))


def frechet_record(metric: str, extractor: Extractor, real: Tensor, generated: Tensor) -> FrechetRecord:
    """Returns the Fréchet distance between features, and what it depends on.

    Args:
        metric: "fid", or "classifier_frechet_distance" for features of `classifier_features`: compare it only with
            others of the same classifier.
        extractor: Of the features.
        real: Features of real images, shape (N, D).
        generated: Features of those that a model made, shape (M, D).

    Raises:
        ValueError: If there are fewer than two of one, or a feature is NaN or infinite.

    Warns:
        UserWarning: If one of the sets is too small.
    """
    a, b = moments(real), moments(generated)
    enough = max(ENOUGH, extractor.size + 1)
    if (fewest := min(a.n, b.n)) < enough:
        warnings.warn(
            f"{metric} from {a.n} real and {b.n} generated images is biased upwards: {fewest} are too few"
            f" for {extractor.size} features, take at least {enough}, and compare only equal numbers",
            stacklevel=3,
        )
    return FrechetRecord(
        metric,
        frechet_distance(a, b),
        a.n,
        b.n,
        extractor.name,
        extractor.resize,
        extractor.sha256,
        extractor.size,
    )


def moments(features: Tensor) -> Moments:
    """Returns the moments of features, shape (N, D), of at least two images.

    Raises:
        ValueError: If there are fewer, or a feature is NaN or infinite.
    """
    if len(features) < 2:
        raise ValueError(f"a covariance needs at least 2 feature vectors, got {len(features)}")
    if not features.isfinite().all():
        raise ValueError("a feature is NaN or infinite; look at the images and at the network's weights")
    features = features.cpu().double()
    return Moments(features.mean(0), torch.atleast_2d(features.T.cov()), len(features))


def frechet_distance(a: Moments, b: Moments) -> float:
    r"""Returns the squared Fréchet (2-Wasserstein) distance between the normal distributions of two moments.

    .. math:: |\mu_a - \mu_b|^2 + \mathrm{tr}(A + B) - 2\, \mathrm{tr} (A^{1/2} B A^{1/2})^{1/2}

    (Dowson and Landau, 1982). Roots come from eigenvalues of symmetric matrices, so they are real however singular A
    and B are.

    Raises:
        ValueError: If the features are not of one length.

    Example:
        >>> one = torch.eye(2, dtype=torch.float64)
        >>> round(frechet_distance(Moments(one[0], one, 9), Moments(-one[0], 4 * one, 9)), 9)
        6.0
    """
    if a.mean.shape != b.mean.shape:
        raise ValueError(f"features must be of one length, got {len(a.mean)} and {len(b.mean)}")
    values, vectors = torch.linalg.eigh(a.covariance)
    root = (vectors * values.clamp(min=0).sqrt()) @ vectors.T
    product = torch.linalg.eigvalsh(root @ b.covariance @ root).clamp(min=0).sqrt().sum()
    spread = a.covariance.trace() + b.covariance.trace() - 2 * product
    return float((a.mean - b.mean).square().sum() + spread.clamp(min=0))


class PrecisionRecall(NamedTuple):
    """Shares in [0, 1]: of generated images that look real, and of real ones that the model could have made."""

    precision: float
    recall: float


def precision_recall(real: Tensor, generated: Tensor, k: int = 3) -> PrecisionRecall:
    """Returns precision and recall of generated images (Kynkäänniemi et al., 2019).

    A set's manifold is the union of balls about its vectors, each as wide as the distance to its k-th nearest
    neighbour in the set. Precision is the share of generated vectors in the real manifold, recall the other way round.

    Args:
        real: Features, shape (N, D), as an `Extractor` gives them.
        generated: Features, shape (M, D).
        k: Which neighbour; less than N and M.

    Raises:
        ValueError: If the shapes do not fit or k is out of its range.
    """
    if real.dim() != 2 or generated.dim() != 2 or real.shape[1] != generated.shape[1]:
        raise ValueError(
            f"precision needs features (N, D) and (M, D), got {tuple(real.shape)} and {tuple(generated.shape)}"
        )
    if not 1 <= k < min(len(real), len(generated)):
        raise ValueError(f"k must lie in 1..{min(len(real), len(generated)) - 1}, got {k}")
    real, generated = real.cpu().double(), generated.cpu().double()
    return PrecisionRecall(_covered(real, generated, k), _covered(generated, real, k))


def _covered(centres: Tensor, queries: Tensor, k: int, piece: int = 1024) -> float:
    """The share of queries in the balls about centres, piece by piece, so that large sets fit in memory."""
    # The nearest vector of all is the centre itself.
    radii = torch.cat([torch.cdist(part, centres).kthvalue(k + 1).values for part in centres.split(piece)])
    inside = [(torch.cdist(part, centres) <= radii).any(1) for part in queries.split(piece)]
    return float(torch.cat(inside).double().mean())
