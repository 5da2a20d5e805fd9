"""Temperature scaling: the optimum, and no image judged by a temperature that saw it."""

import math

import numpy as np
import pytest
import scipy.optimize
import sklearn.datasets
import sklearn.linear_model
import sklearn.metrics
import torch
from torch import Tensor

from robustmoll.evaluate.metrics import judged, measure
from robustmoll.evaluate.temperature import cross_fit, fit_temperature, half_of, held_out_fit


@pytest.fixture(scope="module")
def digits() -> tuple[Tensor, Tensor]:
    """Overconfident logits and the labels of 897 real handwritten digits, of a classifier fitted on other ones."""
    images, labels = sklearn.datasets.load_digits(return_X_y=True)
    images = images + np.random.default_rng(0).normal(scale=4, size=images.shape)  # hard enough to make mistakes
    model = sklearn.linear_model.LogisticRegression(max_iter=300, C=10).fit(images[:900], labels[:900])
    return torch.from_numpy(model.decision_function(images[900:])), torch.from_numpy(labels[900:])


def test_temperature_is_where_scipy_finds_it(digits: tuple[Tensor, Tensor]) -> None:
    logits, labels = digits
    temperature = fit_temperature(logits.float(), labels)
    best = scipy.optimize.minimize_scalar(
        lambda log_t: sklearn.metrics.log_loss(labels, (logits / math.exp(log_t)).softmax(1)),
        bounds=(-2, 5),
        method="bounded",
        options={"xatol": 1e-9},
    )
    assert temperature == pytest.approx(math.exp(best.x), rel=1e-5)
    assert fit_temperature(logits / temperature, labels) == pytest.approx(1, rel=1e-5)


def test_halves_are_fixed_random_and_of_one_size() -> None:
    for n in (2, 101, 1000):
        second = half_of(n)
        assert second.sum() == n // 2 and (half_of(n) == second).all()
    pairs = half_of(1000).reshape(-1, 2).sum(1)
    assert set(pairs) == {0, 1, 2}  # neither the first half nor every other image


def test_no_image_is_judged_by_a_temperature_that_saw_it(digits: tuple[Tensor, Tensor]) -> None:
    logits, labels = digits
    fitted = cross_fit(logits, labels)
    second = torch.from_numpy(half_of(len(labels)))
    assert fitted.a == fit_temperature(logits[second], labels[second])
    assert fitted.b == fit_temperature(logits[~second], labels[~second]) != fitted.a
    temperature = fitted.of_images(len(labels))
    assert temperature is not None
    assert (temperature[second.numpy()] == fitted.b).all() and (temperature[~second.numpy()] == fitted.a).all()
    # What an image is divided by does not change with its own label.
    changed = labels.clone()
    some = second.nonzero()[:30]
    changed[some] = 9 - changed[some]
    refitted = cross_fit(logits, changed)
    assert refitted.b == fitted.b and refitted.a != fitted.a


def test_scaling_mends_confidence_and_changes_no_prediction(digits: tuple[Tensor, Tensor]) -> None:
    logits, labels = digits
    found = judged(logits, labels, cross_fit(logits, labels).of_images(len(labels)))
    assert found.scaled is not None and (found.scaled.correct == found.raw.correct).all()
    values = measure(found)
    assert values["nll_ts"] < values["nll"] and values["ece_ts"] < values["ece"] / 2  # type: ignore[operator]
    one = judged(logits, labels, np.ones(len(labels)))
    for raw, scaled in zip(one.raw, one.scaled or (), strict=True):
        np.testing.assert_array_equal(raw, scaled)


def test_held_out_images_fit_one_temperature(digits: tuple[Tensor, Tensor]) -> None:
    fitted = held_out_fit(*digits)
    assert fitted.a == fitted.b == fit_temperature(*digits)
    assert fitted.fitted_on == "held-out clean images"


def test_without_mistakes_there_is_no_temperature_and_it_is_said_why() -> None:
    logits, labels = 9 * torch.eye(10), torch.arange(10)
    with pytest.raises(ValueError, match="10 of 10 held-out images are right") as raised:
        fit_temperature(logits, labels)
    assert "\n" not in str(raised.value)
    fitted = cross_fit(logits, labels)
    assert (fitted.a, fitted.b) == (None, None) and "5 of 5 held-out" in str(fitted.problem)
    assert fitted.of_images(10) is None
    assert cross_fit(logits[:1], labels[:1]).problem  # a half without images
