"""Pictures of likelihood models."""

import math
import warnings

import pytest
import torch
from torch import Tensor

from robustmoll.evaluate.densities.plots import column_histograms

NORMAL = torch.randn(5000, 1, generator=torch.Generator().manual_seed(0))
SAMPLES = {
    "all in sight": (NORMAL[:1000], 1.0),
    "some far away": (torch.cat([NORMAL[:1000], torch.full((1000, 1), 1e30)]), 0.5),
    "some no number": (torch.cat([NORMAL[:1000], torch.full((1000, 1), math.nan)]), 0.5),
    "none in sight": (torch.full((10, 1), 1e30), 0.0),
    "none a number": (torch.full((10, 1), math.nan), 0.0),
}


@pytest.mark.parametrize("kind", SAMPLES)
def test_a_histogram_has_the_area_of_what_is_in_sight(kind: str) -> None:
    samples, share = SAMPLES[kind]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ax = column_histograms(samples, NORMAL, ["x"]).axes[0]
    assert area(ax.patches[-1].get_xy()) == pytest.approx(share, abs=0.02)


def area(outline: object) -> float:
    """Of a polygon, by the shoelace formula."""
    x, y = Tensor(outline).double().T
    return abs(float((x * y.roll(-1) - y * x.roll(-1)).sum())) / 2


def test_two_rows_of_data_are_drawn() -> None:
    ax = column_histograms(NORMAL, NORMAL[:2], ["x"]).axes[0]
    assert sum(bar.get_height() > 0 for bar in ax.patches[:30]) == 2
