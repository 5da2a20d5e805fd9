"""The commands as a user runs them, and what is left when they are stopped."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from robustmoll.cli import COMMANDS, main
from robustmoll.storage import checkpoint

ROOT = Path(__file__).parents[2]
FLAGS = ["--data", "tests.tiny_data.FewDigits", "--batch_size", "32", "--mollify.policy", "sink"]
BENCH = ["--bench.corruptions", "[gaussian_noise,contrast]", "--bench.severities", "[1,5]"]


def start(run: Path, epochs: int, *flags: str) -> subprocess.Popen[str]:
    """Starts a training that stops nowhere by itself for a while."""
    command = [sys.executable, "-m", "robustmoll.cli", "train", *FLAGS, *BENCH, "--run", str(run)]
    return subprocess.Popen(
        [*command, "--epochs", str(epochs), "--checkpoint_minutes", "0", *flags],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )


def wait_for(path: Path, process: subprocess.Popen[str]) -> None:
    for _ in range(6000):
        if path.exists():
            return
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.02)
    raise TimeoutError(path)


def assert_equal_weights(one: Path, other: Path) -> None:
    a, b = (checkpoint.load(run / "checkpoints" / "last").weights for run in (one, other))
    assert a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def test_train_bench_and_compare_in_turn(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runs = [str(tmp_path / name) for name in ("plain", "mollified")]
    for run, roles in zip(runs, ("{clean: 1}", "{noise: 1, blur: 1}"), strict=True):
        assert main(["train", *FLAGS, *BENCH, "--run", run, "--epochs", "2", "--mollify.probabilities", roles]) == 0
    for name in ("config.yaml", "env.json", "metrics.csv", "report.html", "plots/heat-map.png"):
        assert (tmp_path / "mollified" / name).stat().st_size > 0
    cells = tmp_path / "mollified" / "bench" / "corruptions" / "cells.csv"
    before = cells.read_text()
    assert len(before.splitlines()) == 1 + 1 + 4
    capsys.readouterr()
    assert main(["bench", *runs, "--severities", "[1,3,5]"]) == 0
    after = cells.read_text()
    assert after.startswith(before) and len(after.splitlines()) == 1 + 1 + 6, "finished cells are kept"
    assert "error" in capsys.readouterr().out
    assert main(["compare", *runs, "--resamples", "50"]) == 0
    text = capsys.readouterr().out
    assert "plain" in text and "corrupted NLL" in text
    assert main(["models", "list"]) == 0
    text = capsys.readouterr().out
    assert "wide_resnet16_2" in text and "image_realnvp" in text and "transforms: 5" in text


def test_tensorboard_gets_the_epochs(tmp_path: Path) -> None:
    flags = ["--epochs", "1", "--trackers", "[tensorboard]", "--bench.corruptions", "[contrast]"]
    assert main(["train", *FLAGS, *flags, "--run", str(tmp_path)]) == 0
    assert list(tmp_path.rglob("events.out.tfevents.*"))


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGINT])
def test_a_killed_or_interrupted_training_goes_on_where_it_was(tmp_path: Path, ending: signal.Signals) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    assert start(whole, 8).wait() == 0
    process = start(parts, 8)
    wait_for(parts / "checkpoints" / "previous", process)
    process.send_signal(ending)
    _, errors = process.communicate()
    if ending == signal.SIGINT:
        assert process.returncode == 130
        assert errors.strip().splitlines()[-1].startswith("robustmoll: error: stopped after step")
    else:
        assert process.returncode == -signal.SIGKILL
    stopped_at = checkpoint.load_newest(parts / "checkpoints").step
    assert 0 < stopped_at < 24, "it was stopped under way"
    assert start(parts, 8, "--resume", "true").wait() == 0
    assert_equal_weights(whole, parts)


def test_the_overview_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    text = capsys.readouterr().out
    assert all(f"  {name} " in text for name in COMMANDS)
