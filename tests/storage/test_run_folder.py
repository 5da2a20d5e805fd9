"""The folder of a run."""

from pathlib import Path

import pytest

from robustmoll.storage.run_folder import Resume, RunFolder
from robustmoll.storage.saved_config import config_changes


@pytest.mark.parametrize(("resume", "kept"), [(True, {"bench", "density"}), ("changed", set())])
def test_a_run_that_goes_on_has_no_report_and_a_changed_one_no_figures(
    tmp_path: Path, resume: Resume, kept: set[str]
) -> None:
    for folder in ("bench", "density", "checkpoints"):
        (tmp_path / folder).mkdir()
    (tmp_path / "report.html").touch()
    RunFolder(tmp_path).describe(resume, "epochs: 2\n")
    assert {path.name for path in tmp_path.iterdir()} == {"checkpoints", "config.yaml", "env.json"} | kept


def test_a_run_of_before_imports_goes_on(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    run.config.write_text("epochs: 2\n")
    assert config_changes(run.config, "epochs: 2\nimports: []\n") == []
    assert config_changes(run.config, "epochs: 3\nimports: []\n") == ["epochs (2 -> 3)"]
