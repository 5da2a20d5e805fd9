"""Laws of degradations; a new one is a row in the table."""

import numpy as np
import pytest
import torch
from kornia.filters import gaussian_blur2d
from scipy.fft import dctn, idctn
from torch import Tensor

from benchmarks.plain_mollify import full_heat_blur, plain_heat_blur
from robustmoll import Mollify
from robustmoll.degradations import (
    Degradation,
    GaussianBlur,
    HeatBlur,
    Noise,
    NoiseSource,
    PureNoise,
    add_noise,
    heat_blur,
)
from robustmoll.schedules import VE, VP, LogBlur, PowerLabel, SigmoidNoise, SnrLabel

DEGRADATIONS: list[Degradation] = [
    Noise(),
    Noise(VP(), PowerLabel(2)),
    Noise(SigmoidNoise(), SnrLabel(0.5)),
    HeatBlur(),
    HeatBlur(LogBlur(0.5, 4)),
    GaussianBlur(),
    PureNoise(),
]
ids = [repr(degradation) for degradation in DEGRADATIONS]
SIZES = [(3, 32, 32), (1, 17, 40), (2, 64, 48), (3, 224, 224), (1, 1, 5)]


def images(*shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
    return 2 * torch.randn(shape, generator=torch.Generator().manual_seed(3), dtype=dtype)


def dct_blur(x: Tensor, sigma: Tensor) -> Tensor:
    """The heat equation by scipy's DCT, in float64."""
    height, width = x.shape[-2:]
    rates = (np.pi * np.arange(height)[:, None] / height) ** 2 + (np.pi * np.arange(width)[None] / width) ** 2
    decay = np.exp(-(sigma.double().numpy()[:, None, None, None] ** 2) / 2 * rates)
    coefficients = dctn(x.double().numpy(), axes=(2, 3), norm="ortho")
    return torch.from_numpy(idctn(decay * coefficients, axes=(2, 3), norm="ortho"))


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_heat_blur_solves_the_heat_equation(size: tuple[int, int, int]) -> None:
    x, sigma = images(5, *size), torch.tensor([0.0, 0.3, 2.0, 30.0, 400.0])
    reference = dct_blur(x, sigma)
    assert (heat_blur(x, sigma) - reference).abs().max() < 1e-5
    assert (heat_blur(x.double(), sigma.double()) - reference).abs().max() < 1e-11
    assert (plain_heat_blur(x.double(), sigma) - reference).abs().max() < 1e-11
    if x[0, 0].numel() <= 64 * 64:  # its matrix has a row and a column for each pixel
        assert (full_heat_blur(x.double(), sigma) - reference).abs().max() < 1e-11


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_heat_keeps_the_mean_and_ends_in_it(size: tuple[int, int, int]) -> None:
    x = images(2, *size)
    blurred = heat_blur(x, torch.tensor([1.0, 1e4]))
    torch.testing.assert_close(blurred.mean((2, 3)), x.mean((2, 3)), atol=1e-5, rtol=0)
    torch.testing.assert_close(blurred[1], x[1].mean((1, 2), keepdim=True).expand_as(x[1]), atol=1e-5, rtol=0)


def test_two_blurs_are_one_of_their_joint_variance() -> None:
    x = images(3, 2, 20, 24, dtype=torch.float64)
    one, other = torch.rand(2, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64) * 4
    torch.testing.assert_close(heat_blur(heat_blur(x, one), other), heat_blur(x, (one**2 + other**2).sqrt()))


def test_a_point_becomes_a_gaussian() -> None:
    x = torch.zeros(1, 1, 41, 41, dtype=torch.float64)
    x[..., 20, 20] = 1
    r = torch.arange(41, dtype=torch.float64) - 20
    bell = torch.exp(-(r**2) / (2 * 3.0**2)) / (3 * np.sqrt(2 * np.pi))
    sigma = torch.tensor([3.0], dtype=torch.float64)
    torch.testing.assert_close(heat_blur(x, sigma)[0, 0], torch.outer(bell, bell), atol=1e-9, rtol=0)


def test_gaussian_blur_is_kornia_s_and_the_heat_equation_s_away_from_the_edges() -> None:
    x, t = images(2, 3, 40, 40, dtype=torch.float64), torch.tensor([0.3, 0.5], dtype=torch.float64)
    blur = GaussianBlur()
    expected = gaussian_blur2d(x, (79, 79), blur.sigma(t, 40)[:, None].expand(-1, 2), border_type="reflect")
    torch.testing.assert_close(blur(x, t), expected)
    middle = (..., slice(18, 22), slice(18, 22))
    torch.testing.assert_close(blur(x, t)[middle], HeatBlur()(x, t)[middle], atol=2e-3, rtol=0)


def test_a_small_blur_takes_a_short_kernel_and_stays_the_same() -> None:
    x, t = images(2, 3, 40, 40, dtype=torch.float64), torch.tensor([0.9, 1.0], dtype=torch.float64)
    blur = GaussianBlur(LogBlur(sigma_max=2))
    whole = gaussian_blur2d(x, (79, 79), blur.sigma(t, 40)[:, None].expand(-1, 2), border_type="reflect")
    assert 0 < (blur(x, t) - whole).abs().max() < 2e-3  # 1e-4 of the Gaussian is cut off on each axis
    middle = (..., slice(10, 30), slice(10, 30))
    torch.testing.assert_close(blur(x, t)[middle], HeatBlur(LogBlur(sigma_max=2))(x, t)[middle], atol=2e-3, rtol=0)


def test_add_noise_is_its_formula_for_images_and_rows() -> None:
    for shape in ((4, 3, 5, 6), (4, 7)):
        x, noise, (alpha, sigma) = images(*shape), images(*shape) + 1, torch.rand(2, 4)
        for i in range(4):
            expected = alpha[i] * x[i] + sigma[i] * noise[i]
            torch.testing.assert_close(add_noise(x, alpha, sigma, noise)[i], expected)


@pytest.mark.parametrize("degradation", DEGRADATIONS, ids=ids)
def test_what_stays_and_the_rest_are_the_degraded_image(degradation: Degradation) -> None:
    x, noise, t = images(6, 3, 12, 16), images(3, 3, 12, 16) + 1, torch.tensor([0.0, 0.4, 1.0])
    members = torch.tensor([4, 0, 3])
    rest = degradation.rest(x, members, t, lambda like: noise[: len(like)].clone())
    together = degradation.alpha(t).view(-1, 1, 1, 1) * x[members] + rest
    torch.testing.assert_close(together, degradation.degrade(x[members], t, lambda like: noise.clone()))


class Sevens(Noise):
    """A user's, which stands on one of ours and defines nothing but what it does."""

    def degrade(self, x: Tensor, t: Tensor, noise: NoiseSource) -> Tensor:
        return torch.full_like(x, 7, dtype=torch.bfloat16)


def test_mollify_does_what_a_subclass_says() -> None:
    mollify = Mollify(10, {"sevens": 1}, degradations={"sevens": Sevens()})
    x_t, _ = mollify(images(4, 3, 8, 8), torch.arange(4))
    assert (x_t == 7).all() and x_t.dtype == torch.float32


@pytest.mark.parametrize("degradation", DEGRADATIONS, ids=ids)
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16])
def test_shape_dtype_and_input_are_kept(degradation: Degradation, dtype: torch.dtype) -> None:
    x, t = images(4, 3, 12, 16).to(dtype), torch.tensor([0.1, 0.4, 0.7, 1.0])
    for layout in (x, x.contiguous(memory_format=torch.channels_last), x.transpose(2, 3)):
        before = layout.clone()
        result = degradation(layout, t, torch.Generator().manual_seed(0))
        assert result.shape == layout.shape and result.dtype == dtype and result.isfinite().all()
        assert torch.equal(layout, before) and not torch.equal(result, before)


