"""Likelihood models from the command line: train, measure, report, sample, sweep."""

import csv
import json
from pathlib import Path

import pytest

from robustmoll.cli import main
from robustmoll.config import build_trainer, training_parser
from robustmoll.degradations import Degradation, GaussianBlur, HeatBlur, Noise
from robustmoll.tasks import Density
from tests import tiny_densities  # noqa: F401 (its models, by name)

CONFIGS = Path(__file__).parents[2] / "configs"


DATA = ["--task", "density", "--data", "EmbeddedTable", "--data.name", "iris", "--model.name", "diagonal"]


def test_train_measure_report_and_sample_from_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    flags = [
        "--epochs",
        "3",
        "--batch_size",
        "32",
        "--validation",
        "0.1",
        "--anneal.fraction",
        "0.5",
        "--run",
        str(run),
    ]
    assert main(["train", *DATA, *flags]) == 0
    assert "full-covariance Gaussian" in capsys.readouterr().out
    summary = json.loads((run / "density" / "summary.json").read_text())
    assert [line["name"] for line in summary["lines"]] == [
        "best on validation",
        "last step",
        "full-covariance Gaussian",
    ]
    assert summary["figure"] == "log_likelihood" and summary["n_train"] == 122 and summary["n_test"] == 15
    assert "log-likelihood in nats" in (run / "density" / "summary.md").read_text()
    assert (run / "report.html").stat().st_size > 10_000 and (run / "plots" / "samples.png").exists()
    assert main(["sample", str(run), "--n", "5"]) == 0
    (table,) = (run / "samples").glob("*.csv")
    lines = list(csv.reader(table.open()))
    assert lines[0][0] == "sepal length (cm)" and len(lines) == 6 and 2 < float(lines[1][0]) < 12, "in centimetres"
    assert main(["sample", str(run), "--n", "2", "--interpolate", "7", "--out", str(tmp_path / "way.csv")]) == 0
    assert len((tmp_path / "way.csv").read_text().splitlines()) == 15
    still = ["--n", "2", "--interpolate", "3", "--temperature", "0", "--out", str(tmp_path / "still.csv")]
    assert main(["sample", str(run), *still]) == 0
    _, *points = csv.reader((tmp_path / "still.csv").open())
    assert points == 6 * points[:1] and 2 < float(points[0][0]) < 12, "between the mean and itself is the mean"
    assert main(["sample", str(run), "--n", "0"]) == 2
    for steps in ("3", "4"):
        assert main(["sample", str(run), "--n", "2", "--interpolate", steps]) == 0
    names = [f"interpolated-2x{steps}-seed0-temperature1.csv" for steps in (3, 4)]
    assert [path.name for path in sorted((run / "samples").glob("interpolated*"))] == names
    capsys.readouterr()
    assert main(["sample", str(run), "--out", str(tmp_path / "rows.png")]) == 2
    assert "are written as .csv, got --out" in capsys.readouterr().err and not (tmp_path / "rows.png").exists()


def test_images_from_the_command_line_and_the_same_seed_gives_the_same_picture(tmp_path: Path) -> None:
    data = ["--task", "density", "--data", "tests.tiny_data.FewDigits", "--model.name", "diagonal"]
    flags = ["--epochs", "2", "--batch_size", "32", "--anneal.degradation", "blur", "--run", str(tmp_path / "run")]
    assert main(["train", *data, *flags]) == 0
    assert json.loads((tmp_path / "run" / "density" / "summary.json").read_text())["figure"] == "bits_per_dim"
    assert (tmp_path / "run" / "plots" / "samples-over-training.png").exists()
    pictures = []
    for name, seed, temperature in (("a", "0", "1"), ("b", "0", "1"), ("c", "1", "1"), ("d", "0", "0.5")):
        out = tmp_path / f"{name}.png"
        flags = ["--n", "6", "--seed", seed, "--temperature", temperature, "--out", str(out)]
        assert main(["sample", str(tmp_path / "run"), *flags]) == 0
        pictures.append(out.read_bytes())
    assert pictures[0] == pictures[1] and len({*pictures}) == 3


