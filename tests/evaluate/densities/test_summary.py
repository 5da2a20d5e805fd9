"""Figures of likelihood models as text and as JSON, and a sentence on those that there are not."""

import json
import math
from dataclasses import asdict

import pytest
import torch
from torch import Tensor

from robustmoll.data.tables import Columns, TableSet
from robustmoll.evaluate.densities.figures import example_figures
from robustmoll.evaluate.densities.summary import DensitySummary, summarise_density
from robustmoll.evaluate.densities.text import density_lines, density_rows, density_text
from robustmoll.storage.files import json_bytes
from robustmoll.tasks import Likelihood
from tests.tiny_densities import UniformCube

FREE = torch.randn(50, 3, generator=torch.Generator().manual_seed(0))


def table(rows: Tensor, split: str = "train") -> TableSet:
    columns = rows.shape[1]
    domain = Columns(tuple("abcdefgh"[:columns]), columns * (0.0,), columns * (1.0,), columns * (0.0,))
    return TableSet("rows", split, rows, domain)


def measured(train: Tensor, test: Tensor) -> DensitySummary:
    """The summary of a density that is even on [-1, 1]^D and nothing outside."""
    parts = table(train), table(test, "test")
    models = {"last step": (7, Likelihood(UniformCube(train.shape[1:]), parts[0].domain).eval())}
    figures = example_figures(models, *parts, samples=1)
    return summarise_density("run", "cube", models, figures, [], *parts, samples=1)


def through_json(summary: DensitySummary) -> DensitySummary:
    """What is read of a summary that was written."""
    return DensitySummary.of(json.loads(json_bytes(asdict(summary)), parse_constant=_no_json))


def _no_json(constant: str) -> None:
    raise AssertionError(f"{constant} is no JSON")


def test_a_model_and_the_gaussian_have_a_line_each() -> None:
    summary = measured(FREE, FREE[:9].clamp(-1, 1))
    assert summary.remarks == []
    _, (ours, gaussian) = density_rows(summary)
    assert ours == ["last step", f"{-3 * math.log(2):.3f}", "0.000", "7"]
    assert gaussian[0] == "full-covariance Gaussian" and float(gaussian[1]) < 0 and gaussian[3] == ""


@pytest.mark.parametrize("rows", [FREE[:3], FREE[:, [0, 1, 2, 0]]], ids=["too few", "a column twice"])
def test_a_gaussian_that_is_not_there_is_told(rows: Tensor) -> None:
    summary = measured(rows, rows[:2])
    told = f"covariance of {rows.shape[1]} columns in {len(rows)} training rows is singular"
    assert len(density_rows(summary)[1]) == 1
    for text in (density_lines(summary), density_text(summary)):
        assert "No full-covariance Gaussian" in text and told in text


def test_likelihoods_of_zero_are_counted_and_named_and_the_file_stays_json() -> None:
    test = torch.zeros(9, 3)
    test[[1, 4], 0] = 2
    summary = measured(FREE, test)
    assert through_json(summary) == summary
    assert (summary.chosen.value, summary.chosen.standard_error) == (None, None)
    told = (
        "last step: no mean, as the log-likelihood of 2 of the 9 test rows is not finite: number 2, 5, counted from 1."
    )
    assert summary.remarks == [told]
    assert "last step - ± -" in density_lines(summary) and told in density_text(summary)
    (told,) = measured(FREE, test + 2).remarks
    assert "of 9 of the 9 test rows is not finite: number 1, 2, 3, 4, 5, ..., counted" in told


def test_one_test_row_has_no_standard_error() -> None:
    line = through_json(measured(FREE, torch.zeros(1, 3))).chosen
    assert line.standard_error is None and line.value == pytest.approx(-3 * math.log(2))
