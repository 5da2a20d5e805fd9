"""Learning rates as functions of the update."""

import pytest
import torch

from robustmoll.training import SchedulerArgs


@pytest.mark.parametrize("warmup", [0, 2])
def test_a_constant_rate_is_constant_behind_its_warmup(warmup: int) -> None:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.3)
    scheduler = SchedulerArgs("constant", warmup_epochs=warmup).build(optimizer, epochs=5, steps_per_epoch=4)
    rates = []
    for step in range(20):
        scheduler.step_update(step)
        rates.append(optimizer.param_groups[0]["lr"])
    assert rates[4 * warmup :] == [pytest.approx(0.3)] * (20 - 4 * warmup)
    assert sorted(rates) == pytest.approx(rates)
