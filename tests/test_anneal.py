"""Laws of `Anneal`."""

from typing import Any

import pytest
import torch
from torch import Tensor

from robustmoll import Anneal
from robustmoll.degradations import HeatBlur, Noise
from robustmoll.schedules import (
    VE,
    VP,
    ConstantNoise,
    CosineNoise,
    LinearNoise,
    LogBlur,
    NoiseSchedule,
    SigmoidNoise,
    SubVP,
)


def images(n: int = 6) -> Tensor:
    return torch.randn(n, 3, 8, 12, generator=seeded(7))


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("degradation", ["noise", "blur"])
def test_annealing_ends_in_the_data(degradation: str) -> None:
    x, anneal = images(), Anneal(10, degradation=degradation)
    distances = [float((anneal(x, step, seeded()) - x).abs().mean()) for step in (0, 5, 9)]
    assert distances[0] > distances[1] > distances[2] > 0
    assert anneal(x, 10) is x and anneal(x, 1000) is x


def test_annealing_is_one_line_of_its_paper_on_table_rows() -> None:
    x = torch.randn(50, 4, generator=seeded(), dtype=torch.float64)
    noise = torch.randn(x.shape, generator=seeded(2), dtype=torch.float64)
    g = Anneal(100).degradation.schedule.sigma(torch.tensor([0.7], dtype=torch.float64)) ** 2
    expected = (1 - g).sqrt() * x + g.sqrt() * noise
    torch.testing.assert_close(Anneal(100)(x, 30, seeded(2)), expected, atol=1e-6, rtol=1e-6)
    pure = Anneal(100)(x, 0, seeded(2))
    torch.testing.assert_close(pure, noise)


def test_annealing_takes_other_schedules_and_degradations() -> None:
    x = images()
    for anneal in (Anneal(4, CosineNoise()), Anneal(4, LogBlur(0.5), "blur"), Anneal(4, degradation=HeatBlur())):
        assert not torch.equal(anneal(x, 1), x) and anneal(x, 4) is x
    assert torch.equal(Anneal(4, shape=2)(x, 2, seeded()), Anneal(4)(x, 3, seeded()))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"steps": 0}, "steps >= 1"),
        ({"steps": -3}, "steps >= 1"),
        ({"steps": float("inf")}, "finite steps"),
        ({"schedule": LinearNoise}, r"got the class; say LinearNoise\(\)"),
        ({"fraction": -0.1}, r"fraction in \[0, 1\]"),
        ({"fraction": 1.5}, r"fraction in \[0, 1\]"),
        ({"spread": -0.1}, r"spread in \[0, 1\]"),
        ({"shape": 0.0}, "shape > 0"),
        ({"degradation": "nois"}, "unknown degradation 'nois'; did you mean 'noise'"),
        ({"schedule": LogBlur()}, "LogBlur is no schedule for noise"),
        ({"schedule": LinearNoise(), "degradation": "blur"}, "LinearNoise is no schedule for blur"),
        ({"schedule": LinearNoise(), "degradation": Noise()}, "not both"),
    ],
)
def test_annealing_s_mistakes_are_named(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Anneal(**{"steps": 10} | arguments)


@pytest.mark.parametrize("step", [None, float("nan")])
def test_what_is_no_step_is_refused(step: float | None) -> None:
    with pytest.raises(ValueError, match=f"step counts from 0, got {step}"):
        Anneal(10)(torch.zeros(2, 3), step)  # type: ignore[arg-type]


def test_annealing_compiles_for_batches_of_any_size() -> None:
    compiled = torch.compile(Anneal(10), backend="eager")
    for step, n in enumerate((16, 7, 5)):
        assert compiled(torch.randn(n, 4), step).shape == (n, 4)


def test_blur_of_a_table_and_a_negative_step_are_refused() -> None:
    with pytest.raises(ValueError, match="for a table use noise"):
        Anneal(10, degradation="blur")(torch.randn(5, 3), 0)
    with pytest.raises(ValueError, match="step counts from 0, got -1"):
        Anneal(10)(torch.randn(5, 3), -1)
    with pytest.raises(ValueError, match=r"give it the number: Anneal\(steps=...\)"):
        Anneal()(torch.randn(5, 3), 0)


SCHEDULES: list[NoiseSchedule] = [
    SigmoidNoise(0, 3, 0.7),
    CosineNoise(),
    LinearNoise(),
    ConstantNoise(0.3),
    VP(),
    SubVP(),
    VE(),
]


@pytest.mark.parametrize("schedule", SCHEDULES, ids=repr)
def test_every_noise_schedule_is_read_from_one_to_zero(schedule: NoiseSchedule) -> None:
    x = torch.full((20_000, 1), 2.0)
    anneal = Anneal(8, schedule)
    for step in range(8):
        alpha, sigma = schedule(torch.tensor([1 - step / 8]))
        found = anneal(x, step, seeded(step))
        torch.testing.assert_close(found.mean(), 2 * alpha[0], atol=4 * float(sigma) / 20_000**0.5, rtol=0)
        torch.testing.assert_close(found.std(), sigma[0], atol=0, rtol=0.03)
    assert anneal(x, 8) is x


@pytest.mark.parametrize("fraction", [0.1, 0.5, 0.75, 1.0])
def test_a_fraction_is_an_annealing_of_fewer_steps(fraction: float) -> None:
    x, whole, short = images(), Anneal(20, fraction=fraction), Anneal(round(20 * fraction))
    for step in range(21):
        assert torch.equal(whole(x, step, seeded(step)), short(x, step, seeded(step)))


def test_a_fraction_of_nothing_changes_nothing() -> None:
    x = images()
    assert Anneal(10, fraction=0)(x, 0) is x and Anneal(fraction=0).for_length(2, 5)(x, 0) is x


def test_times_of_samples_spread_around_the_step_s_and_end_with_it() -> None:
    time = Anneal(10, spread=0.15).time
    for step, (low, high) in {0: (0.85, 1.0), 5: (0.35, 0.65), 9: (0.0, 0.25)}.items():
        t = time.sample(5000, seeded(), step)
        assert low <= t.min() < low + 0.01 and high - 0.01 < t.max() <= high
        assert t.mean().item() == pytest.approx((low + high) / 2, abs=0.01)
    assert time.sample(3, seeded(), 10).tolist() == [0, 0, 0]
    rows = Anneal(10, ConstantNoise(0.5), spread=0.15)(torch.zeros(4, 1), 5, seeded())
    assert rows.unique().numel() == 4


def test_a_training_tells_its_length() -> None:
    x = images()
    bound = Anneal(fraction=0.5, spread=0.1).for_length(epochs=4, steps_per_epoch=10)
    for step in (0, 7, 19, 20):
        assert torch.equal(bound(x, step, seeded()), Anneal(20, spread=0.1)(x, step, seeded()))
    assert Anneal(30).for_length(4, 10).time.steps == 30
    for anneal in (Anneal(fraction=0.2), Anneal(9), Anneal(41)):
        with pytest.raises(ValueError, match=r"at least an epoch \(10 steps\) and at most the training \(40\)"):
            anneal.for_length(4, 10)


def test_there_is_no_state_to_save() -> None:
    assert not Anneal(10).state_dict() and "steps=10" in repr(Anneal(10))
