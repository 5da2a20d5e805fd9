"""Distances between sets of images against SciPy and plain loops, and what is told of them."""

import json
import math
import warnings
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import scipy.linalg
import scipy.ndimage
import torch
from torch import Generator, Tensor

from robustmoll.evaluate.densities.features import (
    classifier_features,
    inception_features,
)
from robustmoll.evaluate.densities.frechet import (
    FrechetRecord,
    Moments,
    fid,
    frechet_distance,
    frechet_record,
    moments,
    precision_recall,
)
from robustmoll.storage.files import sha256
from tests.tiny_data import FewDigits


def normal(n: int, d: int, seed: int) -> Tensor:
    generator = Generator().manual_seed(seed)
    mix = torch.randn(d, d, generator=generator, dtype=torch.float64)
    return torch.randn(n, d, generator=generator, dtype=torch.float64) @ mix + mix[0]


def scipy_s(a: Tensor, b: Tensor) -> float:
    """The textbook's formula, with the root of a product that is not symmetric."""
    first, second = (np.cov(x.numpy(), rowvar=False) for x in (a, b))
    root = scipy.linalg.sqrtm(first @ second).real
    shift = (a.mean(0) - b.mean(0)).square().sum().item()
    return float(shift + np.trace(first) + np.trace(second) - 2 * np.trace(root))


def classifier_distance(real: Tensor, generated: Tensor, run: Path, batch_size: int) -> FrechetRecord:
    extractor = classifier_features(run)
    a, b = (extractor(images, batch_size) for images in (real, generated))
    return frechet_record("classifier_frechet_distance", extractor, a, b)


def test_distance_is_scipy_s() -> None:
    a, b = normal(60, 7, 0), normal(50, 7, 1)
    distance = frechet_distance(moments(a), moments(b))
    assert distance == pytest.approx(scipy_s(a, b), rel=1e-9)
    assert distance == pytest.approx(frechet_distance(moments(b), moments(a)), rel=1e-9)


def test_distance_of_singular_covariances() -> None:
    a, b = normal(5, 12, 0), normal(6, 12, 1)  # fewer images than features
    assert frechet_distance(moments(a), moments(b)) == pytest.approx(scipy_s(a, b), rel=1e-5)
    assert frechet_distance(moments(a), moments(a)) == pytest.approx(0, abs=1e-5)
    assert frechet_distance(moments(a), moments(a + 2.0)) == pytest.approx(12 * 4, abs=1e-5)


def test_distance_of_independent_features_is_that_of_their_deviations() -> None:
    one, other = torch.tensor([1.0, 4.0, 0.0]).double(), torch.tensor([9.0, 1.0, 4.0]).double()
    a, b = (Moments(torch.zeros(3).double(), torch.diag(variance), 9) for variance in (one, other))
    assert frechet_distance(a, b) == pytest.approx((1 - 3) ** 2 + (2 - 1) ** 2 + 2**2)


def test_moments_are_numpy_s() -> None:
    features = normal(40, 6, 0) + 1e6  # a mean that sums of squares would not survive
    mean, covariance, n = moments(features)
    assert n == 40
    torch.testing.assert_close(mean, features.mean(0), atol=1e-9, rtol=1e-15)
    expected = torch.from_numpy(np.cov(features.numpy(), rowvar=False))
    torch.testing.assert_close(covariance, expected, atol=1e-7, rtol=1e-7)


def test_moments_need_finite_vectors_of_one_length() -> None:
    with pytest.raises(ValueError, match="at least 2 feature vectors, got 1"):
        moments(torch.zeros(1, 3))
    with pytest.raises(ValueError, match="NaN or infinite"):
        moments(torch.tensor([[0.0], [math.nan]]))
    with pytest.raises(ValueError, match="of one length, got 2 and 3"):
        frechet_distance(moments(torch.zeros(2, 2)), moments(torch.zeros(2, 3)))


