"""Addressed draws: functions of their address, and random in the ways that matter."""

import pytest
import torch
from scipy import stats
from torch import Tensor

from robustmoll.counter_rng import CounterRNG

CPU = torch.device("cpu")
PINNED_RANKS = [[13395, 8475, 25542], [39905, 35404, 28601]]
PINNED_SCALARS = [[0.14989226445799875, 0.9668149967453642], [0.33134568376864815, 0.357628748124607]]


def numbers(
    seed: int = 0, image: int = 0, name: str = "fog", severity: float = 3, calls: int = 0, n: int = 4096
) -> Tensor:
    """The standard normal numbers at one address."""
    rng = CounterRNG(f"{seed}/{name}/{float(severity)!r}", [image], CPU)
    for _ in range(calls):
        rng.uniform(3)
    return rng.normal(n)[0].double()


ADDRESSES: list[dict] = [
    dict(),
    dict(seed=1),
    dict(seed=-1),
    dict(seed=2**70),
    dict(image=1),
    dict(image=-1),
    dict(image=2**62),
    dict(name="frost"),
    dict(severity=4),
    dict(severity=3.000001),
    dict(calls=1),
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_same_address_same_numbers(address: dict) -> None:
    assert torch.equal(numbers(**address), numbers(**address))


@pytest.mark.parametrize("i", range(len(ADDRESSES)))
def test_other_address_independent_numbers(i: int) -> None:
    for other in ADDRESSES[:i]:
        correlation = (numbers(**ADDRESSES[i]) * numbers(**other)).mean()
        assert correlation.abs() < 5 / 4096**0.5


def test_the_numbers_are_pinned() -> None:
    # A change of these breaks every published result: it needs a new major version.
    rng = CounterRNG("0/gaussian_noise/3.0", [0, 12345], CPU)
    assert rng.ranks(3).tolist() == PINNED_RANKS
    assert rng.scalars(2).tolist() == PINNED_SCALARS


def test_whole_severities_are_the_same_as_int_and_float() -> None:
    assert torch.equal(numbers(severity=3), numbers(severity=3.0))


@pytest.mark.parametrize("shape", [(1,), (5,), (3, 17, 31), (1, 1, 1)])
def test_shapes(shape: tuple[int, ...]) -> None:
    rng = CounterRNG("0/fog/1.0", range(4), CPU)
    for drawn in (
        rng.uniform(*shape),
        rng.normal(*shape),
        rng.ranks(*shape),
        rng.integers(7, *shape),
    ):
        assert drawn.shape == (4, *shape)
    assert rng.scalars(3).shape == (4, 3) and rng.scalars(3).dtype == torch.float64


def test_distributions() -> None:
    rng = CounterRNG("3/snow/2.0", range(50), CPU)
    assert stats.kstest(rng.uniform(2000).flatten().numpy(), "uniform").pvalue > 1e-3
    assert stats.kstest(rng.normal(2000).flatten().numpy(), "norm").pvalue > 1e-3
    assert stats.kstest(rng.scalars(2000).flatten().numpy(), "uniform").pvalue > 1e-3
    for n in (2, 3, 6, 8, 1000):
        counts = torch.bincount(rng.integers(n, 2000).flatten(), minlength=n)
        assert len(counts) == n and stats.chisquare(counts.numpy()).pvalue > 1e-3


def test_normal_numbers_have_their_moments_to_the_tail() -> None:
    z = CounterRNG("0/fog/1.0", range(200), CPU).normal(20_000).double()
    n = z.numel()
    assert z.mean().abs() < 4 / n**0.5
    assert (z.square().mean() - 1).abs() < 4 * (2 / n) ** 0.5
    assert (z.pow(4).mean() - 3).abs() < 4 * (96 / n) ** 0.5
    assert 4.2 < z.max() < 4.5


def test_pixels_and_images_are_independent() -> None:
    n = 4096
    z = CounterRNG("0/fog/1.0", range(400), CPU).normal(n).double()
    neighbours = [(z[:, lag:] * z[:, :-lag]).mean() * (z.numel() ** 0.5) for lag in (1, 2, 3, 32, 64, 1024)]
    assert max(map(abs, neighbours)) < 4.5
    images = z @ z.T / n**0.5  # standard normal off the diagonal
    images = images[~torch.eye(400, dtype=torch.bool)]
    assert images.abs().max() < 5.5 and abs(images.std() - 1) < 0.02
    pairs = CounterRNG("1/fog/1.0", range(400), CPU).ranks(n) >> 12
    table = torch.bincount((pairs[:, ::2] * 16 + pairs[:, 1::2]).flatten(), minlength=256)
    assert stats.chisquare(table.numpy()).pvalue > 1e-3
