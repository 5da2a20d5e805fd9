"""Laws of flows on tables, and `maf` against the plain re-statement of the benchmarks."""

import builtins
import math
from collections.abc import Sequence
from typing import Any

import pytest
import torch
from torch import Tensor

from benchmarks.plain_maf import Autoregression as PlainAutoregression
from benchmarks.plain_maf import BatchNormFlow, PlainMAF
from robustmoll.models.densities import DENSITIES, DensityModel
from robustmoll.models.densities.linear import WIDE
from robustmoll.models.densities.table_bijections import Autoregression, BatchNorm, RowCoupling
from robustmoll.models.densities.table_flows import TableFlow, maf

FLOWS = ("maf", "realnvp", "glow", "nsf")
CASES = [("maf", 1), ("nsf", 1), *((flow, columns) for flow in FLOWS for columns in (2, 3, 6))]


def rows(n: int, columns: int, seed: int = 0) -> Tensor:
    return torch.randn(n, columns, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def trained(flow: str, columns: int) -> DensityModel:
    """A small flow in float64 whose every parameter and statistic has been moved; in evaluation."""
    torch.manual_seed(0)
    model = DENSITIES[flow]((columns,), transforms=3, hidden=12).double()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    if isinstance(model, TableFlow):
        model.calibrate(2 * rows(50, columns, seed=1) + 1)
    return model.eval()


def latents(model: Any, x: Tensor) -> Tensor:  # noqa: ANN401
    return model.flow(x)[0] if isinstance(model, TableFlow) else model.flow().transform(x)


@pytest.mark.parametrize(("flow", "columns"), CASES)
def test_log_prob_is_the_change_of_variables(flow: str, columns: int) -> None:
    model = trained(flow, columns)
    for x in rows(4, columns):
        jacobian = torch.autograd.functional.jacobian(lambda x: latents(model, x[None])[0], x)
        normal = torch.distributions.Normal(0, 1).log_prob(latents(model, x[None])).sum()
        assert torch.allclose(model.log_prob(x[None])[0], normal + torch.linalg.slogdet(jacobian).logabsdet)


@pytest.mark.parametrize(("flow", "columns"), CASES)
def test_samples_are_the_inverse_of_what_the_seed_draws(flow: str, columns: int) -> None:
    model = trained(flow, columns)
    for temperature in (1.0, 0.5):
        x = model.sample(7, torch.Generator().manual_seed(3), temperature)
        drawn = torch.randn(7, columns, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
        assert torch.allclose(latents(model, x), temperature * drawn, atol=1e-4)  # zuko inverts splines to 1e-6


@pytest.mark.parametrize("flow", FLOWS)
def test_seeds_tell_samples_apart(flow: str) -> None:
    model = trained(flow, 3)
    one, again, other = (model.sample(5, torch.Generator().manual_seed(seed)) for seed in (0, 0, 1))
    assert torch.equal(one, again) and not torch.equal(one, other)


@pytest.mark.parametrize("flow", ("maf", "nsf"))
def test_density_of_one_column_has_a_mass_of_one(flow: str) -> None:
    grid = torch.linspace(-60, 60, 60001, dtype=torch.float64)
    mass = torch.trapezoid(trained(flow, 1).log_prob(grid[:, None]).exp(), grid)
    assert abs(mass.item() - 1) < 1e-3


@pytest.mark.parametrize("training", (True, False))
@pytest.mark.parametrize("hidden", (40, WIDE + 3))
@pytest.mark.parametrize("order", ([0], [1, 0], [0, 1, 2, 3, 4], [4, 3, 2, 1, 0], [2, 0, 4, 1, 3]))
def test_a_column_depends_on_those_before_it_and_on_all_of_them(
    order: Sequence[int], hidden: int, training: bool
) -> None:
    torch.manual_seed(0)
    part, place, columns = Autoregression(torch.tensor(order), hidden).double(), torch.tensor(order), len(order)
    part.train(training)
    x = torch.ones(columns, dtype=torch.float64)
    jacobian = torch.autograd.functional.jacobian(lambda x: part.net(x[None])[0], x)
    depends = jacobian.view(2, columns, columns).ne(0).any(0)
    assert torch.equal(depends, place[:, None] > place)


def test_couplings_change_every_other_column_only() -> None:
    part, x = RowCoupling(torch.tensor([True, False, True]), 8).double().eval(), rows(5, 3)
    z, _ = part(x)
    assert torch.equal(z[:, 1], x[:, 1]) and (z[:, [0, 2]] != x[:, [0, 2]]).all()
    assert torch.equal(x, rows(5, 3))


def test_batch_norm_standardises_a_batch_and_averages_its_statistics() -> None:
    part, x = BatchNorm(3).double(), 3 * rows(40, 3) + 2
    z, log_det = part(x)
    assert torch.allclose(z.mean(0), torch.zeros(3).double(), atol=1e-6)
    assert torch.allclose(z.var(0, correction=0), torch.ones(3).double(), atol=1e-4)
    assert torch.allclose(log_det, -0.5 * (x.var(0, correction=0) + part.eps).log().sum())
    assert torch.allclose(part.mean, 0.1 * x.mean(0))
    assert torch.allclose(part.variance, 0.9 + 0.1 * x.var(0, correction=0))


@pytest.mark.parametrize("flow", ("maf", "realnvp", "glow"))
def test_a_batch_of_one_row_has_no_statistics_to_train_by(flow: str) -> None:
    model, x = trained(flow, 3), rows(1, 3)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    with pytest.raises(ValueError, match=r"needs more than 1 row in training, got 1; .*accumulate.*drop_last"):
        model.train().log_prob(x)
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())
    assert model.train().log_prob(rows(2, 3)).shape == (2,) and model.eval().log_prob(x).shape == (1,)


@pytest.mark.parametrize("flow", ("maf", "realnvp", "glow"))
def test_a_calibrated_flow_gives_its_training_rows_the_likelihood_of_one_batch(flow: str) -> None:
    torch.manual_seed(0)
    model, x = DENSITIES[flow]((4,), transforms=2, hidden=8).double(), rows(60, 4)
    model.calibrate(x)
    assert model.training
    as_a_batch = model.log_prob(x)
    model.calibrate(x)
    assert torch.allclose(model.eval().log_prob(x), as_a_batch)
    assert not model.training


def copy_plain(plain: PlainMAF, ours: TableFlow) -> None:
    """Gives our flow the plain one's weights.

    Ours reverses every second network's order, not the columns between, and sorts hidden units by their degree.
    """
    theirs = [part for part in plain.parts if isinstance(part, PlainAutoregression | BatchNormFlow)]
    for index, (source, target) in enumerate(zip(theirs, ours.flow.parts, strict=True)):
        columns = slice(None) if index // 2 % 2 == 0 else torch.arange(plain.columns).flip(0)
        if isinstance(source, BatchNormFlow):
            target.log_gamma.copy_(source.log_gamma[columns])
            target.beta.copy_(source.beta[columns])
            continue
        first, middle, last = (source.net[layer].linear for layer in (0, 2, 4))
        units = (torch.arange(len(first.bias)) % (plain.columns - 1)).argsort(stable=True)
        target.net[0].weight.copy_(first.weight[units][:, columns])
        target.net[2].weight.copy_(middle.weight[units][:, units])
        target.net[4].weight.copy_(last.weight[:, units].unflatten(0, (2, -1))[:, columns].flatten(0, 1))
        target.net[0].bias.copy_(first.bias[units])
        target.net[2].bias.copy_(middle.bias[units])
        target.net[4].bias.copy_(last.bias.unflatten(0, (2, -1))[:, columns].flatten(0, 1))


@pytest.mark.parametrize(("columns", "hidden"), [(2, 32), (5, 32), (2, WIDE), (7, WIDE + 5)])
def test_maf_is_the_plain_one(columns: int, hidden: int) -> None:
    torch.manual_seed(0)
    plain, ours = PlainMAF(columns, blocks=3, hidden=hidden), maf((columns,), transforms=3, hidden=hidden)
    with torch.no_grad():
        for parameter in plain.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
        copy_plain(plain, ours)
    x = rows(50, columns).float()
    assert torch.allclose(ours.log_prob(x), plain.log_prob(x), atol=1e-4)
    size = sum(p.numel() for p in plain.parameters())
    assert sum(p.numel() for p in ours.parameters()) == size
    norms = [
        math.hypot(*(float(g.norm()) for g in torch.autograd.grad(model.log_prob(x).mean(), [*model.parameters()])))
        for model in (plain, ours)
    ]
    assert math.isclose(*norms, rel_tol=1e-4)


@pytest.mark.parametrize("flow", FLOWS)
def test_half_precision_around_a_flow_leaves_it_as_it_is(flow: str) -> None:
    torch.manual_seed(0)
    model, x = DENSITIES[flow]((3,), transforms=2, hidden=64), rows(20, 3).float()
    with torch.autocast("cpu", torch.bfloat16):
        under = model(x)
    assert torch.equal(under, model(x))
    under.mean().backward()


@pytest.mark.parametrize(("flow", "hidden"), [("realnvp", 8), ("glow", 8), ("maf", WIDE)])
def test_a_compiled_flow_trains_as_the_eager_one_does(flow: str, hidden: int) -> None:
    torch.manual_seed(0)
    model, x = DENSITIES[flow]((3,), transforms=1, hidden=hidden).train(), rows(20, 3).float()
    losses = [-network(x).mean() for network in (model, torch.compile(model, backend="aot_eager"))]
    torch.testing.assert_close(losses[1], losses[0])
    for compiled, eager in zip(*(torch.autograd.grad(loss, [*model.parameters()]) for loss in losses), strict=True):
        torch.testing.assert_close(compiled, eager)


@pytest.mark.parametrize(
    ("flow", "shape", "options", "message"),
    [
        ("maf", (3, 8, 8), {}, r"\(D,\) of one row, got \(3, 8, 8\); for images take image_realnvp"),
        ("nsf", (3,), {"transforms": 0}, "transforms=0"),
        ("realnvp", (1,), {}, "at least 2 columns, got 1; take maf or nsf"),
        ("glow", (1,), {}, "at least 2 columns, got 1; take maf or nsf"),
        ("maf", (0,), {}, "at least 1 column"),
    ],
)
def test_mistakes_are_told(flow: str, shape: tuple[int, ...], options: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        DENSITIES[flow](shape, **options)


def test_nsf_says_where_zuko_comes_from(monkeypatch: pytest.MonkeyPatch) -> None:
    real_import = builtins.__import__

    def without_zuko(name: str, *args: Any) -> Any:  # noqa: ANN401
        if name.startswith("zuko"):
            raise ImportError(name)
        return real_import(name, *args)

    monkeypatch.setattr(builtins, "__import__", without_zuko)
    with pytest.raises(ValueError, match=r"pip install 'robustmoll\[flows\]'"):
        DENSITIES["nsf"]((3,))
