"""Training from Python: what the command line does, no more and no less."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import robustmoll as rm
from robustmoll.cli import main
from robustmoll.data.tables import EmbeddedTable
from robustmoll.storage import checkpoint
from tests.tiny_data import FewDigits

CONFIG: dict[str, Any] = {
    "data": {"class_path": "tests.tiny_data.FewDigits", "init_args": {"train": 64}},
    "batch_size": 32,
    "epochs": 1,
    "mollify": {"policy": "sink"},
    "bench": {"corruptions": ["contrast"], "severities": [1, 5]},
}


def test_a_call_trains_the_weights_that_the_command_line_trains(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("base: b.yaml\nmollify: {policy: sink}\nbench: {corruptions: [contrast], severities: [1, 5]}\n")
    (tmp_path / "b.yaml").write_text(
        "data: {class_path: tests.tiny_data.FewDigits, init_args: {train: 64}}\nbatch_size: 32\n"
    )
    flags = ["--epochs", "2", "--optimizer.lr", "0.02", "--run", str(tmp_path / "shell")]
    assert main(["train", "--config", str(path), *flags]) == 0
    runs = [
        rm.train(path, epochs=2, optimizer={"lr": 0.02}, run=tmp_path / "from-file"),
        rm.train(CONFIG, epochs=2, optimizer={"lr": 0.02}, run=str(tmp_path / "from-keys")),
        rm.train([str(path), CONFIG | {"epochs": 2}, {"optimizer": {"lr": 0.02}}], run=tmp_path / "from-both"),
    ]
    weights = checkpoint.load(tmp_path / "shell" / "checkpoints" / "last").weights
    for run in runs:
        own = checkpoint.load(run.folder / "checkpoints" / "last").weights
        assert own.keys() == weights.keys() and all(torch.equal(own[name], weights[name]) for name in own), run
        text = (run.folder / "config.yaml").read_text()
        assert text.replace(run.folder.name, "shell") == (tmp_path / "shell" / "config.yaml").read_text()


def test_a_run_tells_what_came_out(tmp_path: Path) -> None:
    run = rm.train(CONFIG, run=tmp_path / "run")
    images = FewDigits().load()[1]
    right = run.classifier(images.images).argmax(1) == images.labels
    assert [cell.corruption for cell in run.cells] == ["clean", "contrast", "contrast"]
    assert run.summary["clean"]["error"] == pytest.approx(1 - float(right.float().mean()), abs=1e-4)
    assert run.classifier(images.images).shape == (40, 10) and not run.classifier.training
    assert rm.Run(tmp_path / "run").cells == run.cells
    with pytest.raises(ValueError, match="is no likelihood model"):
        _ = run.likelihood
    with pytest.raises(ValueError, match="is no run"):
        rm.Run(tmp_path)


def test_a_run_of_a_density_has_its_likelihood_model(tmp_path: Path) -> None:
    table: dict[str, Any] = {"class_path": "EmbeddedTable", "init_args": {"name": "iris"}}
    args = {"hidden": 8, "transforms": 1}
    run = rm.train(task="density", data=table, model={"args": args}, epochs=1, batch_size=32, run=tmp_path / "run")
    test, model = EmbeddedTable("iris").load()[1], run.likelihood
    assert not model.training and next(model.parameters()).device.type == "cpu"
    with torch.inference_mode():
        mean, drawn = -model(test.inputs).mean(), model.sample(1000, torch.Generator().manual_seed(0))
    assert float(mean) == pytest.approx(run.summary["lines"][0]["value"], abs=1e-5)
    np.testing.assert_allclose(drawn.mean(0), [5.8, 3.1, 3.8, 1.2], atol=1.5)  # centimetres
    with pytest.raises(ValueError, match="is no classifier, but a maf"):
        _ = run.classifier


def test_the_caller_s_random_numbers_are_as_if_nothing_had_been_trained(tmp_path: Path) -> None:
    before = torch.get_rng_state(), np.random.get_state()[1].tolist()
    rm.train(CONFIG, run=tmp_path / "run")
    assert torch.equal(torch.get_rng_state(), before[0])
    assert np.random.get_state()[1].tolist() == before[1]


def test_the_caller_s_default_device_does_not_matter(tmp_path: Path) -> None:
    with torch.device("meta"):
        run = rm.train(CONFIG, run=tmp_path / "run")
    assert len(run.cells) == 3


MISTAKES: list[tuple[dict[str, Any], str]] = [
    ({"epohs": 3}, "config: unknown key 'epohs'; did you mean 'epochs'"),
    ({"epochs": "many"}, "epochs: expected int, got 'many'"),
    ({"mollify": {"policy": "smoth"}}, "unknown label policy 'smoth'; did you mean 'smooth'"),
    ({"data": "Digit"}, "data: unknown Data 'Digit'; did you mean 'Digits'"),
    ({"data": FewDigits()}, "a config holds plain values, and classes by name, got <tests.tiny_data.FewDigits"),
    ({"data": {"class_path": "Digits", "init_args": {"size": 8}}}, "corruptions need images of at least 16x16 pixels"),
    ({"base": "nowhere.yaml"}, "cannot read config nowhere.yaml"),
]


@pytest.mark.parametrize(("change", "message"), MISTAKES)
def test_mistakes_are_value_errors(
    change: dict[str, Any], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ValueError) as error:
        rm.train([CONFIG, change], run=tmp_path / "run")
    assert str(error.value).startswith(message) and "\n" not in str(error.value)
    assert capsys.readouterr().err == "" and not (tmp_path / "run").exists()


def test_a_run_that_is_there_is_left_alone(tmp_path: Path) -> None:
    rm.train(CONFIG, run=tmp_path / "run")
    with pytest.raises(ValueError, match="holds a run already"):
        rm.train(CONFIG, run=tmp_path / "run")
    with pytest.raises(ValueError, match=r"another config: seed \(0 -> 1\)"):
        rm.train(CONFIG, run=tmp_path / "run", seed=1, resume=True)
    assert len(rm.train(CONFIG, run=tmp_path / "run", resume=True).cells) == 3
