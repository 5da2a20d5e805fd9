"""Noise against closed forms and scipy's distributions."""

import pytest
import torch
from scipy import stats
from torch import Tensor

from robustmoll.corruptions import corrupt
from robustmoll.corruptions.constants import constants
from robustmoll.corruptions.noise import poisson, shot_noise
from robustmoll.counter_rng import CounterRNG

N = 40


def flat(level: float) -> Tensor:
    """Float images of one grey value."""
    return torch.full((N, 3, 64, 64), float(level))


@pytest.mark.parametrize("severity", [1, 3, 5])
def test_gaussian_noise_has_its_sigma(severity: int) -> None:
    (sigma,) = constants("gaussian_noise", "cifar", severity)
    noise = corrupt(flat(0.5), "gaussian_noise", severity, "cifar") - 0.5
    assert stats.kstest(noise.flatten()[::7].numpy() / sigma, "norm").pvalue > 1e-3
    assert abs(noise.std() / sigma - 1) < 0.005


def test_noise_is_clipped() -> None:
    black, white = corrupt(flat(0), "gaussian_noise", 5), corrupt(flat(1), "gaussian_noise", 5)
    assert abs((black == 0).float().mean() - 0.5) < 0.01
    assert abs((white == 1).float().mean() - 0.5) < 0.01


def test_speckle_noise_scales_with_the_image() -> None:
    (sigma,) = constants("speckle_noise", "cifar", 2)
    assert torch.equal(corrupt(flat(0), "speckle_noise", 2), flat(0))
    for level in (0.2, 0.6):
        assert abs((corrupt(flat(level), "speckle_noise", 2, "cifar") - level).std() / (sigma * level) - 1) < 0.01


@pytest.mark.parametrize("preset, severity", [("cifar", 1), ("tiny", 5), ("imagenet", 5)])
def test_impulse_noise_hits_its_share_of_values(preset: str, severity: int) -> None:
    (amount,) = constants("impulse_noise", preset, severity)
    y = corrupt(flat(0.4), "impulse_noise", severity, preset)
    spread = 5 * (amount / y.numel()) ** 0.5
    assert abs((y == 1).float().mean() - amount / 2) < spread
    assert abs((y == 0).float().mean() - amount / 2) < spread
    untouched = (y - 0.4).abs() < 1e-6
    assert ((y == 0) | (y == 1) | untouched).all()
    hit = (~untouched).float()
    assert abs((hit[:, 0] * hit[:, 1]).mean() - amount**2) < 5 * amount / (N * 64 * 64) ** 0.5  # channels independent


@pytest.mark.parametrize("rate", [0.0, 0.05, 0.3, 1.0, 2.5, 4.0, 7.3, 12.0, 30.0, 100.0, 500.0])
def test_poisson_numbers_have_the_poisson_distribution(rate: float) -> None:
    ranks = torch.arange(65536, dtype=torch.int32)
    counts = poisson(torch.full((65536,), rate), ranks)
    frequency = torch.bincount(counts.long()).double() / 65536
    k = torch.arange(len(frequency) + 20)
    expected = torch.from_numpy(stats.poisson.pmf(k.numpy(), rate))
    frequency = torch.nn.functional.pad(frequency, (0, 20))
    # Half the sum of differences is the share of values that got another count than they should.
    assert (frequency - expected).abs().sum() / 2 < 2e-3
    assert abs(counts.mean() - rate) < 2e-3
    assert (counts.diff() >= 0).all()


@pytest.mark.parametrize("photons", [3, 60, 500])
def test_shot_noise_comes_in_whole_photons(photons: int, images: Tensor) -> None:
    rng = CounterRNG("0/shot_noise/1.0", range(6), torch.device("cpu"))
    counts = shot_noise(images.float(), rng, photons) * photons / 255
    torch.testing.assert_close(counts, counts.round(), atol=1e-3, rtol=0)