@pytest.mark.parametrize("degradation", DEGRADATIONS, ids=ids)
def test_images_do_not_depend_on_each_other_and_draws_on_the_generator_alone(degradation: Degradation) -> None:
    x, t = images(3, 1, 9, 9), torch.tensor([0.2, 0.5, 0.9])
    before = torch.get_rng_state()
    one, other = (degradation(x, t, torch.Generator().manual_seed(1)) for _ in range(2))
    assert torch.equal(one, other) and torch.equal(before, torch.get_rng_state())
    changed = x.clone()
    changed[1] += 1
    again = degradation(changed, t, torch.Generator().manual_seed(1))
    torch.testing.assert_close(again[[0, 2]], one[[0, 2]])


@pytest.mark.parametrize("degradation", [Noise(), HeatBlur(), GaussianBlur()], ids=repr)
def test_clean_time_is_the_identity_bit_for_bit(degradation: Degradation) -> None:
    x = images(2, 3, 16, 16)
    result, t = degradation(x, torch.tensor([0.0, 0.5])), torch.zeros(2)
    assert torch.equal(result[0], x[0]) and not torch.equal(result[1], x[1])
    assert torch.equal(degradation.gamma(t), t)


def test_noise_keeps_the_variance_and_has_its_moments() -> None:
    x = torch.randn(5, 1, 200, 200, generator=torch.Generator().manual_seed(0))
    t = torch.linspace(0, 1, 5)
    noisy = Noise()(x, t, torch.Generator().manual_seed(1))
    torch.testing.assert_close(noisy.var((1, 2, 3)), torch.ones(5), atol=0.03, rtol=0)
    alpha, sigma = Noise().schedule(t)
    correlation = (noisy * x).mean((1, 2, 3)) / x.square().mean((1, 2, 3))
    torch.testing.assert_close(correlation, alpha, atol=0.02, rtol=0)
    torch.testing.assert_close((noisy - alpha.view(-1, 1, 1, 1) * x).std((1, 2, 3)), sigma, atol=0.02, rtol=0)


