"""Laws of likelihood-based training: the same loop, clean evaluation, known figures."""

import csv
import math
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor, nn
from torch.distributions import Normal

from robustmoll import Anneal
from robustmoll.data.examples import DataSource
from robustmoll.data.pixels import Pixels
from robustmoll.data.tables import EmbeddedTable, Moons, TableFile
from robustmoll.schedules import ConstantNoise
from robustmoll.seeds import generator_at
from robustmoll.storage import checkpoint
from robustmoll.storage.run_folder import Resume
from robustmoll.tasks import Density, DensityArgs, DensityDraw, Likelihood
from robustmoll.tasks.likelihood import negative_log_likelihoods
from robustmoll.training import OptimizerArgs, Trainer
from tests.tiny_data import FewDigits
from tests.tiny_densities import DiagonalGaussian, UniformCube

DIAGONAL = DensityArgs("diagonal")


SETS: dict[str, DataSource] = {"table": EmbeddedTable("iris"), "images": FewDigits()}


class Stop(Exception):
    """Stands for whatever ends a process."""


class StoppingDensity(Density):
    """Ends the training when it comes to a step, or gives one example an infinite loss there."""

    stop_at = infinite_at = math.inf

    def draw(self, n: int, size: object, generator: Generator, step: int) -> DensityDraw:
        if step >= self.stop_at:
            raise Stop
        self.now = step
        return super().draw(n, size, generator, step)

    def losses(self, model: Likelihood, network: nn.Module, x: Tensor, y: Tensor) -> Tensor:
        losses = super().losses(model, network, x, y)
        return torch.where((torch.arange(len(losses)) == 3) & (self.now == self.infinite_at), math.inf, losses)


def trainer(run: Path, data: str = "table", task: Density | None = None, **kwargs: Any) -> Trainer[Density]:  # noqa: ANN401
    task = task or StoppingDensity(DIAGONAL, Anneal(fraction=0.5))
    arguments = {"epochs": 4, "batch_size": 32, "optimizer": OptimizerArgs("adam", lr=0.05), "checkpoint_minutes": 0.0}
    return Trainer(SETS[data], task, str(run), **arguments | kwargs)


def stopping(at: float) -> StoppingDensity:
    task = StoppingDensity(DIAGONAL, Anneal(fraction=0.5))
    task.stop_at = at
    return task


def weights(run: Path) -> dict[str, Tensor]:
    return checkpoint.load(run / "checkpoints" / "last").weights


def rows(run: Path) -> list[dict[str, str]]:
    with (run / "metrics.csv").open() as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("data", SETS)
def test_a_resumed_run_goes_on_at_its_step(tmp_path: Path, data: str) -> None:
    trainer(tmp_path / "whole", data, ema=0.5).fit()
    with pytest.raises(Stop):
        trainer(tmp_path / "parts", data, stopping(5), ema=0.5).fit()
    trainer(tmp_path / "parts", data, ema=0.5, resume=True).fit()
    whole, parts = weights(tmp_path / "whole"), weights(tmp_path / "parts")
    assert whole and all(torch.equal(whole[name], parts[name]) for name in whole)


def test_the_table_cannot_change_within_a_run(tmp_path: Path) -> None:
    table, values = tmp_path / "table.csv", np.random.default_rng(0).normal(size=(100, 2))

    def train(values: NDArray[np.float64], epochs: int, resume: Resume) -> None:
        np.savetxt(table, values, delimiter=",")
        training = trainer(tmp_path / "run", epochs=epochs, resume=resume)
        training.data = TableFile(str(table))
        training.fit()

    train(values, epochs=2, resume=False)
    train(values, epochs=3, resume="changed")
    with pytest.raises(ValueError, match=r"the table has changed since the training: column '0' had mean"):
        train(values + 1, epochs=4, resume="changed")


