"""robustmoll bench of a run on other images than its own: never taken for its own, and of the same classes."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from PIL import Image

from robustmoll.api import Run, train
from robustmoll.cli import main
from robustmoll.data.corrupted.write import write_corrupted
from robustmoll.evaluate.classifiers.over_seeds import seeds_table
from tests.tiny_data import FewDigits

SMALL: dict[str, Any] = {
    "data": "tests.tiny_data.FewDigits",
    "batch_size": 32,
    "epochs": 1,
    "bench": {"corruptions": ["contrast"], "severities": [5]},
}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train(SMALL, run=tmp_path_factory.mktemp("runs") / "plain").folder


@pytest.fixture
def run(trained: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(trained, tmp_path / "plain"))


def digits_folder(root: Path, names: Sequence[str]) -> list[str]:
    """Writes two digits of each class into folders of these names, and returns the flags that read them."""
    images = FewDigits().load()[0]
    for label, name in enumerate(names):
        (root / name).mkdir(parents=True)
        for place, row in enumerate((images.labels == label).nonzero()[:2, 0].tolist()):
            Image.fromarray(images.images[row, 0].numpy()).save(root / name / f"{place}.png")
    flags = {"root": root, "size": 16, "channels": 1, "test_fraction": 0.5}
    return ["--data", "ImageFolder", *(word for key, value in flags.items() for word in (f"--data.{key}", str(value)))]


def fails(capsys: pytest.CaptureFixture[str], *args: object) -> str:
    assert main(["bench", *map(str, args)]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1, said
    return said


def test_other_images_are_never_measured_as_the_runs_own(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = (run / "bench" / "corruptions" / "cells.csv").read_bytes()
    named, other = (digits_folder(tmp_path / name, "0123456789") for name in ("corruptions", "pictures"))
    for flags in (
        named,
        [*other, "--suite", "corruptions"],
        [*other, "--out", run / "x" / ".." / "bench" / "corruptions"],
    ):
        assert "is for the run's own test images; name another folder" in fails(capsys, run, *flags)
    assert (run / "bench" / "corruptions" / "cells.csv").read_bytes() == own
    assert main(["bench", str(run), *other]) == 0
    assert Run(run).cells[0].dataset == "few_digits/test"
    assert "pictures/test" in (run / "bench" / "pictures" / "cells.csv").read_text()


def test_a_run_whose_own_images_are_elsewhere_is_measured_on_those_that_are_named(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = yaml.safe_load((run / "config.yaml").read_text())
    config["data"] = {"class_path": "ImageFolder", "init_args": {"root": "/not/here"}}
    (run / "config.yaml").write_text(yaml.safe_dump(config))
    assert "data folder /not/here does not exist" in fails(capsys, run)
    assert main(["bench", str(run), *digits_folder(tmp_path / "pictures", "0123456789")]) == 0
    assert "pictures/test" in (run / "bench" / "pictures" / "cells.csv").read_text()


def test_a_set_is_called_as_its_folder_is(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_corrupted(FewDigits().load()[1], tmp_path / "few-c", corruptions=("contrast",), severities=(5,))
    for inside, name in ((folder, "."), (folder / "x", "..")):
        inside.mkdir(exist_ok=True)
        monkeypatch.chdir(inside)
        assert main(["bench", str(run), "--corrupted", name]) == 0
        assert {path.parent.name for path in run.rglob("cells.csv")} == {"corruptions", "few-c"}
    assert "is no name for a folder of results" in fails(capsys, run, "--corrupted", folder, "--suite", "..")


def test_classes_of_other_names_are_told(run: Path, tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match=r"plain has the classes of letters under other names \(class 0 is '0' to it"):
        assert main(["bench", str(run), *digits_folder(tmp_path / "letters", "abcdefghij")]) == 0


MISTAKES = [
    (["--corruptions", "[]", "--baseline", "alexnet"], "a baseline is for the benchmark's corruptions"),
    (["--baseline", "alexnet"], "baseline AlexNet has preset 'imagenet', the table 'cifar'"),
    (["--baseline", "alexnet", "--preset", "imagenet"], r"baseline AlexNet has severities [1, 2, 3, 4, 5], the table"),
]


@pytest.mark.parametrize(("flags", "message"), MISTAKES)
def test_what_has_no_summary_is_refused_before_the_work(
    run: Path, tmp_path: Path, flags: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert message in fails(capsys, run, "--out", tmp_path / "out", *flags)
    assert not (tmp_path / "out").exists()


def test_further_corruptions_join_those_that_are_there(run: Path) -> None:
    assert main(["bench", str(run), "--corruptions", "[speckle_noise]"]) == 0
    assert [cell.key for cell in Run(run).cells] == ["clean-0", "contrast-5", "speckle_noise-5"]


@pytest.mark.parametrize(("corruptions", "measured"), [([], []), (["speckle_noise"], ["speckle_noise"])])
def test_clean_images_alone_are_measured_shown_and_compared(
    corruptions: list[str], measured: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = train(SMALL, bench={"corruptions": corruptions}, run=tmp_path / "run-0")
    assert [cell.name for cell in run.cells] == ["clean", *measured]
    summary = run.summary
    assert summary["corrupted"] is None and list(summary["corruptions"]) == measured
    assert summary["clean"]["error"] == run.cells[0].error
    said = capsys.readouterr().out
    assert f"error {run.cells[0].error:.2%} clean; ECE {run.cells[0].ece:.2%} clean\n" in said
    text = (run.results.folder / "summary.md").read_text()
    assert "| clean " in text and "corrupted (" not in text and ("none of them corrupted" in text) == (not measured)
    page = (run.folder / "report.html").read_text()
    assert "Confidence against accuracy" in page and ("Every cell" in page) == bool(measured)
    again = ["bench", str(run.folder), "--corruptions", f"[{', '.join(corruptions)}]", "--out", str(tmp_path / "run-1")]
    assert main(again) == 0
    folders = [str(run.folder), str(tmp_path / "run-1")]
    assert main(["compare", *folders, "--resamples", "5", "--report", str(tmp_path / "both.html")]) == 0
    assert (
        "clean error %" in (tmp_path / "both.html").read_text() and "<img" not in (tmp_path / "both.html").read_text()
    )
    assert "| clean error % |" in seeds_table({"run": [run.cells]}).splitlines()[0]
    assert f"{100 * run.cells[0].error:.2f}" in seeds_table({"run": [run.cells]})
