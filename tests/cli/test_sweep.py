"""Configs times seeds: every one trained once, whatever happens in between."""

from pathlib import Path

import pytest

from robustmoll.cli import main, sweep
from robustmoll.config import training_parser
from robustmoll.evaluate.text import TextTable
from robustmoll.runs.kinds import KINDS

FLAGS = ["--epochs", "1", "--batch_size", "32", "--bench.corruptions", "[contrast]", "--bench.severities", "[1,5]"]


@pytest.fixture
def configs(tmp_path: Path) -> list[str]:
    (tmp_path / "base.yaml").write_text("run: unused\ndata: tests.tiny_data.FewDigits\n")
    for name, roles in {"plain": "{clean: 1}", "mollified": "{noise: 1, blur: 1}"}.items():
        (tmp_path / f"{name}.yaml").write_text(f"base: base.yaml\nmollify: {{probabilities: {roles}}}\n")
    return [str(tmp_path / "plain.yaml"), str(tmp_path / "mollified.yaml")]


def test_it_skips_what_is_finished_and_ends_in_one_table(
    configs: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    command = ["sweep", *configs, "--runs", str(tmp_path / "runs"), "--seeds"]
    assert main([*command, "[0]", "--", *FLAGS]) == 0
    first = {path: path.stat().st_mtime_ns for path in (tmp_path / "runs").glob("*/report.html")}
    assert main([*command, "[0,1]", "--", *FLAGS]) == 0
    assert len(first) == 2 and all(path.stat().st_mtime_ns == time for path, time in first.items())
    table = (tmp_path / "runs" / "sweep.md").read_text()
    assert "plain (2 seeds)" in table and "mollified (2 seeds)" in table and " ± " in table
    assert table.count("\n## ") == 0 and table.startswith(
        "## 40 images of few_digits/test, corruptions of preset cifar"
    )
    told = capfd.readouterr().out
    assert "training 4 of 4" in told and "40 images of few_digits/test" in told
    assert main([*command, "[0]", "--", *FLAGS, "--ema", "0.5"]) == 2
    assert "was started with another config: ema (None -> 0.5)" in capfd.readouterr().err


def test_another_benchmark_is_made_of_a_finished_training(
    configs: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, trained = tmp_path / "runs" / "plain-0", []
    parser = training_parser()
    asked = parser.parse_args(["--config", configs[0], "--run", str(folder), *FLAGS])
    folder.mkdir(parents=True)
    (folder / "config.yaml").write_text(parser.dump(asked))
    (folder / "report.html").touch()
    monkeypatch.setattr(sweep, "_train", lambda job: trained.append(job.folder))
    command = ["sweep", configs[0], "--runs", str(tmp_path / "runs"), "--seeds", "[0]", "--", *FLAGS]
    main(command)  # makes no table, as there are no cells
    assert trained == []
    main([*command, "--bench.severities", "[1,3,5]"])
    assert trained == [folder]
    main([*command, "--epochs", "2", "--resume", "changed"])
    assert trained == [folder, folder]


def test_a_training_that_fails_keeps_no_other_from_the_table(
    configs: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    (tmp_path / "steep.yaml").write_text("base: base.yaml\noptimizer: {lr: 1.0e+30}\nscheduler: {name: constant}\n")
    command = ["sweep", str(tmp_path / "steep.yaml"), configs[0], "--runs", str(tmp_path / "runs"), "--seeds", "[0]"]
    assert main([*command, "--", *FLAGS]) == 2
    told = capfd.readouterr().err
    assert "at step" in told and "left out of the table" in told and told.rstrip().count("steep-0") == 1
    table = (tmp_path / "runs" / "sweep.md").read_text()
    assert "plain (1 seed)" in table and "steep" not in table


def test_each_test_set_has_a_table_of_its_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kind = KINDS["density"]._replace(
        rows=lambda study: TextTable(["", "NLL"], [[name, str(len(runs))] for name, runs in study.items()]),
        measured_on=lambda run: f"the set of {run.name[0]}",
    )
    study = {name: [Path(f"{name}-0"), Path(f"{name}-1")] for name in ("ring8", "moons", "ring[9]")}
    sweep._write_tables(kind, study, tmp_path / "sweep.md")
    first, second = (tmp_path / "sweep.md").read_text().removeprefix("## ").split("\n\n## ")
    assert first.startswith("the set of r\n") and "| ring8 " in first and "| ring[9] " in first and "moons" not in first
    assert second.startswith("the set of m\n") and "| moons " in second and "ring" not in second
    assert "ring[9]" in capsys.readouterr().out


def test_mistakes_are_told_before_any_training(
    configs: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = ["--runs", str(tmp_path / "runs")]
    assert main(["sweep", configs[0], configs[0], *runs]) == 2
    assert "configs need names of their own" in capsys.readouterr().err
    (tmp_path / "bad.yaml").write_text("run: x\nepohs: 3\n")
    assert main(["sweep", configs[0], str(tmp_path / "bad.yaml"), *runs]) == 2
    assert "unknown key 'epohs'" in capsys.readouterr().err
    for mistake, told in {
        "augment: [AugMix]\njsd_weight: 12": "add AugMix with views=3",
        "model: {name: digits_cn}": "did you mean 'digits_cnn'",
        "optimizer: {name: sdg}": "unknown optimizer 'sdg'",
        "scheduler: {warmup_epochs: 99}": "fewer than the 30 epoch",
    }.items():
        (tmp_path / "bad.yaml").write_text(f"base: base.yaml\n{mistake}\n")
        assert main(["sweep", configs[0], str(tmp_path / "bad.yaml"), *runs]) == 2
        assert told in capsys.readouterr().err
    assert not (tmp_path / "runs").exists()
