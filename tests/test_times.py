"""Laws of time sources; a new one is a row in the table."""

from collections.abc import Callable

import pytest
import torch
from scipy import stats

from robustmoll.times import Annealed, Beta, Fixed, Time, Uniform

# Source, and the distribution it draws from.
RANDOM = [
    (Beta(1, 2), stats.beta(1, 2)),
    (Beta(1, 9), stats.beta(1, 9)),
    (Beta(3, 1), stats.beta(3, 1)),
    (Beta(2, 5), stats.beta(2, 5)),
    (Beta(0.5, 0.5), stats.beta(0.5, 0.5)),
    (Uniform(), stats.uniform()),
]
SOURCES: list[Time] = [*(source for source, _ in RANDOM), Fixed(0.3), Annealed(10)]


@pytest.mark.parametrize("source", SOURCES, ids=repr)
def test_times_lie_in_the_unit_interval_and_follow_the_generator(source: Time) -> None:
    before = torch.get_rng_state()
    one, other = (source.sample(1000, torch.Generator().manual_seed(5), step=3) for _ in range(2))
    assert torch.equal(one, other) and one.shape == (1000,) and one.dtype == torch.float32
    assert ((one >= 0) & (one <= 1)).all()
    assert torch.equal(before, torch.get_rng_state()), "no global randomness"


@pytest.mark.parametrize(("source", "distribution"), RANDOM, ids=[repr(source) for source, _ in RANDOM])
def test_times_have_their_distribution(source: Time, distribution: stats.rv_continuous) -> None:
    draws = source.sample(20_000, torch.Generator().manual_seed(1)).double().numpy()
    assert stats.kstest(draws, distribution.cdf).pvalue > 1e-3
    assert stats.kstest(draws, stats.beta(1.2, 2.2).cdf).pvalue < 1e-3, "the test tells distributions apart"


def test_annealing_falls_to_zero_and_stays() -> None:
    times = [Annealed(5).at(step) for step in range(8)]
    assert times == pytest.approx([1, 0.8, 0.6, 0.4, 0.2, 0, 0, 0]) and times[5:] == [0, 0, 0]
    assert Annealed(4, shape=2).at(2) == 0.25
    assert Annealed(5).sample(3, step=2).tolist() == pytest.approx([0.6] * 3)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Beta(0, 1),
        lambda: Beta(1, float("nan")),
        lambda: Fixed(1.1),
        lambda: Fixed(float("nan")),
        lambda: Annealed(0),
        lambda: Annealed(3, shape=0),
    ],
)
def test_arguments_out_of_range_are_named(make: Callable[[], Time]) -> None:
    with pytest.raises(ValueError, match="needs"):
        make()


def test_a_negative_step_is_refused() -> None:
    with pytest.raises(ValueError, match="step"):
        Annealed(3).at(-1)