@pytest.mark.parametrize("name", ["uci-redwine-maf", "wine-maf", "moons-nsf", "digits-realnvp"])
def test_the_configs_build(name: str) -> None:
    parser = training_parser()
    config = parser.parse_args(["--config", str(CONFIGS / f"{name}.yaml")])
    made = build_trainer(parser, config)
    assert config.run == f"runs/{name}" and isinstance(made.task, Density) and made.optimizer.name == "adam"


CHOSEN = {"wine": [], "iris": ["--data.name", "iris"], "moons": ["--data", "Moons", "--data.n", "9"]}


def test_the_default_is_a_table_that_needs_no_file() -> None:
    parser = training_parser()
    for name, flags in CHOSEN.items():
        config = parser.parse_args(["--task", "density", "--run", "x", *flags])
        assert build_trainer(parser, config).data.read().name == name


def test_data_that_are_named_take_nothing_of_the_default_s_arguments(tmp_path: Path) -> None:
    (tmp_path / "digits.yaml").write_text("task: density\nrun: x\ndata: {class_path: Digits}\n")
    for flags, fraction in (
        (["--task", "density", "--run", "x", "--data", "ImageFolder", "--data.root", "y"], 0.2),
        (["--task", "density", "--run", "x", "--data=Digits"], 0.25),
        (["--config", str(tmp_path / "digits.yaml")], 0.25),
    ):
        data = training_parser().parse_args(flags).data.init_args
        assert data.test_fraction == fraction and data.get("name") is None, flags


@pytest.mark.parametrize(("named", "made"), [("noise", Noise), ("blur", HeatBlur), ("GaussianBlur", GaussianBlur)])
def test_a_degradation_is_named_by_its_word_or_its_class(named: str, made: type[Degradation]) -> None:
    parser = training_parser()
    config = parser.parse_args(["--task", "density", "--run", "x", "--anneal.degradation", named])
    assert type(build_trainer(parser, config).task.anneal.degradation) is made


MISTAKES = [
    (["--task", "densty"], "unknown task 'densty'; did you mean 'density'"),
    ([*DATA, "--data", "EmbeddedTabel"], "unknown DataSource 'EmbeddedTabel'; did you mean 'EmbeddedTable'"),
    ([*DATA, "--anneal.fraction", "2"], "fraction in [0, 1], got steps=None, fraction=2.0"),
    ([*DATA, "--anneal.schedule", "VQ"], "unknown"),
    ([*DATA, "--anneal.degradation", "fog"], "unknown degradation 'fog'. Known: noise, blur"),
    ([*DATA, "--mollify.policy", "sink"], "unknown option --mollify.policy"),
    ([*DATA, "--bench.samples", "0"], "at least 1 latent variable"),
]


@pytest.mark.parametrize(("flags", "message"), MISTAKES)
def test_a_mistaken_flag_is_one_line(
    flags: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", *flags, "--run", str(tmp_path / "run")]) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1 and message in lines[0]


def test_a_sweep_of_densities_ends_in_one_table(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    path = tmp_path / "iris.yaml"
    path.write_text("task: density\nrun: x\ndata: {class_path: EmbeddedTable, init_args: {name: iris}}\nepochs: 1\n")
    flags = ["--batch_size", "32", "--model.args", "{transforms: 1, hidden: 4}"]
    assert main(["sweep", str(path), "--seeds", "[0,1]", "--runs", str(tmp_path / "runs"), "--", *flags]) == 0
    table = (tmp_path / "runs" / "sweep.md").read_text()
    assert "iris (2 seeds)" in table and "last step" in table and " ± " in table and "log-likelihood in nats" in table
    (tmp_path / "classify.yaml").write_text("run: y\ndata: tests.tiny_data.FewDigits\n")
    both = ["sweep", str(path), str(tmp_path / "classify.yaml"), "--runs", str(tmp_path / "both")]
    assert main(both) == 2 and "one table is of one task" in capfd.readouterr().err
