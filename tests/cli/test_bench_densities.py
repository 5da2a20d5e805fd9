"""Runs of likelihood models, measured again and side by side from the command line."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from torchvision.models.inception import Inception3

import robustmoll as rm
from robustmoll.cli import main
from robustmoll.evaluate.densities import measure
from robustmoll.evaluate.densities.features import INCEPTION_FILE
from tests import tiny_densities  # noqa: F401 (its models, by name)

TABLE = ["--task", "density", "--data", "EmbeddedTable", "--data.name", "iris", "--model.name", "diagonal"]
IMAGES = ["--data", "tests.tiny_data.FewDigits", "--data.size", "24", "--epochs", "1", "--batch_size", "32"]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A classifier, and two Gaussians of the same images, of which the first was measured against it."""
    folder = tmp_path_factory.mktemp("runs")
    few = ["--bench.corruptions", "[contrast]", "--bench.severities", "[1]"]
    assert main(["train", *IMAGES, "--model.name", "digits_cnn", *few, "--run", str(folder / "classifier")]) == 0
    for name, flags in {"first": ["--bench.classifier", str(folder / "classifier")], "second": ["--seed", "1"]}.items():
        density = ["--task", "density", "--model.name", "diagonal", "--validation", "0.25", *flags]
        assert main(["train", *IMAGES, *density, "--run", str(folder / name)]) == 0
    return folder


