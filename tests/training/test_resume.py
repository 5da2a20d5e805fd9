"""A training that was stopped goes on to the same weights, whatever stopped it."""

import shutil
from pathlib import Path

import pytest

from robustmoll import Mollify
from robustmoll.storage import checkpoint
from robustmoll.tasks import ModelArgs
from robustmoll.training import OptimizerArgs
from tests.tiny_training import VARIANTS, Stop, StoppingClassify, assert_equal_runs, trainer


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("stop_at", [0, 2, 3, 7])
def test_a_stopped_and_resumed_run_equals_an_uninterrupted_one(tmp_path: Path, variant: str, stop_at: int) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    trainer(whole, **VARIANTS[variant]).fit()
    with pytest.raises(Stop):
        trainer(parts, stop_at, **VARIANTS[variant]).fit()
    trainer(parts, resume=True, **VARIANTS[variant]).fit()
    assert_equal_runs(whole, parts)


def test_a_resumed_run_passes_over_a_damaged_checkpoint_and_says_so(tmp_path: Path) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    trainer(whole).fit()
    with pytest.raises(Stop):
        trainer(parts, 5).fit()
    path = parts / "checkpoints" / "last" / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.warns(UserWarning, match="passed over a damaged checkpoint"):
        trainer(parts, resume=True).fit()
    assert_equal_runs(whole, parts)


@pytest.mark.parametrize("resume", [False, True])
def test_a_run_that_was_killed_before_its_first_checkpoint_begins_again(tmp_path: Path, resume: bool) -> None:
    trainer(tmp_path / "whole", epochs=1).fit()
    shutil.copytree(tmp_path / "whole", tmp_path / "killed", ignore=shutil.ignore_patterns("checkpoints"))
    trainer(tmp_path / "killed", epochs=1, resume=resume).fit()
    assert_equal_runs(tmp_path / "whole", tmp_path / "killed")


def test_a_run_that_was_killed_in_its_first_checkpoint_begins_again(tmp_path: Path) -> None:
    trainer(tmp_path / "whole", epochs=1).fit()
    unfinished = tmp_path / "killed" / "checkpoints" / ".new"
    unfinished.mkdir(parents=True)
    (unfinished / "model.safetensors").touch()
    trainer(tmp_path / "killed", epochs=1, resume=True).fit()
    assert_equal_runs(tmp_path / "whole", tmp_path / "killed")


def test_what_a_run_started_from_may_be_gone_when_it_goes_on(tmp_path: Path) -> None:
    trainer(tmp_path / "first", epochs=1).fit()
    start = str(shutil.copytree(tmp_path / "first" / "checkpoints" / "last", tmp_path / "start"))
    trainer(tmp_path / "whole", start_from=start).fit()
    with pytest.raises(Stop):
        trainer(tmp_path / "parts", 5, start_from=start).fit()
    shutil.rmtree(start)
    trainer(tmp_path / "parts", resume=True, start_from=start).fit()
    assert_equal_runs(tmp_path / "whole", tmp_path / "parts")


def test_what_changed_of_the_optimizer_holds_from_then_on(tmp_path: Path) -> None:
    trainer(tmp_path, epochs=1, optimizer=OptimizerArgs(lr=0.1)).fit()
    other = OptimizerArgs(lr=0.2, weight_decay=0.5, momentum=0.6)
    trainer(tmp_path, epochs=2, optimizer=other, resume="changed").fit()
    saved = checkpoint.load(tmp_path / "checkpoints" / "last").training["optimizer"]["param_groups"]
    assert {(group["weight_decay"], group["momentum"]) for group in saved} == {(0.0, 0.6), (0.5, 0.6)}


def test_dropout_is_resumed_too(tmp_path: Path) -> None:
    task = [
        StoppingClassify(ModelArgs("test_vit", {"proj_drop_rate": 0.3, "patch_size": 8}), Mollify(10)) for _ in "abc"
    ]
    trainer(tmp_path / "whole", task=task[0], epochs=2).fit()
    with pytest.raises(Stop):
        trainer(tmp_path / "parts", 4, task=task[1], epochs=2).fit()
    trainer(tmp_path / "parts", task=task[2], epochs=2, resume=True).fit()
    assert_equal_runs(tmp_path / "whole", tmp_path / "parts")
