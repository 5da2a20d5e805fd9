"""Pictures of a training show the numbers they are made of."""

import numpy as np
import pytest
from sheets import ROWS, T, samples, schedules

from robustmoll.evaluate.plots import (
    training_curves,
)


@pytest.mark.parametrize("channels", [1, 3])
def test_sample_sheet_shows_the_images(channels: int) -> None:
    drawn, images = samples(channels)
    shown = [ax.images[0].get_array() for ax in drawn.axes if ax.images]
    assert len(shown) == 7
    for pixels, image in zip(shown, images, strict=True):
        expected = image.clamp(0, 1).expand(3, -1, -1).permute(1, 2, 0)
        np.testing.assert_array_equal(pixels, expected)


def test_schedule_sheet_draws_the_arrays() -> None:
    drawn = schedules()
    curves = {
        (ax.get_title(loc="left"), line.get_label() if len(ax.lines) > 1 else ""): line.get_ydata()
        for ax in drawn.axes
        for line in ax.lines
    }
    np.testing.assert_array_equal(curves["noise", "alpha"], np.cos(np.pi * T / 2))
    np.testing.assert_array_equal(curves["blur sigma in px", ""], 0.3 * (32 / 0.3) ** T)
    np.testing.assert_array_equal(curves["gamma (label)", "blur"], T)
    np.testing.assert_array_equal(curves["density of t", ""], 2 * (1 - T))
    assert len(curves) == 7


def test_training_curves_draw_the_rows() -> None:
    losses, errors, rates = training_curves(ROWS).axes
    epochs = np.arange(1, 31)
    np.testing.assert_allclose(losses.lines[0].get_xydata(), np.column_stack([epochs, 2 / epochs]))
    np.testing.assert_allclose(losses.lines[1].get_ydata(), 1 / epochs)
    np.testing.assert_allclose(errors.lines[0].get_ydata(), 50 / epochs)
    np.testing.assert_allclose(rates.lines[0].get_ydata(), 0.1 / epochs)
