"""Learning rates as functions of the update, and optimizers that are refused."""

import pytest
import torch

from robustmoll.training import OptimizerArgs, SchedulerArgs


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


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ({"lr": 0.0}, "lr > 0.* got .*lr=0.0"),
        ({"lr": -1.0}, "lr > 0"),
        ({"lr": float("nan")}, "lr > 0"),
        ({"lr": float("inf")}, "finite lr > 0"),
        ({"weight_decay": -1.0}, "weight_decay >= 0.* weight_decay=-1.0"),
        ({"momentum": 2.0}, r"momentum in \[0, 1\), got .* momentum=2.0"),
        ({"momentum": -0.1}, r"momentum in \[0, 1\)"),
    ],
)
def test_numbers_out_of_range_are_refused(numbers: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        OptimizerArgs(**numbers)


@pytest.mark.skipif(torch.cuda.is_available(), reason="may have what these optimizers need")
@pytest.mark.parametrize("name", ["bnbsgd", "bnbadam", "fusedadam"])
def test_an_optimizer_of_a_library_that_is_not_there_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"optimizer '{name}' cannot be had on this machine: .*; choose another"):
        OptimizerArgs(name).build(torch.nn.Linear(1, 1))
