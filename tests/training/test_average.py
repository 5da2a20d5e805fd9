"""Laws of averages of weights."""

import pytest
import torch
from torch import Tensor, nn

from robustmoll.training.average import weight_average


def averages(ema: float | None, swa: float | None, steps: int = 10) -> list[Tensor]:
    """The average after every step of a training in which the weight is the number of the step."""
    model = nn.BatchNorm1d(1)
    average = weight_average(model, ema, swa, steps)
    assert average is not None
    found = []
    for step in range(1, steps + 1):
        nn.init.constant_(model.weight, step)
        model.running_mean = torch.tensor([-float(step)])
        average.update(model, step)
        found.append(torch.cat([average.module.weight.detach(), average.module.running_mean]))
    return found


@pytest.mark.parametrize(("swa", "first"), [(1.0, 1), (0.4, 7), (0.1, 10)])
def test_swa_follows_and_then_averages_the_last_steps_alike(swa: float, first: int) -> None:
    for step, (weight, mean) in enumerate(averages(None, swa), start=1):
        expected = step if step <= first else (first + step) / 2
        assert float(weight) == pytest.approx(expected) and float(mean) == pytest.approx(-expected)


def test_ema_lags_behind_and_none_is_none() -> None:
    assert all(1 <= float(weight) <= step for step, (weight, _) in enumerate(averages(0.9, None), start=1))
    assert weight_average(nn.Linear(1, 1), None, None, 10) is None
