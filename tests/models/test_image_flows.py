"""Flows on images: inverses, determinants against autograd, and the densities and draws that follow from them."""

import copy
import math
from collections.abc import Callable

import pytest
import torch
from torch import Generator, Tensor
from torch.distributions import MultivariateNormal

from robustmoll.models.densities import DENSITIES
from robustmoll.models.densities.bijections import (
    ActNorm,
    Bijection,
    Chain,
    Coupling,
    InvertibleConv,
    Permutation,
    squeeze,
    unsqueeze,
)
from robustmoll.models.densities.image_flows import MultiScaleFlow, image_glow, image_realnvp
from robustmoll.models.densities.image_nets import coupling_net
from tests.models.perturbed import jacobian_log_det, perturbed

FLOWS = [image_glow, image_realnvp]
SHAPES = [(1, 4, 8), (3, 4, 4)]
BIJECTIONS: list[Callable[[], Bijection]] = [
    lambda: ActNorm(5),
    lambda: Permutation([3, 0, 4, 1, 2]),
    lambda: InvertibleConv(5),
    lambda: Coupling(coupling_net(3, 4, 8)),
    lambda: Chain([ActNorm(5), InvertibleConv(5), Coupling(coupling_net(3, 4, 8))]),
]


def images(n: int, shape: tuple[int, ...], seed: int = 0) -> Tensor:
    generator = Generator().manual_seed(seed)
    return 2 * torch.rand(n, *shape, generator=generator, dtype=torch.float64) - 1


def small(build: Callable[..., MultiScaleFlow], shape: tuple[int, ...]) -> MultiScaleFlow:
    torch.manual_seed(0)
    return build(shape, steps=5, width=8)


@pytest.mark.parametrize("build", BIJECTIONS)
def test_bijections_have_inverses_and_log_determinants(build: Callable[[], Bijection]) -> None:
    torch.manual_seed(0)
    bijection, x = perturbed(build()), images(3, (5, 2, 3))
    z, log_det = bijection(x)
    assert z.shape == x.shape
    torch.testing.assert_close(bijection.inverse(z), x, atol=1e-12, rtol=0)
    expected = torch.stack([jacobian_log_det(lambda x: bijection(x)[0], image[None]) for image in x])
    torch.testing.assert_close(log_det.expand(3), expected, atol=1e-12, rtol=0)


def test_squeeze_makes_channels_of_blocks() -> None:
    x = torch.arange(16.0).view(1, 1, 4, 4)
    assert squeeze(x)[0, :, 0, 1].tolist() == [2, 3, 6, 7]
    assert torch.equal(unsqueeze(squeeze(x)), x)


def test_an_invertible_convolution_begins_as_a_rotation() -> None:
    weight = InvertibleConv(6).weight()
    torch.testing.assert_close(weight @ weight.T, torch.eye(6), atol=1e-5, rtol=0)


def test_couplings_cannot_overflow() -> None:
    coupling = Coupling(coupling_net(2, 4, 8))
    torch.nn.init.constant_(coupling.net[-1].bias, 1e9)
    _, log_det = coupling(torch.zeros(1, 4, 3, 3))
    assert log_det.item() == pytest.approx(2.0 * 2 * 9)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("build", FLOWS)
def test_a_flow_is_a_change_of_variables(build: Callable[..., MultiScaleFlow], shape: tuple[int, ...]) -> None:
    flow, x = perturbed(small(build, shape), 0.1), images(2, shape)
    z, log_det = flow.transform(x)
    assert z.shape == (2, math.prod(shape))
    torch.testing.assert_close(flow.decode(z), x, atol=1e-10, rtol=0)
    expected = torch.stack([jacobian_log_det(lambda x: flow.transform(x)[0], image[None]) for image in x])
    torch.testing.assert_close(log_det, expected, atol=1e-10, rtol=0)
    normal = torch.distributions.Normal(0.0, 1.0).log_prob(z).sum(1)
    torch.testing.assert_close(flow.log_prob(x), normal + expected, atol=1e-10, rtol=0)


@pytest.mark.parametrize("build", FLOWS)
def test_with_constant_couplings_a_flow_is_a_normal_distribution(build: Callable[..., MultiScaleFlow]) -> None:
    flow = small(build, (1, 4, 4)).double()
    with torch.no_grad():
        for part in flow.modules():
            if isinstance(part, ActNorm):
                part.shift.normal_(generator=Generator().manual_seed(1))
                part.log_scale.normal_(std=0.2, generator=Generator().manual_seed(2))
    flow.eval()
    origin = torch.zeros(1, 16, dtype=torch.float64)
    matrix = torch.autograd.functional.jacobian(flow.decode, origin).view(16, 16)
    expected = MultivariateNormal(flow.decode(origin).detach().flatten(), matrix @ matrix.T)
    x = images(5, (1, 4, 4))
    torch.testing.assert_close(flow.log_prob(x), expected.log_prob(x.flatten(1)), atol=1e-9, rtol=0)
    drawn = flow.sample(5_000, Generator().manual_seed(0)).flatten(1)
    spread = expected.covariance_matrix.diagonal().sqrt()
    assert ((drawn.mean(0) - expected.mean) / spread).abs().max() < 5 / math.sqrt(5_000)
    correlation = (drawn.T.cov() - expected.covariance_matrix) / torch.outer(spread, spread)
    assert correlation.abs().max() < 6 / math.sqrt(5_000)


