"""Laws of schedules; a new one is a row in a table here."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from robustmoll.schedules import (
    VE,
    VP,
    ConstantNoise,
    CosineNoise,
    FittedLabel,
    LabelSchedule,
    LinearNoise,
    LogBlur,
    NoiseSchedule,
    PowerLabel,
    SigmoidNoise,
    SnrLabel,
    SubVP,
)

# Schedule, (alpha, sigma) at t = 0, (alpha, sigma) at t = 1, each computed by hand; whether alpha^2 + sigma^2 = 1.
M1 = math.exp(-(20 - 0.1) / 4 - 0.1 / 2)
NOISE: list[tuple[NoiseSchedule, tuple[float, float], tuple[float, float], bool]] = [
    (CosineNoise(), (1, 0), (0, 1), True),
    (LinearNoise(), (1, 0), (0, 1), True),
    (SigmoidNoise(), (math.sqrt(1 - 1e-9), math.sqrt(1e-9)), (0, 1), True),
    (SigmoidNoise(-3, 3, 1.1, clip=0), (1, 0), (0, 1), True),
    (VP(), (1, 0), (M1, math.sqrt(1 - M1**2)), True),
    (SubVP(), (1, 0), (M1, 1 - M1**2), False),
    (VE(), (1, 0.01), (1, 50), False),
]
LABELS: list[LabelSchedule] = [
    PowerLabel(),
    PowerLabel(0.5),
    PowerLabel(2),
    SnrLabel(),
    SnrLabel(2),
    FittedLabel(t=[0.2, 0.7, 1.0], gamma=[0.05, 0.3, 1.0]),
]
names = [repr(row[0]) for row in NOISE]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(("schedule", "start", "end", "_"), NOISE, ids=names)
def test_the_ends_are_exact(
    schedule: NoiseSchedule, start: tuple[float, float], end: tuple[float, float], _: bool, dtype: torch.dtype
) -> None:
    for t, expected in ((0.0, start), (1.0, end)):
        found = [float(value) for value in schedule(torch.tensor([t] * 9, dtype=dtype))[0][:1]] + [
            float(schedule.sigma(torch.tensor([t], dtype=dtype)))
        ]
        for value, wanted in zip(found, expected, strict=True):
            if wanted in (0, 1, 0.01, 50):
                assert value == torch.tensor(wanted, dtype=dtype).item()
            else:
                assert value == pytest.approx(wanted, rel=1e-6 if dtype is torch.float32 else 1e-12)


@pytest.mark.parametrize(("schedule", "_start", "_end", "kept"), NOISE, ids=names)
def test_signal_falls_noise_grows_and_variance_is_kept(
    schedule: NoiseSchedule, _start: object, _end: object, kept: bool
) -> None:
    t = torch.linspace(0, 1, 101, dtype=torch.float64)
    alpha, sigma = schedule(t)
    snr = schedule.snr(t)
    assert (alpha.diff() <= 0).all() and (sigma.diff() >= 0).all() and (snr[1:].diff() < 0).all()
    torch.testing.assert_close(snr[1:], (alpha / sigma)[1:] ** 2)
    torch.testing.assert_close(schedule.noise_share(t), 1 / (1 + snr))
    if kept:
        torch.testing.assert_close(alpha**2 + sigma**2, torch.ones_like(t))


@pytest.mark.parametrize(("schedule", "_start", "_end", "_kept"), NOISE, ids=names)
def test_shape_and_dtype_are_those_of_t_and_the_slope_is_right(
    schedule: NoiseSchedule, _start: object, _end: object, _kept: object
) -> None:
    t = torch.linspace(0.05, 0.95, 6, dtype=torch.float64).view(2, 3).requires_grad_()
    assert torch.autograd.gradcheck(schedule, t)
    for dtype in (torch.bfloat16, torch.float16, torch.float32):
        assert all(v.shape == (2, 3) and v.dtype == dtype for v in schedule(t.detach().to(dtype)))


@pytest.mark.parametrize(("schedule", "_start", "_end", "_kept"), NOISE, ids=names)
def test_single_precision_loses_no_digits_near_the_ends(
    schedule: NoiseSchedule, _start: object, _end: object, _kept: object
) -> None:
    small = torch.logspace(-6, -0.3, 50)
    for t in (small, 1 - small):
        for found, exact in zip(schedule(t), schedule(t.double()), strict=True):
            torch.testing.assert_close(found.double(), exact, rtol=3e-6, atol=0)


def test_constant_noise_has_one_strength_and_keeps_the_variance() -> None:
    alpha, sigma = ConstantNoise(0.2)(torch.linspace(0, 1, 5, dtype=torch.float64))
    torch.testing.assert_close(sigma**2, torch.full((5,), 0.2, dtype=torch.float64))
    torch.testing.assert_close(alpha**2, torch.full((5,), 0.8, dtype=torch.float64))
    for g in (0.0, 1.0, math.nan):
        with pytest.raises(ValueError, match=r"ConstantNoise needs g in \(0, 1\)"):
            ConstantNoise(g)


def test_vp_and_subvp_against_published_values() -> None:
    t = torch.tensor([0.1, 0.25, 0.5, 0.75, 1.0], dtype=torch.float64)
    expected = torch.tensor([0.9467, 0.7237, 0.2812, 0.0587, 0.0066], dtype=torch.float64)
    for schedule, sigma in ((VP(), [0.322, 0.690, 0.960, 0.998, 1.0]), (SubVP(), [0.104, 0.476, 0.921, 0.997, 1.0])):
        torch.testing.assert_close(schedule.alpha(t), expected, atol=6e-5, rtol=0)
        torch.testing.assert_close(schedule.sigma(t), torch.tensor(sigma, dtype=torch.float64), atol=6e-4, rtol=0)


def test_sigmoid_against_published_values() -> None:
    progress = [0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]
    g = [1, 0.890, 0.783, 0.585, 0.417, 0.286, 0.188, 0.118, 0.070, 0.037, 0.015]
    t = 1 - torch.tensor(progress, dtype=torch.float64)
    torch.testing.assert_close(SigmoidNoise().sigma(t) ** 2, torch.tensor(g, dtype=torch.float64), atol=6e-4, rtol=0)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("width", [32, 64, 224])
def test_blur_runs_from_its_least_to_the_width_on_a_log_scale(width: int, dtype: torch.dtype) -> None:
    t = torch.tensor([0, 0.5, 1], dtype=dtype)
    sigma = LogBlur().sigma(t, width)
    assert sigma[0] == torch.tensor(0.3, dtype=dtype) and sigma[2] == width
    assert float(sigma[1]) == pytest.approx(math.sqrt(0.3 * width))
    assert LogBlur(sigma_max=5).sigma(t, width)[2] == LogBlur(sigma_max=5).largest(width) == 5
    assert LogBlur().largest(width) == width
    inner = torch.tensor([0.1, 0.9], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda s: LogBlur().sigma(s, width), inner)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("label", LABELS, ids=repr)
def test_labels_lose_nothing_at_the_start_and_all_at_the_end(label: LabelSchedule, dtype: torch.dtype) -> None:
    gamma = label(torch.linspace(0, 1, 101, dtype=dtype), CosineNoise())
    assert gamma[0] == 0 and gamma[-1] == 1 and (gamma.diff() >= 0).all() and gamma.dtype == dtype


@pytest.mark.parametrize("k", [0.5, 1.0, 2.0])
def test_snr_label_is_its_formula_and_the_sine_of_the_paper(k: float) -> None:
    t = torch.linspace(0.01, 1, 50, dtype=torch.float64)
    for schedule in (CosineNoise(), VP(), SubVP(), VE(), LinearNoise()):
        torch.testing.assert_close(SnrLabel(k)(t, schedule), (1 + schedule.snr(t)) ** -k)
    torch.testing.assert_close(SnrLabel(k)(t, CosineNoise()), torch.sin(math.pi / 2 * t) ** (2 * k))
    torch.testing.assert_close(PowerLabel(k)(t), t**k)


@pytest.mark.parametrize("schedule", [CosineNoise(), LinearNoise(), VP()], ids=repr)
@pytest.mark.parametrize("k", [1.0, 2.0])
def test_snr_label_has_a_slope_where_sigma_is_a_root(schedule: NoiseSchedule, k: float) -> None:
    t = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(SnrLabel(k)(t, schedule), t)
    step = 1e-7
    rise = SnrLabel(k)(t.detach() + step, schedule) - SnrLabel(k)(t.detach(), schedule)
    torch.testing.assert_close(slope, rise / step, atol=1e-6, rtol=1e-4)


@pytest.mark.parametrize("gamma", [(0.1, 0.6, 0.9), (0.4, 0.2, 0.2)])
def test_fitted_label_interpolates_as_numpy_does(gamma: tuple[float, ...]) -> None:
    t = torch.rand(500, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    expected = np.interp(t.numpy(), [0, 0.25, 0.5, 0.8], [0, *gamma])
    np.testing.assert_allclose(FittedLabel([0.25, 0.5, 0.8], gamma)(t).numpy(), expected, atol=1e-12)


BAD: list[tuple[Callable[[], object], str]] = [
    (lambda: SigmoidNoise(3, 0), "start < end"),
    (lambda: SigmoidNoise(tau=0), "tau > 0"),
    (lambda: VP(beta_min=0), "beta_min"),
    (lambda: VE(1, 0.5), "sigma_min"),
    (lambda: LogBlur(0), "sigma_min"),
    (lambda: LogBlur(2, 1), "sigma_min"),
    (lambda: LogBlur(sigma_max=math.inf), "finite"),
    (lambda: LogBlur(40).sigma(torch.rand(2), 32), "from sigma_min=40 to the image's width, got 32"),
    (lambda: SigmoidNoise(end=math.inf), "finite"),
    (lambda: SigmoidNoise(tau=math.inf), "finite"),
    (lambda: FittedLabel([], []), "rising t"),
    (lambda: FittedLabel([0.5, 0.5], [0, 1]), "rising t"),
    (lambda: FittedLabel([0, 1], [0, 1]), "rising t"),
    (lambda: FittedLabel([0.5, 1.5], [0, 1]), "rising t"),
    (lambda: FittedLabel([0.5, 1], [1]), "a gamma for each"),
    (lambda: FittedLabel([0.5, 1], [0, 1.1]), "gamma in"),
    (lambda: PowerLabel(0), "k"),
    (lambda: SnrLabel(math.nan), "k"),
    (lambda: SnrLabel()(torch.rand(2)), "needs a noise schedule"),
]


@pytest.mark.parametrize(("make", "message"), BAD)
def test_arguments_out_of_range_are_named(make: Callable[[], Tensor], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
