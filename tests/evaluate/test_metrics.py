"""The figures of a benchmark against scikit-learn, SciPy, statsmodels' formula and plain loops."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import scipy.stats
import sklearn.datasets
import sklearn.linear_model
import sklearn.metrics
import torch
from numpy.typing import NDArray
from torch import Tensor

from robustmoll.evaluate.calibration import (
    bin_index,
    ece,
    ece_batch100,
    ece_equal_mass,
    reliability,
)
from robustmoll.evaluate.metrics import brier, error, judged, measure, nll, outcomes, wilson


@pytest.fixture(scope="module")
def digits() -> tuple[Tensor, Tensor]:
    """Logits and labels of 897 real handwritten digits, from a classifier fitted on the other 900."""
    images, labels = sklearn.datasets.load_digits(return_X_y=True)
    images = images + np.random.default_rng(0).normal(scale=4, size=images.shape)  # hard enough to make mistakes
    model = sklearn.linear_model.LogisticRegression(max_iter=300, C=10).fit(images[:900], labels[:900])
    # Divided, as scikit-learn's log_loss clips probabilities at machine precision and ours does not.
    logits = torch.from_numpy(model.decision_function(images[900:])) / 4
    return logits, torch.from_numpy(labels[900:])


def slow_ece(confidence: NDArray[np.float64], correct: NDArray[np.bool_], bins: int) -> float:
    """The definition, bin by bin and image by image."""
    total = 0.0
    for b in range(bins):
        inside = [b / bins < c <= (b + 1) / bins or (b == 0 and c == 0) for c in confidence]
        if any(inside):
            total += sum(inside) * abs(correct[inside].mean() - confidence[inside].mean())
    return total / len(confidence)


def test_means_agree_with_scikit_learn(digits: tuple[Tensor, Tensor]) -> None:
    logits, labels = digits
    found = outcomes(logits, labels)
    p = logits.softmax(1).numpy()
    assert error(found) == pytest.approx(1 - sklearn.metrics.accuracy_score(labels, p.argmax(1)), abs=1e-15)
    assert 0.05 < error(found) < 0.5  # otherwise this data would test nothing
    assert nll(found) == pytest.approx(sklearn.metrics.log_loss(labels, p), rel=1e-12)
    one_hot = np.eye(10)[labels]
    assert brier(found) == pytest.approx(((p - one_hot) ** 2).sum(1).mean(), rel=1e-12)
    np.testing.assert_allclose(found.confidence, p.max(1), rtol=1e-12)


def test_two_class_brier_is_twice_the_binary_one(digits: tuple[Tensor, Tensor]) -> None:
    logits, labels = digits
    binary = labels % 2
    found = outcomes(logits[:, :2], binary)
    p = logits[:, :2].softmax(1)[:, 1]
    assert brier(found) == pytest.approx(2 * sklearn.metrics.brier_score_loss(binary, p), rel=1e-12)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16])
def test_outcomes_survive_extreme_logits(dtype: torch.dtype) -> None:
    logits = torch.tensor([[0.0, 6e4, -6e4], [6e4, 0.0, 0.0], [0.0, 0.0, 0.0]], dtype=dtype)
    found = outcomes(logits, torch.tensor([0, 0, 2]))
    np.testing.assert_allclose(found.nll, [float(logits[0, 1]), 0, math.log(3)], rtol=1e-12)
    np.testing.assert_allclose(found.brier, [2, 0, 2 / 3], rtol=1e-12)
    np.testing.assert_allclose(found.confidence, [1, 1, 1 / 3], rtol=1e-12)
    assert found.correct.tolist() == [False, True, False]


def test_outcomes_are_per_image(digits: tuple[Tensor, Tensor]) -> None:
    logits, labels = digits
    whole, parts = outcomes(logits, labels), [outcomes(logits[i::3], labels[i::3]) for i in range(3)]
    for i, part in enumerate(parts):
        for all_images, some in zip(whole, part, strict=True):
            assert (all_images[i::3] == some).all()


@pytest.mark.parametrize("bins", [1, 2, 10, 15, 100])
def test_ece_is_its_definition(digits: tuple[Tensor, Tensor], bins: int) -> None:
    found = outcomes(*digits)
    expected = slow_ece(found.confidence, found.correct, bins)
    assert ece(found.confidence, found.correct, bins) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("bins", [2, 10, 15])
def test_bins_are_closed_on_the_right(bins: int) -> None:
    edges = np.linspace(0, 1, bins + 1)
    assert bin_index(edges[1:], bins).tolist() == list(range(bins))
    assert bin_index(np.nextafter(edges[:-1], 1), bins).tolist() == list(range(bins))
    assert bin_index([0.0], bins).tolist() == [0]


def test_ece_at_confidence_zero_and_one() -> None:
    assert ece([0.0, 0.0], [False, False]) == 0
    assert ece([0.0, 1.0], [True, False]) == 1
    assert ece([1.0, 1.0, 1.0, 1.0], [True, True, True, False]) == 0.25
    assert ece_equal_mass([0.0, 1.0], [True, False]) == 1


def test_equal_mass_bins_without_ties_are_quantiles() -> None:
    rng = np.random.default_rng(1)
    confidence, correct = rng.permutation(np.linspace(0.3, 1, 600)), rng.random(600) < 0.7
    order = np.argsort(confidence)
    parts = [(confidence[i], correct[i]) for i in np.split(order, 15)]
    expected = np.mean([abs(right.mean() - sure.mean()) for sure, right in parts])
    assert ece_equal_mass(confidence, correct) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("measure", [ece, ece_equal_mass])
def test_calibration_error_does_not_depend_on_order(measure: Callable[..., float]) -> None:
    rng = np.random.default_rng(2)
    confidence, correct = rng.choice([0.4, 0.9, 1.0], 500), rng.random(500) < 0.6  # ties across every edge
    for _ in range(5):
        order = rng.permutation(500)
        assert measure(confidence[order], correct[order]) == pytest.approx(measure(confidence, correct), rel=1e-9)


def test_batch_mean_of_100_is_biased_upwards_and_equals_the_loop() -> None:
    rng = np.random.default_rng(3)
    confidence = rng.uniform(0.3, 1, 10_050)
    correct = rng.random(10_050) < confidence  # calibrated
    batches = [slice(i, min(i + 100, 10_050)) for i in range(0, 10_050, 100)]
    slow = [slow_ece(confidence[b], correct[b], 15) for b in batches]
    expected = np.average(slow, weights=[b.stop - b.start for b in batches])
    assert ece_batch100(confidence, correct) == pytest.approx(expected, rel=1e-12)
    assert ece(confidence, correct) < 0.02 < 0.05 < ece_batch100(confidence, correct)


def test_reliability_bins_add_up_to_the_ece(digits: tuple[Tensor, Tensor]) -> None:
    found = outcomes(*digits)
    bins = reliability(found.confidence, found.correct)
    gaps = bins.images * np.abs(bins.accuracy - bins.confidence)
    assert bins.images.sum() == len(found.correct)
    assert np.isnan(bins.accuracy[bins.images == 0]).all()
    expected = ece(found.confidence, found.correct)
    assert np.nansum(gaps) / len(found.correct) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("errors, n", [(0, 1), (0, 10), (3, 10), (10, 10), (311, 10_000), (9_999, 10_000)])
@pytest.mark.parametrize("level", [0.9, 0.95, 0.99])
def test_wilson_ends_are_where_the_score_test_just_rejects(errors: int, n: int, level: float) -> None:
    low, high = wilson(errors, n, level)
    expected = scipy.stats.binomtest(errors, n).proportion_ci(level, method="wilson")
    np.testing.assert_allclose([low, high], [expected.low, expected.high], atol=1e-12)
    z = scipy.stats.norm.ppf((1 + level) / 2)
    for end in {low, high} - {0.0, 1.0}:
        assert abs(errors / n - end) / math.sqrt(end * (1 - end) / n) == pytest.approx(z, rel=1e-9)


def test_every_metric_of_a_cell_is_a_finite_number(digits: tuple[Tensor, Tensor]) -> None:
    values = measure(judged(*digits, np.full(len(digits[1]), 2.0)))
    assert len(values) == 11
    assert all(type(value) is float and math.isfinite(value) for value in values.values())
    assert values["error_low"] < values["error"] < values["error_high"]


@pytest.mark.parametrize(
    "call, message",
    [
        (
            lambda: outcomes(torch.zeros(2, 3), torch.zeros(3).long()),
            r"labels \(B,\), got \(2, 3\) and \(3,\)",
        ),
        (
            lambda: outcomes(torch.tensor([[0.0, math.nan]]), torch.tensor([0])),
            "infinite logits for 1 of 1 images",
        ),
        (
            lambda: outcomes(torch.tensor([[0.0, math.inf]]), torch.tensor([0])),
            "infinite logits for 1 of 1 images",
        ),
        (lambda: outcomes(torch.zeros(1, 3), torch.tensor([3])), r"labels must lie in 0\.\.2"),
        (lambda: outcomes(torch.zeros(1, 3), torch.tensor([-1])), r"labels must lie in 0\.\.2"),
        (lambda: ece([0.5, 1.5], [True, True]), r"confidence must lie in \[0, 1\]"),
        (lambda: ece([0.5, math.nan], [True, True]), r"confidence must lie in \[0, 1\]"),
        (lambda: ece([], []), "at least one image"),
        (lambda: ece_equal_mass([0.5], [True, False]), r"got shapes \(1,\) and \(2,\)"),
        (lambda: wilson(3, 2), "errors=3, n=2"),
        (lambda: wilson(0, 0), "n=0"),
    ],
)
def test_mistakes_get_one_clear_line(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message) as raised:
        call()
    assert "\n" not in str(raised.value)