@pytest.mark.parametrize("degradation", [Noise(), HeatBlur(), GaussianBlur()], ids=repr)
def test_gradients_flow_to_the_image_and_to_t(degradation: Degradation) -> None:
    x, t = images(2, 1, 4, 5, dtype=torch.float64), torch.tensor([0.3, 0.6], dtype=torch.float64)
    assert torch.autograd.gradcheck(
        lambda x, t: degradation(x, t, torch.Generator().manual_seed(0)), (x.requires_grad_(), t.requires_grad_())
    )


def test_a_kernel_made_in_inference_mode_serves_training() -> None:
    with torch.inference_mode():
        HeatBlur()(images(1, 1, 13, 11), torch.tensor([0.5]))
    x, t = images(1, 1, 13, 11).requires_grad_(), torch.tensor([0.5], requires_grad=True)
    HeatBlur()(x, t).sum().backward()
    torch.testing.assert_close(x.grad, torch.ones_like(x))
    assert t.grad is not None and t.grad.isfinite().all()


@pytest.mark.parametrize("degradation", [HeatBlur(), GaussianBlur()], ids=repr)
def test_autocast_does_not_make_blur_coarse(degradation: Degradation) -> None:
    x, t = images(2, 3, 16, 16), torch.tensor([0.4, 0.8])
    with torch.autocast("cpu", dtype=torch.bfloat16):
        result = degradation(x, t)
    assert torch.equal(result, degradation(x, t))


@pytest.mark.filterwarnings("ignore:Dynamo detected a call to a `functools.lru_cache`")
@pytest.mark.parametrize("degradation", DEGRADATIONS, ids=ids)
def test_it_compiles_to_one_graph(degradation: Degradation) -> None:
    x, t = images(2, 3, 8, 12), torch.tensor([0.4, 0.8])
    compiled = torch.compile(degradation, backend="eager", fullgraph=True)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        result = compiled(x, t)
        torch.manual_seed(0)
        torch.testing.assert_close(result, degradation(x, t))


BAD = [
    (Noise(), torch.zeros(2, 3, 4, 4, dtype=torch.uint8), torch.zeros(2), "Noise degrades float data, got torch.uint8"),
    (Noise(), torch.zeros(2, 3, 4, 4, dtype=torch.complex64), torch.zeros(2), "degrades float data"),
    (Noise(), torch.zeros(2, 3, 4, 4), torch.zeros(3), r"t must have shape \(2,\)"),
    (Noise(), torch.zeros(2, 3, 4, 4), torch.tensor([0.1, 1.01]), r"t must lie in \[0, 1\]"),
    (Noise(), torch.zeros(2, 3, 4, 4), torch.tensor([-0.1, 1.0]), r"t must lie in \[0, 1\]"),
    (HeatBlur(), torch.zeros(2, 3, 4, 4), torch.tensor([0.1, float("nan")]), "outside or NaN"),
    (HeatBlur(), torch.zeros(2, 7), torch.zeros(2), "for a table use noise"),
    (HeatBlur(), torch.zeros(2, 3, 4, 4), torch.zeros(2, dtype=torch.int64), "t must be a float tensor"),
    (HeatBlur(label=SnrLabel()), None, torch.zeros(2), "for a blur use PowerLabel"),
]


@pytest.mark.parametrize(("degradation", "x", "t", "message"), BAD)
def test_bad_input_is_named(degradation: Degradation, x: Tensor | None, t: Tensor, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        degradation.gamma(t) if x is None else degradation(x, t)


def test_a_schedule_with_noise_at_the_start_adds_it() -> None:
    x = torch.zeros(1, 1, 100, 100)
    assert float(Noise(VE())(x, torch.zeros(1), torch.Generator().manual_seed(0)).std()) == pytest.approx(
        0.01, rel=0.05
    )


@pytest.mark.parametrize(
    ("x", "sigma"),
    [
        (torch.zeros(2, 3, 4, 4, dtype=torch.uint8), torch.ones(2)),
        (torch.zeros(2, 3, 4, 4, dtype=torch.complex64), torch.ones(2)),
        (torch.zeros(2, 3, 4, 4), torch.ones(3)),
        (torch.zeros(2, 3, 4, 4), torch.tensor(1.0)),
    ],
)
def test_heat_blur_says_what_it_needs(x: Tensor, sigma: Tensor) -> None:
    with pytest.raises(ValueError, match=r"float images \(B, C, H, W\) and a sigma \(B,\), got"):
        heat_blur(x, sigma)