@pytest.mark.parametrize("data", SETS)
def test_a_part_of_a_batch_is_what_it_is_in_the_whole(data: str) -> None:
    task = Density(DIAGONAL, Anneal(10, ConstantNoise(0.3), spread=0.2))
    train, _ = SETS[data].load()
    model, x = task.build(train), train.inputs[:20]
    draw = task.draw(20, (), generator_at(0), 3)
    whole, _ = task.prepare(model, x, x, draw)
    part, _ = task.prepare(model, x[7:], x[7:], draw.part(slice(7, 20)))
    torch.testing.assert_close(part, whole[7:])
    assert draw.t.unique().numel() == 20


def test_the_model_finds_the_density_and_the_figure_is_that_of_clean_rows(tmp_path: Path) -> None:
    run = trainer(tmp_path, epochs=12, validation=0.1, optimizer=OptimizerArgs("adam", lr=0.1))
    model = run.fit()
    train, held_out = run.train_set, run.validation_set
    assert rows(tmp_path)[-1].keys() >= {"validation_nll", "rows_per_s"}
    independent = Normal(train.inputs.mean(0), train.inputs.std(0)).log_prob(held_out.inputs).sum(1).mean()
    assert float(rows(tmp_path)[-1]["validation_nll"]) == pytest.approx(-float(independent), abs=0.15)
    best = min(float(row["validation_nll"]) for row in rows(tmp_path))
    with torch.no_grad():
        found = float(negative_log_likelihoods(model, [held_out.inputs]).mean())
    assert found == pytest.approx(best, abs=1e-4), "the best counts"
    assert model.backbone.calibrated > 0


def test_mollified_steps_see_noise_and_the_others_the_data() -> None:
    task = Density(DIAGONAL, Anneal(fraction=0.5), dequantise=False).for_length(epochs=4, steps_per_epoch=5)
    train, _ = SETS["table"].load()
    model, x = task.build(train), train.inputs[:32]
    draws = [task.draw(32, (), generator_at(step), step) for step in range(20)]
    distance = [float((task.prepare(model, x, x, draw)[0] - x).abs().mean()) for draw in draws]
    assert distance[0] > 1 and distance[9] > 0 and distance[10:] == [0.0] * 10


def test_an_even_density_costs_eight_bits_whatever_the_images() -> None:
    train, _ = SETS["images"].load()
    model = Likelihood(UniformCube(train.domain.shape), train.domain)
    assert negative_log_likelihoods(model, [train.inputs[:10], train.inputs[10:20]]).tolist() == pytest.approx(
        [8.0] * 20
    )


def test_bits_per_dim_is_the_entropy_of_the_grey_levels_for_a_density_that_knows_them() -> None:
    # Of 4 equally likely levels, 64 apart: a density that is even on their intervals costs 2 bits a pixel.
    domain = Pixels((1, 2, 2))
    x = 64 * torch.randint(4, (50, 1, 2, 2), generator=torch.Generator().manual_seed(0)).to(torch.uint8)
    u = torch.rand(x.shape, generator=torch.Generator().manual_seed(1))
    z = domain.enter(x, u)
    inside = (((z + 1) * 128).floor() == x).flatten(1).all(1)
    assert inside.all() and z.min() >= -1 and z.max() < 1
    log_p = 4 * math.log(1 / 4 / (2 / 256))  # height of the density: 4 intervals of 2/256, a quarter of the mass each
    assert float(domain.in_unit(torch.tensor(-log_p))) == pytest.approx(2.0)
    assert torch.equal(domain.leave(z), x) and torch.equal(domain.leave(domain.enter(x)), x)


def test_grey_levels_are_bytes_and_nothing_else() -> None:
    train, _ = SETS["images"].load()
    model = Likelihood(UniformCube(train.domain.shape), train.domain)
    for x in (train.inputs[:2] / 255, 2 * train.inputs[:2].float() - 300, train.inputs[:2].int()):
        with pytest.raises(ValueError, match=rf"must be uint8, .* got {x.dtype}; .*\.byte\(\)"):
            model(x)


