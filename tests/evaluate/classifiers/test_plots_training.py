"""Pictures of a training show the numbers they are made of."""

import base64
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from robustmoll import Mollify
from robustmoll.evaluate.classifiers import pictures
from robustmoll.evaluate.classifiers.pictures import run_pictures
from robustmoll.evaluate.classifiers.plots import sample_sheet, training_curves
from robustmoll.evaluate.style import data_uri
from robustmoll.tasks import Classifier, Classify, ModelArgs
from robustmoll.times import Annealed, Beta, Time
from tests.evaluate.sheets import ROWS, T, samples, schedules
from tests.tiny_data import FewDigits

Floats = NDArray[np.float64]


@pytest.mark.parametrize("channels", [1, 3])
def test_sample_sheet_shows_the_images(channels: int) -> None:
    drawn, images = samples(channels)
    shown = [ax.images[0].get_array() for ax in drawn.axes if ax.images]
    assert len(shown) == 7
    for pixels, image in zip(shown, images, strict=True):
        expected = image.clamp(0, 1).expand(3, -1, -1).permute(1, 2, 0)
        np.testing.assert_array_equal(pixels, expected)


@pytest.mark.parametrize("name", [r"$\x{$", "$a$ and $b$", "$", r"\$", "\udcff", "#%_^~{}"])
def test_any_name_is_drawn_as_it_is(name: str) -> None:
    """A class is called as its folder is, which may be anything."""
    uri = data_uri(sample_sheet(torch.rand(1, 1, 8, 8), [f"{name} 0.25"]))
    shown = f"<!-- {name} 0.25 -->".encode(errors="backslashreplace")
    assert shown in base64.b64decode(uri.partition(",")[2]), "where Matplotlib names in a comment what it draws"


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


@pytest.mark.parametrize(
    ("time", "density"),
    [
        (Beta(1, 2), lambda t: 2 * (1 - t)),
        (Annealed(steps=1000), lambda t: 1 + 0 * t),
        (Annealed(steps=2000), lambda t: 2.0 * (t > 0.5)),  # halfway when the training ended
        (Annealed(steps=500), lambda t: 0.5 + 25 * (t < 0.02)),  # t = 0 for its second half, all in one bin of 0.02
    ],
    ids=["beta", "all the way down", "half of it", "soon down"],
)
def test_density_of_t_is_that_of_the_whole_training(
    tmp_path: Path, time: Time, density: Callable[[Floats], Floats]
) -> None:
    (tmp_path / "metrics.csv").write_text("epoch,step,lr,loss,test_error,test_nll\n1,1000,0.1,2,0.5,1\n")
    task = Classify(ModelArgs(), Mollify(10, time=time))
    train = FewDigits().load()[0]
    sheet = run_pictures(tmp_path, {}, task, task.build(train), train)["schedule"]
    t, drawn = next(ax for ax in sheet.axes if ax.get_title(loc="left") == "density of t").lines[0].get_xydata().T
    smooth = (t < 0.01) | (abs(t - 0.25) < 0.2) | (abs(t - 0.75) < 0.2)  # lines lead from bin to bin
    np.testing.assert_allclose(drawn[smooth], density(t)[smooth], atol=0.11)


def test_samples_are_noisy_in_the_units_of_the_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Noise is of a variance in standardised units: on the scale of pixels it grows with the network's deviation."""
    drawn = []
    monkeypatch.setattr(pictures, "sample_sheet", lambda images, captions: drawn.append(images))
    train, task = FewDigits().load()[0], Classify(ModelArgs(), Mollify(10, probabilities={"noise": 1}))
    for std in (0.2, 0.3, 0.4):
        run_pictures(tmp_path, {}, task, Classifier(nn.Identity(), [0.5], [std], 10), train)
    first, second, third = drawn
    assert (second - first).std() > 0.01
    torch.testing.assert_close(third - second, second - first, atol=1e-6, rtol=1e-4)
