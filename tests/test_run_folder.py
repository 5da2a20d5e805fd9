"""The folder of a run."""

from pathlib import Path

import pytest

from robustmoll.run_folder import Resume, RunFolder


@pytest.mark.parametrize(("resume", "kept"), [(True, {"bench", "density"}), ("changed", set())])
def test_a_run_that_goes_on_has_no_report_and_a_changed_one_no_figures(
    tmp_path: Path, resume: Resume, kept: set[str]
) -> None:
    for folder in ("bench", "density", "checkpoints"):
        (tmp_path / folder).mkdir()
    (tmp_path / "report.html").touch()
    RunFolder(tmp_path).describe(resume, "epochs: 2\n")
    assert {path.name for path in tmp_path.iterdir()} == {"checkpoints", "config.yaml", "env.json"} | kept