def test_the_record_of_a_fid(weights: Path, tmp_path: Path) -> None:
    images = FewDigits(size=8).load()[0].images[:]
    real, generated = images[:3], 255 - images[3:5]
    with pytest.warns(UserWarning, match=r"fid from 3 real and 2 generated images is biased .* take at least 2049"):
        record = fid(real, generated, weights, batch_size=2)
    extractor = inception_features(weights)
    a, b = extractor(real), extractor(generated)
    assert a.shape == (3, 2048)
    # With X and Y the centred features, the root's trace is the sum of the singular values of X Y^T.
    x, y = (a - a.mean(0)).double() / math.sqrt(2), (b - b.mean(0)).double()
    spread = x.square().sum() + y.square().sum() - 2 * torch.linalg.svdvals(x @ y.T).sum()
    assert record.value == pytest.approx(float((a.mean(0) - b.mean(0)).square().sum() + spread), rel=1e-4)
    assert (record.metric, record.real, record.generated, record.features) == ("fid", 3, 2, 2048)
    assert "299" in record.resize and "inception" in record.extractor
    assert record.sha256 == sha256(weights.read_bytes())
    same = tmp_path / "inception.safetensors"
    safetensors.torch.save_file(torch.load(weights), same)
    torch.testing.assert_close(inception_features(same)(real[:1].expand(-1, 3, -1, -1)), a[:1])


def test_the_record_of_a_classifier_s_distance(run: Path) -> None:
    images = FewDigits(train=200, size=24).load()[0].images[:]
    real, generated = images[:100], images[100:].flip(-1)
    with pytest.warns(UserWarning, match="classifier_frechet_distance from 100 real and 100"):
        record = classifier_distance(real, generated, run, batch_size=33)
    extractor = classifier_features(run)
    a, b = extractor(real), extractor(generated)
    assert record.value == pytest.approx(scipy_s(a.double(), b.double()), rel=1e-3) and record.value > 0
    manifest = json.loads((run / "checkpoints" / "last" / "checkpoint.json").read_text())
    assert record.sha256 == manifest["sha256"]["model.safetensors"]
    assert (record.metric, record.features) == ("classifier_frechet_distance", a.shape[1])
    assert "digits_cnn" in record.extractor


def test_enough_images_are_no_cause_for_a_warning(run: Path) -> None:
    images = FewDigits(size=24).load()[0].images[:]
    many = images.repeat(22, 1, 1, 1)[:2048]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert classifier_distance(many, many, run, batch_size=512).value == pytest.approx(0, abs=1e-6)


def test_images_that_cannot_be_compared(run: Path, tmp_path: Path) -> None:
    images = FewDigits(size=24).load()[0].images[:4]
    with pytest.raises(ValueError, match=r"need uint8 images of shape .* got torch.float32"):
        classifier_features(run)(images.float())
    with pytest.raises(ValueError, match=r"trained on images of shape \(1, 24, 24\), but these have \(3, 24, 24\)"):
        classifier_features(run)(images.expand(-1, 3, -1, -1))
    with pytest.raises(ValueError, match="is no run, or has no checkpoint yet"):
        classifier_features(tmp_path)


def test_precision_and_recall_are_those_of_plain_loops() -> None:
    real, generated = normal(30, 3, 0), normal(25, 3, 0)[:, :] * 0.7
    found = precision_recall(real, generated, k=2)

    def covered(centres: Tensor, queries: Tensor) -> float:
        inside = 0
        for query in queries:
            radii = [sorted(float((c - other).norm()) for other in centres)[2] for c in centres]
            inside += any(float((query - c).norm()) <= r for c, r in zip(centres, radii, strict=True))
        return inside / len(queries)

    assert found == (covered(real, generated), covered(generated, real))
    assert 0 < found.recall < 1


def test_precision_and_recall_tell_what_is_wrong() -> None:
    real = torch.cat([normal(50, 3, 0), normal(50, 3, 0) + 1000])
    assert precision_recall(real, real) == (1, 1)
    assert precision_recall(real, real - 1e6) == (0, 0)
    assert precision_recall(real, real[:50]) == (1, 0.5)  # a mode is left out
    assert precision_recall(real[:50], real) == (0.5, 1)
    with pytest.raises(ValueError, match=r"k must lie in 1\.\.49, got 50"):
        precision_recall(real, real[:50], k=50)
    with pytest.raises(ValueError, match=r"features \(N, D\) and \(M, D\)"):
        precision_recall(real, real[:, :2])
