"""A benchmark that was stopped goes on where it was, alone or in two processes."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from torch import Tensor

from robustmoll.evaluate.classifiers.results import Results
from tests.evaluate.counting import CORRUPTIONS, Counting, run

SLOW = """
import sys, time
from tests.evaluate.counting import Counting, run
class Slow(Counting):
    def forward(self, x):
        time.sleep(0.05)
        return super().forward(x)
run(sys.argv[1], Slow(), name="linear", batch_size=20)
"""

WORKER = """
import sys
from accelerate import Accelerator
from tests.evaluate.counting import Counting, digits, run
accelerator = Accelerator(cpu=True)
assert accelerator.num_processes == 2
model = Counting()
cells = run(sys.argv[1], model, accelerator=accelerator, batch_size=20)
assert model.seen == 5 * (60, 41)[accelerator.process_index], model.seen
assert len(cells) == 5
accelerator.end_training()
"""


def test_finished_cells_are_not_computed_again(tmp_path: Path) -> None:
    model = Counting()
    first = run(tmp_path, model, corruptions=CORRUPTIONS[:1])
    assert model.seen == 3 * 101
    second = run(tmp_path, model)
    assert model.seen == 5 * 101
    assert second[:3] == first
    assert run(tmp_path, model) == second
    assert model.seen == 5 * 101


def test_renamed_model_is_still_the_same_model(tmp_path: Path) -> None:
    model = Counting()
    cells = run(tmp_path, model, name="runs/one")
    assert run(tmp_path, model, name="runs/renamed") == cells
    assert model.seen == 5 * 101


def test_half_written_last_line_is_done_again_and_nothing_else(tmp_path: Path) -> None:
    model, table = Counting(), tmp_path / "cells.csv"
    cells = run(tmp_path, model)
    whole = table.read_text()
    for cut in (1, 4, 60):  # the line end, part of the last figure, most of the line
        table.write_text(whole[:-cut])
        model.seen = 0
        assert run(tmp_path, model) == cells
        assert model.seen == 101
        assert table.read_text() == whole


def test_missing_outcomes_are_made_again(tmp_path: Path) -> None:
    cells = run(tmp_path)
    (tmp_path / "outcomes" / "contrast-1.npz").unlink()
    model = Counting()
    assert sorted(run(tmp_path, model), key=str) == sorted(cells, key=str)
    assert model.seen == 101
    assert len(Results(tmp_path).judged(cells[-2]).raw.nll) == 101


def test_killed_benchmark_goes_on_at_the_first_unfinished_cell(tmp_path: Path) -> None:
    class Killed(Counting):
        def forward(self, x: Tensor) -> Tensor:
            if self.seen >= 250:
                raise KeyboardInterrupt
            return super().forward(x)

    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, Killed(), name="linear", batch_size=50)
    assert len(Results(tmp_path).cells()) == 2
    model = Counting()
    cells = run(tmp_path, model, name="linear", batch_size=50)
    assert model.seen == 3 * 101
    assert cells == run(tmp_path / "uninterrupted", name="linear", batch_size=50)
    assert not list(tmp_path.rglob("*.tmp"))


def test_benchmark_killed_at_any_moment_leaves_what_it_had_finished(tmp_path: Path) -> None:
    script = tmp_path / "slow.py"
    script.write_text(SLOW)
    table = tmp_path / "out" / "cells.csv"
    process = subprocess.Popen([sys.executable, str(script), str(tmp_path / "out")], env=worker_environment())
    while not (table.exists() and table.read_text().count("\n") > 2):
        assert process.poll() is None
        time.sleep(0.01)
    process.kill()
    process.wait()
    done = Results(tmp_path / "out").cells()
    assert 2 <= len(done) < 5
    model = Counting()
    cells = run(tmp_path / "out", model, name="linear", batch_size=20)
    assert model.seen == (5 - len(done)) * 101 and cells[: len(done)] == done
    assert cells == run(tmp_path / "uninterrupted", name="linear", batch_size=20)


def worker_environment() -> dict[str, str]:
    path = os.pathsep.join([str(Path(__file__).parents[3]), *sys.path])
    return {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"}


def test_two_processes_give_the_digits_of_one(tmp_path: Path) -> None:
    worker = tmp_path / "worker.py"
    worker.write_text(WORKER)
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    done = subprocess.run(
        [*launch, str(worker), str(tmp_path / "two")],
        env=worker_environment(),
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    run(tmp_path / "one", batch_size=20)
    assert (tmp_path / "two" / "cells.csv").read_text() == (tmp_path / "one" / "cells.csv").read_text()