@pytest.mark.parametrize("data", SETS)
def test_a_loss_that_is_not_finite_stops_with_step_and_t_and_leaves_the_weights(tmp_path: Path, data: str) -> None:
    bad = StoppingDensity(DIAGONAL, Anneal(fraction=0.5))
    bad.infinite_at = 4
    with pytest.raises(FloatingPointError, match=r"loss is inf at step 4, the weights are unchanged; t 0\.\d{3}$"):
        trainer(tmp_path / "bad", data, bad).fit()
    with pytest.raises(Stop):
        trainer(tmp_path / "good", data, stopping(4)).fit()
    one, other = weights(tmp_path / "bad"), weights(tmp_path / "good")
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_a_held_out_figure_that_is_no_number_stops_before_a_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Density, "figures", lambda *args: {"nll": math.nan})
    with pytest.raises(FloatingPointError, match=r"validation nll is nan after step 3, in epoch 1: .* was not saved"):
        trainer(tmp_path, validation=0.25, checkpoint_minutes=10.0).fit()
    assert not (tmp_path / "checkpoints").exists()


@pytest.mark.parametrize(
    ("task", "message"),
    [
        (Density(DIAGONAL, Anneal(degradation="blur")), "blur needs images .* for a table use noise"),
        (Density(DensityArgs("diagonal", {"hidden": 3}), Anneal()), "'diagonal' does not take these arguments"),
        (Density(DIAGONAL, Anneal(steps=3)), r"at least an epoch \(4 steps\)"),
        (Density(DIAGONAL, Anneal(steps=99)), r"at most the training \(16\)"),
    ],
)
def test_a_mistake_is_told_in_a_line_before_any_work(tmp_path: Path, task: Density, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        trainer(tmp_path / "run", task=task).fit()
    assert not (tmp_path / "run" / "checkpoints").exists()


@pytest.mark.parametrize("batch", [{"batch_size": 1}, {"batch_size": 19, "accumulate": 10}, {"accumulate": 40}])
def test_parts_of_one_row_are_refused_before_any_work_where_a_batch_has_statistics(
    tmp_path: Path, batch: dict[str, int]
) -> None:
    maf, run = DensityArgs("maf", {"hidden": 8}), tmp_path / "maf"
    with pytest.raises(ValueError, match="batch normalisation needs more than 1 row in training, got 1"):
        trainer(run, task=Density(maf, Anneal()), **batch).fit()
    assert not list(run.iterdir())
    trainer(tmp_path / "diagonal", epochs=2, **batch).fit()


def test_fewer_rows_than_a_batch_are_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="the 135 training rows of iris, got 136"):
        trainer(tmp_path / "run", batch_size=136).fit()


def test_the_density_of_the_plane_is_drawn_over_the_annealing(tmp_path: Path) -> None:
    SETS["moons"] = Moons(n=300)
    trainer(tmp_path, "moons", epochs=2).fit()
    kept = [safetensors.torch.load_file(path) for path in sorted((tmp_path / "snapshots").iterdir())]
    log_prob = kept[-1]["log_prob"]
    mass = float(log_prob.double().exp().sum()) * (6 / 99) ** 2
    assert len(kept) == 2 and 0.8 < mass < 1.02, "a density, on a grid that holds most of it"


def test_a_diagonal_gaussian_is_what_it_says() -> None:
    model = DiagonalGaussian((3,))
    x = torch.randn(5, 3, generator=torch.Generator().manual_seed(0))
    expected = torch.distributions.Normal(model.mean, model.log_std.exp()).log_prob(x).sum(1)
    torch.testing.assert_close(model.log_prob(x), expected)
    torch.testing.assert_close(model.decode(model.encode(x)), x)


def test_grey_images_in_three_channels_are_told() -> None:
    grey, _ = FewDigits().load()
    three = replace(grey, images=grey.images.expand(-1, 3, -1, -1))
    with pytest.warns(UserWarning, match=r"are grey, in three channels .* data\.channels=1"):
        Density(DIAGONAL, Anneal()).build(three)
    colours = three.images.clone()
    colours[0, 0, 0, 0] ^= 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Density(DIAGONAL, Anneal()).build(replace(grey, images=colours))
        Density(DIAGONAL, Anneal()).build(grey)