@pytest.mark.parametrize("build", FLOWS)
def test_draws_follow_seed_and_temperature(build: Callable[..., MultiScaleFlow]) -> None:
    flow = perturbed(small(build, (3, 8, 4)), 0.1)
    first = flow.sample(4, Generator().manual_seed(7))
    assert first.shape == (4, 3, 8, 4) and not first.requires_grad
    assert torch.equal(first, flow.sample(4, Generator().manual_seed(7)))
    assert not torch.equal(first, flow.sample(4, Generator().manual_seed(8)))
    z = flow.transform(first)[0]
    colder = flow.transform(flow.sample(4, Generator().manual_seed(7), temperature=0.5))[0]
    torch.testing.assert_close(colder, 0.5 * z, atol=1e-6, rtol=0)
    assert (flow.sample(2, temperature=0.0).std(0) < 1e-12).all()


@pytest.mark.parametrize("name", ["image_glow", "image_realnvp"])
@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 32)])
def test_defaults_fit_common_images_and_give_every_weight_a_gradient(name: str, shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    flow, x = DENSITIES[name](shape, width=8), images(2, shape).float()
    assert flow.exact
    perturbed(flow, 0.01).float().objective(x).sum().backward()
    assert [key for key, p in flow.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0] == []


@pytest.mark.parametrize("step", range(4))
def test_realnvp_changes_checkerboards_and_rows(step: int) -> None:
    flow = small(image_realnvp, (1, 4, 4)).double().eval()
    coupling = flow.flows[0].parts[3 * step + 2]
    assert isinstance(coupling, Coupling)
    torch.nn.init.constant_(coupling.net[-1].bias[2:], 0.5)  # moves what the coupling changes off the whole numbers
    latents = flow.transform(torch.arange(16, dtype=torch.float64).view(1, 1, 4, 4))[0][0]
    changed = torch.zeros(16, dtype=torch.int64)
    changed[latents[latents % 1 != 0].long()] = 1
    block = torch.tensor([[[0, 1], [1, 0]], [[1, 0], [0, 1]], [[0, 0], [1, 1]], [[1, 1], [0, 0]]][step])
    assert torch.equal(changed.view(4, 4), block.repeat(2, 2))


@pytest.mark.parametrize(("shape", "levels"), [((1, 28, 28), 3), ((3, 33, 32), 1), ((3, 32, 34), 2)])
def test_sizes_that_cannot_be_halved_are_refused(shape: tuple[int, ...], levels: int) -> None:
    with pytest.raises(ValueError, match=rf"multiples of {2**levels}, got {shape[1]} x {shape[2]}; take fewer levels"):
        image_glow(shape, levels=levels)


@pytest.mark.parametrize("arguments", [{"steps": 0}, {"width": 0}, {"levels": 0}])
def test_numbers_out_of_range_are_refused(arguments: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="of at least 1, got"):
        image_realnvp((1, 8, 8), **arguments)
    with pytest.raises(ValueError, match="needs the shape"):
        image_glow((8,))


def test_actnorm_standardises_the_first_training_batch_and_no_other() -> None:
    norm, x = ActNorm(2), torch.tensor([[3.0], [-1.0]])[:, None] + torch.randn(50, 2, 4, 4) * 5
    norm.eval()
    assert torch.equal(norm(x)[0], x)
    norm.train()
    z = norm(x)[0]
    torch.testing.assert_close(z.mean((0, 2, 3)), torch.zeros(2), atol=1e-5, rtol=0)
    torch.testing.assert_close(z.square().mean((0, 2, 3)), torch.ones(2), atol=1e-4, rtol=0)
    torch.testing.assert_close(norm(2 * x)[0].mean((0, 2, 3)), norm.shift.flatten() * -norm.log_scale.exp().flatten())


def test_actnorm_goes_on_after_a_resume() -> None:
    first, x = small(image_glow, (1, 8, 8)), images(8, (1, 8, 8)).float()
    fresh = copy.deepcopy(first)
    first(x)
    resumed = small(image_glow, (1, 8, 8))
    resumed.load_state_dict(first.state_dict())
    assert torch.equal(resumed(0.1 * x), first(0.1 * x))
    assert all(torch.equal(a, b) for a, b in zip(resumed.parameters(), first.parameters(), strict=True))
    resumed.load_state_dict(fresh.state_dict())  # not initialised: the next batch will
    assert torch.equal(resumed(x), first(x))


def test_actnorm_sees_the_batches_of_all_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    mine, other = images(8, (2, 4, 4)).float(), 3 + images(8, (2, 4, 4), seed=1).float()
    whole, shared = ActNorm(2), ActNorm(2)
    whole(torch.cat([mine, other]))

    def all_reduce(moments: Tensor) -> None:
        moments += torch.stack([other.mean((0, 2, 3)), other.square().mean((0, 2, 3))])

    monkeypatch.setattr(torch.distributed, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.distributed, "get_world_size", lambda: 2)
    monkeypatch.setattr(torch.distributed, "all_reduce", all_reduce)
    shared(mine)
    torch.testing.assert_close(shared.state_dict(), whole.state_dict())


@pytest.mark.parametrize("build", FLOWS)
def test_autocast_reaches_the_networks_only(build: Callable[..., MultiScaleFlow]) -> None:
    flow, x = perturbed(small(build, (1, 8, 8)), 0.1).float(), images(3, (1, 8, 8)).float()
    expected = flow.log_prob(x)
    with torch.autocast("cpu", torch.bfloat16):
        z, log_det = flow.transform(x)
        assert z.dtype == log_det.dtype == torch.float32
        torch.testing.assert_close(flow.decode(z), x, atol=0.05, rtol=0)  # its networks are rounded
        assert 0 < (flow.log_prob(x) - expected).abs().max() < 1


def test_a_constant_channel_stays_finite() -> None:
    flow = small(image_glow, (1, 8, 8))
    assert flow(torch.full((4, 1, 8, 8), -1.0)).isfinite().all()
