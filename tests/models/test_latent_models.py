"""Models with latent variables: their bounds against exact likelihoods, brute force and each other."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Generator, Tensor, nn
from torch.distributions import MultivariateNormal

from robustmoll.models.densities import DENSITIES, LatentModel
from robustmoll.models.densities.hvae import hvae
from robustmoll.models.densities.iaf import AutoregressiveStep, iaf_vae
from robustmoll.models.densities.vae import IWAE, VAE, beta_vae, iwae, vae
from tests.models.perturbed import jacobian_log_det, perturbed

NAMES = ["vae", "beta_vae", "iwae", "iaf_vae", "hvae"]
TINY: list[Callable[[], LatentModel]] = [
    lambda: vae((1, 3, 4), latent=2, width=4),
    lambda: beta_vae((1, 3, 4), latent=2, width=4),
    lambda: iwae((1, 3, 4), latent=2, width=4),
    lambda: iaf_vae((1, 3, 4), latent=3, width=4, hidden=8),
    lambda: hvae((1, 3, 4), levels=2, latent=1, width=4),
]


def images(n: int, *shape: int) -> Tensor:
    return 2 * torch.rand(n, *shape, generator=Generator().manual_seed(0), dtype=torch.float64) - 1


def tiny(build: Callable[[], LatentModel]) -> LatentModel:
    torch.manual_seed(0)
    model = perturbed(build())
    nn.init.zeros_(model.tenth_log_scale)  # so wide that a brute-force estimate is precise
    return model


def linear_vae(widen: float = 1.0) -> tuple[VAE, MultivariateNormal]:
    """A VAE with a linear decoder, q(z | x) the true posterior but for its standard deviations, and its exact p(x)."""
    model = VAE((1, 2, 3), latent=2).double()
    weight = torch.linalg.qr(images(1, 6, 2)[0]).Q * torch.tensor([2.0, 0.5], dtype=torch.float64)
    bias, variance = images(1, 6)[0], math.exp(2 * model.log_scale.item())
    precision = 1 + weight.square().sum(0) / variance  # the columns of the weight are orthogonal
    decoder, encoder = nn.Linear(2, 6).double(), nn.Linear(6, 4).double()
    with torch.no_grad():
        decoder.weight.copy_(weight)
        decoder.bias.copy_(bias)
        encoder.weight.copy_(torch.cat([weight.T / variance / precision[:, None], torch.zeros(2, 6)]))
        encoder.bias.copy_(
            torch.cat([-(weight.T @ bias) / variance / precision, math.log(widen) - precision.log() / 2])
        )
    model.decoder = nn.Sequential(decoder, nn.Unflatten(1, (1, 2, 3)))
    model.encoder = nn.Sequential(nn.Flatten(), encoder)
    covariance = weight @ weight.T + variance * torch.eye(6, dtype=torch.float64)
    return model, MultivariateNormal(bias, covariance)


def test_with_the_true_posterior_any_bound_is_exact() -> None:
    model, exact = linear_vae()
    x = 3 * images(4, 1, 2, 3)
    expected = exact.log_prob(x.flatten(1))
    for samples in (1, 7):
        torch.testing.assert_close(model.log_prob(x, samples=samples), expected, atol=1e-10, rtol=0)


def test_with_another_posterior_bounds_are_lower_and_tighten(generator: Generator) -> None:
    model, exact = linear_vae(widen=1.5)
    x = images(1, 1, 2, 3)
    expected = exact.log_prob(x.flatten(1)).item()
    with torch.no_grad():
        one, five, many = (
            model.log_prob(x.expand(4000 // k, -1, -1, -1), generator, samples=k).mean().item() for k in (1, 5, 400)
        )
    loss = 1.5**2 - 1 - 2 * math.log(1.5)  # KL of q from the true posterior, of two dimensions
    assert one == pytest.approx(expected - loss, abs=0.06)
    assert one < five < many < expected + 0.05
    assert many == pytest.approx(expected, abs=0.05)


def test_objectives_are_the_bounds_of_their_papers(generator: Generator) -> None:
    model, _ = linear_vae(widen=1.5)
    x = images(1, 1, 2, 3)
    mean, log_std = model.infer(x)
    posterior = torch.distributions.Normal(mean, log_std.exp())
    divergence = torch.distributions.kl_divergence(posterior, torch.distributions.Normal(0.0, 1.0)).sum()
    many = x.expand(4000, -1, -1, -1)
    with torch.no_grad():
        elbo = model.objective(many, generator).mean()
        model.beta = 3.0
        torch.testing.assert_close(model.objective(many, generator).mean(), elbo - 2 * divergence, atol=0.1, rtol=0)
        assert elbo.item() == pytest.approx(model.log_prob(many, generator).mean().item(), abs=0.1)
    weighted = IWAE((1, 3, 4), latent=2, width=4, samples=3)
    y = images(2, 1, 3, 4).float()
    expected = weighted.log_prob(y, Generator().manual_seed(5), samples=3)
    torch.testing.assert_close(weighted.objective(y, Generator().manual_seed(5)), expected)


@pytest.mark.parametrize("build", TINY)
def test_bounds_tighten_towards_a_brute_force_estimate(build: Callable[[], LatentModel], generator: Generator) -> None:
    model, x = tiny(build), images(2, 1, 3, 4)
    with torch.no_grad():
        z = torch.randn(30_000, model.latent_size, generator=generator, dtype=torch.float64)
        means = model.decode(z)
        brute = torch.stack([model.likelihood(image.expand_as(means), means).logsumexp(0) for image in x])
        brute = brute - math.log(len(z))
        one, ten = (model.log_prob(x.repeat(500, 1, 1, 1), generator, samples=k).view(-1, 2).mean(0) for k in (1, 10))
        tight = model.log_prob(x.repeat(50, 1, 1, 1), generator, samples=200).view(-1, 2).mean(0)
    assert (one < ten).all() and (ten < tight + 0.02).all()
    assert (tight - one > 0.05).all()  # else nothing would be tested
    torch.testing.assert_close(tight, brute, atol=0.05, rtol=0)


@pytest.mark.parametrize("build", TINY)
def test_draws_follow_the_generator(build: Callable[[], LatentModel]) -> None:
    model, x = tiny(build), images(3, 1, 3, 4)
    assert not model.exact
    for draw in (
        lambda g: model.log_prob(x, g, samples=2),
        lambda g: model.objective(x, g),
        lambda g: model.sample(3, g),
    ):
        first = draw(Generator().manual_seed(0))
        assert first.isfinite().all() and len(first) == 3
        assert torch.equal(first, draw(Generator().manual_seed(0)))
        assert not torch.equal(first, draw(Generator().manual_seed(1)))


@pytest.mark.parametrize("build", TINY)
def test_samples_are_decoded_normal_numbers(build: Callable[[], LatentModel]) -> None:
    model = tiny(build)
    z = torch.randn(4, model.latent_size, generator=Generator().manual_seed(2), dtype=torch.float64)
    drawn = model.sample(4, Generator().manual_seed(2), temperature=0.7)
    assert drawn.shape == (4, 1, 3, 4) and not drawn.requires_grad
    torch.testing.assert_close(drawn, model.decode(0.7 * z), atol=1e-12, rtol=0)
    code = model.encode(images(4, 1, 3, 4))
    assert code.shape == z.shape and model.decode(code).shape == drawn.shape


@pytest.mark.parametrize("build", TINY)
def test_the_code_is_the_middle_of_the_posterior(
    build: Callable[[], LatentModel], monkeypatch: pytest.MonkeyPatch
) -> None:
    model, x = tiny(build), images(2, 1, 3, 4)
    module = {"HVAE": "hvae", "IAFVAE": "iaf"}.get(type(model).__name__, "vae")
    monkeypatch.setattr(
        f"robustmoll.models.densities.{module}.normal_noise", lambda like, generator: torch.zeros_like(like)
    )
    likelihood, _ = model.terms(x, model.infer(x), None)
    torch.testing.assert_close(likelihood, model.likelihood(x, model.decode(model.encode(x))), atol=1e-12, rtol=0)


@pytest.mark.parametrize("size", [1, 5])
def test_an_autoregressive_step_looks_back_only(size: int) -> None:
    torch.manual_seed(0)
    step, z, context = perturbed(AutoregressiveStep(size, 16, 3)), images(1, size), images(1, 3)
    jacobian = torch.autograd.functional.jacobian(lambda z: step(z, context)[0], z).view(size, size)
    assert torch.equal(jacobian.triu(1), torch.zeros(size, size))
    assert size == 1 or (jacobian.tril(-1)[1:].abs().sum(1) > 0).all()
    torch.testing.assert_close(step(z, context)[1][0], jacobian.diagonal().log().sum(), atol=1e-12, rtol=0)
    assert (step(z, context)[0] != step(z, context + 1)[0]).all()


def test_the_log_determinant_of_several_steps() -> None:
    torch.manual_seed(0)
    model, z, context = perturbed(iaf_vae((1, 3, 4), latent=5, steps=3, hidden=8)), images(1, 5), images(1, 8)
    expected = jacobian_log_det(lambda z: model.bend(z, context)[0], z)
    torch.testing.assert_close(model.bend(z, context)[1][0], expected, atol=1e-12, rtol=0)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 32), (2, 5, 9)])
def test_defaults_fit_images_of_any_size_and_give_every_weight_a_gradient(name: str, shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    model, x = DENSITIES[name](shape, width=4), images(2, *shape).float()
    assert model.sample(2).shape == x.shape
    perturbed(model, 0.01).float().objective(x).sum().backward()
    assert [key for key, p in model.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0] == []


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("arguments", [{"width": 0}, {"latent": 0}])
def test_numbers_out_of_range_are_refused(name: str, arguments: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"got .*0"):
        DENSITIES[name]((1, 8, 8), **arguments)
    with pytest.raises(ValueError, match="needs the shape"):
        DENSITIES[name]((8,))
    with pytest.raises(ValueError, match="at least 1 latent variable per image, got samples=0"):
        DENSITIES[name]((1, 8, 8)).log_prob(images(1, 1, 8, 8).float(), samples=0)


def test_other_numbers_out_of_range_are_refused() -> None:
    for build, arguments in [(beta_vae, {"beta": 0.0}), (iwae, {"samples": 0}), (hvae, {"levels": 0})]:
        with pytest.raises(ValueError, match=r"got .*0"):
            build((1, 8, 8), **arguments)