def test_images_are_measured_against_a_classifier_and_again_without_training(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second, classifier = (str(runs / name) for name in ("first", "second", "classifier"))
    summary = json.loads((runs / "first" / "density" / "summary.json").read_text())
    assert [(one["metric"], one["name"], one["real"]) for one in summary["distances"]] == [
        ("classifier_frechet_distance", "best on validation", 40),
        ("classifier_frechet_distance", "last step", 40),
    ]
    assert "Fréchet distance (classifier features)" in (runs / "first" / "report.html").read_text()
    weights = {path: path.read_bytes() for path in runs.glob("*/checkpoints/*/*")}
    assert main(["bench", first]) == 0
    assert json.loads((runs / "first" / "density" / "summary.json").read_text()) == summary
    assert main(["bench", first, second, "--classifier", classifier, "--generated", "9", "--seed", "2"]) == 0
    assert "Fréchet distance" in capsys.readouterr().out
    summaries = [json.loads((runs / name / "density" / "summary.json").read_text()) for name in ("first", "second")]
    assert [(one["distances"][0]["generated"], one["distances"][0]["seed"]) for one in summaries] == [(9, 2), (9, 2)]
    assert all(path.read_bytes() == content for path, content in weights.items())


def test_a_run_without_a_finished_epoch_is_measured_and_shown_without_curves(runs: Path, tmp_path: Path) -> None:
    run = shutil.copytree(runs / "second", tmp_path / "run", ignore=shutil.ignore_patterns("snapshots", "plots"))
    (run / "metrics.csv").unlink()
    assert main(["bench", str(run)]) == 0
    page = (run / "report.html").read_text()
    assert "bits/dim" in page and "data:image/svg" not in page


def test_runs_side_by_side(runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, second, classifier = (str(runs / name) for name in ("first", "second", "classifier"))
    assert main(["bench", first, second, "--classifier", classifier, "--generated", "9"]) == 0
    capsys.readouterr()
    page = tmp_path / "both.html"
    assert main(["compare", first, second, "--resamples", "50", "--report", str(page)]) == 0
    out = capsys.readouterr().out
    assert "bits/dim" in out and "minus first" in out and "precision" in out
    assert "minus first" in page.read_text() and "data:image/svg" in page.read_text()
    assert main(["compare", first, classifier]) == 2
    assert "runs of different tasks do not compare" in capsys.readouterr().err


def test_a_table_that_has_changed_since_the_training_is_not_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table, run = tmp_path / "rows.csv", str(tmp_path / "run")
    lines = [f"{i % 7},{i % 3}" for i in range(90)]
    table.write_text("\n".join(["x,y", *lines]))
    data = ["--task", "density", "--data", "TableFile", "--data.file", str(table), "--model.name", "diagonal"]
    assert main(["train", *data, "--epochs", "1", "--batch_size", "32", "--run", run]) == 0
    assert main(["bench", run]) == 0
    table.write_text("\n".join(["x,y", *(f"{line}5" for line in lines)]))
    capsys.readouterr()
    assert main(["bench", run]) == 2
    told = "column 'y' had mean 1 and standard deviation 0.801233617, now 15 and 8.01233617; train again"
    assert told in capsys.readouterr().err
    table.write_text("\n".join(["x,z", *lines]))
    assert main(["bench", run]) == 2
    assert "columns were x, y, and are x, z; train again" in capsys.readouterr().err


def test_a_damaged_best_is_said_and_not_taken_for_it(runs: Path, tmp_path: Path) -> None:
    run = shutil.copytree(runs / "first", tmp_path / "run")
    path = run / "checkpoints" / "best" / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.warns(UserWarning, match=r"passed over a damaged checkpoint: .*best.model\.safetensors"):
        assert main(["bench", str(run)]) == 0
    assert rm.Run(run).summary["lines"][0]["name"] == "last step"


def test_a_measurement_that_was_stopped_is_none(
    runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run, whole = shutil.copytree(runs / "first", tmp_path / "run"), measure.write_whole

    def stopped(path: Path, content: bytes) -> None:
        whole(path, content)
        if path.name == "test.safetensors":
            raise KeyboardInterrupt

    monkeypatch.setattr(measure, "write_whole", stopped)
    assert main(["bench", str(run)]) == 130
    assert main(["compare", str(run), str(runs / "second")]) == 2
    assert "has no measurement" in capsys.readouterr().err
    with pytest.raises(ValueError, match="was not measured yet"):
        _ = rm.Run(run).summary


def test_a_fid_is_never_a_classifier_s_distance(runs: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = Inception3(num_classes=1008, aux_logits=False, init_weights=False)
    torch.save(network.state_dict(), tmp_path / INCEPTION_FILE)
    flags = ["--inception", str(tmp_path / INCEPTION_FILE), "--classifier", str(runs / "classifier")]
    assert main(["bench", str(runs / "second"), *flags, "--generated", "4"]) == 0
    found = json.loads((runs / "second" / "density" / "summary.json").read_text())["distances"]
    assert {(one["metric"], one["extractor"].split()[0], one["features"]) for one in found} == {
        ("classifier_frechet_distance", "digits_cnn", 64),
        ("fid", "inception-2015-12-05", 2048),
    }
    text = (runs / "second" / "density" / "summary.md").read_text()
    assert text.index("## Fréchet distance (classifier features)") < text.index("## FID") and "299 x 299" in text


def test_what_bench_refuses_it_refuses_before_any_work(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, classifier = str(runs / "first"), str(runs / "classifier")
    before = (runs / "first" / "density" / "summary.json").stat().st_mtime_ns
    for flags, message in [
        ([first, classifier], "is a run of the task 'classify', but this needs one of 'density'"),
        ([first, "--corruptions", "[fog]"], "unknown option --corruptions"),
        ([first, "--classifier", first], "is no classifier"),
        ([first, "--inception", "/nowhere.pth"], "put the Inception weights there"),
        ([first, "--generated", "-1"], "0 for all, got -1"),
        ([first, "--classifier", classifier, "--generated", "41"], "0 takes all 40"),
    ]:
        assert main(["bench", *flags]) == 2
        lines = capsys.readouterr().err.strip().splitlines()
        assert message in lines[-1] and sum("error" in line for line in lines) == 1
    assert (runs / "first" / "density" / "summary.json").stat().st_mtime_ns == before


def test_a_training_is_refused_whose_images_could_not_be_measured(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run, classifier = tmp_path / "run", ["--bench.classifier", str(runs / "classifier")]
    images = ["--task", "density", *IMAGES, "--data.size", "16", "--model.name", "diagonal"]
    for flags, message in [
        ([*TABLE, *classifier], "iris is a table, and bench.classifier and bench.inception are for images"),
        ([*images, *classifier], "was trained on images of shape (1, 24, 24), but these have (1, 16, 16)"),
    ]:
        capsys.readouterr()
        assert main(["train", *flags, "--run", str(run)]) == 2
        assert message in capsys.readouterr().err and not run.exists()
