"""The benchmark keeps what it has done, repeats to the bit and refuses what does not fit."""

import dataclasses
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from robustmoll.corruptions import corrupt
from robustmoll.data import Digits, ImageSet
from robustmoll.evaluate.bench import bench
from robustmoll.evaluate.cells import COLUMNS, Cell, parse_cells
from robustmoll.evaluate.metrics import Outcomes, judged, measure
from robustmoll.evaluate.results import Results
from robustmoll.evaluate.temperature import cross_fit, fit_temperature

CORRUPTIONS = ("gaussian_noise", "contrast")
SEVERITIES = (1, 5)


def digits(n: int = 101) -> ImageSet:
    """The first scans of real handwritten digits, 32 x 32."""
    test = Digits().load()[1]
    return dataclasses.replace(test, images=test.images[:n], labels=test.labels[:n])


@cache
def templates() -> Tensor:
    """The mean of each class of the training digits, less that of all: shape (1024, 10)."""
    train = Digits().load()[0]
    images = train.images.flatten(1) / 255
    means = torch.stack([images[train.labels == digit].mean(0) for digit in range(10)], 1)
    return means - means.mean(1, keepdim=True)


class Counting(nn.Module):
    """A fixed linear classifier, better than chance, with dropout, that counts the images it sees."""

    def __init__(self, classes: int = 10, seed: int = 0) -> None:
        super().__init__()
        noise = torch.randn(32 * 32, classes, generator=torch.Generator().manual_seed(seed)) / 50
        self.weight = nn.Parameter((templates() / 4 if classes == 10 else 0) + noise)
        self.dropout = nn.Dropout(0.5)
        self.seen = 0

    def forward(self, x: Tensor) -> Tensor:
        assert x.dtype == torch.float32 and not torch.is_grad_enabled()
        self.seen += len(x)
        return self.dropout(x.flatten(1) @ self.weight)


def run(out: Path, model: nn.Module | None = None, data: ImageSet | None = None, **changes: object) -> list[Cell]:
    request = {"corruptions": CORRUPTIONS, "severities": SEVERITIES, **changes}
    return bench(model or Counting(), data or digits(), out, **request)  # type: ignore[arg-type]


def test_each_cell_is_what_a_plain_loop_finds(tmp_path: Path) -> None:
    data, model = digits(), Counting().eval()
    cells = run(tmp_path, model)
    assert [cell.key for cell in cells] == ["clean-0", *(f"{c}-{s}" for c in CORRUPTIONS for s in SEVERITIES)]
    with torch.no_grad():
        temperatures = cross_fit(model(data.images / 255), data.labels)
    assert Results(tmp_path).temperatures() == temperatures and temperatures.a is not None
    for cell in cells:
        images = data.images if cell.name == "clean" else corrupt(data.images, cell.name, cell.severity)
        with torch.no_grad():
            found = judged(model(images / 255), data.labels, temperatures.of_images(101))
        for column, value in measure(found).items():
            assert getattr(cell, column) == pytest.approx(value, rel=1e-6)
        assert (cell.temperature_a, cell.temperature_b) == (temperatures.a, temperatures.b)
        kept = Results(tmp_path).judged(cell)
        for stored, expected in zip((*kept.raw, *kept.scaled), (*found.raw, *found.scaled), strict=True):
            np.testing.assert_allclose(stored, expected, rtol=1e-4)
        assert (cell.model, cell.dataset, cell.preset, cell.mode, cell.seed, cell.n) == (
            "Counting", "digits/test", "cifar", "generated", 0, 101,
        )  # fmt: skip
        assert (cell.stage, cell.resolution) == ("model", "32x32")


def test_file_has_the_agreed_columns_and_reads_back_exactly(tmp_path: Path) -> None:
    cells = run(tmp_path, severities=(1 / 3, 5))
    text = (tmp_path / "cells.csv").read_text()
    agreed = "model,dataset,preset,mode,seed,corruption,severity,n,error,nll,brier,ece,"
    assert text.startswith(agreed)
    assert parse_cells(text) == cells == run(tmp_path, severities=(1 / 3, 5))
    assert [field.name for field in dataclasses.fields(Cell)] == list(COLUMNS)
    for cell in cells:
        assert measure(Results(tmp_path).judged(cell)) == {name: getattr(cell, name) for name in list(COLUMNS)[8:-4]}


def test_results_do_not_depend_on_batch_size(tmp_path: Path) -> None:
    whole, tenths = run(tmp_path / "101", batch_size=101), run(tmp_path / "10", batch_size=10)
    for one, other in zip(whole, tenths, strict=True):
        assert one.error == other.error
        # The last bits of a matrix product may depend on its size.
        assert (one.nll, one.ece) == pytest.approx((other.nll, other.ece), rel=1e-6)


def test_model_stays_in_its_mode_and_is_judged_without_dropout(tmp_path: Path) -> None:
    model = Counting().train()
    model.dropout.eval()
    frozen = run(tmp_path / "a", model)
    assert model.training and not model.dropout.training
    model.train()
    assert run(tmp_path / "b", model) == frozen
    assert model.dropout.training


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
    assert len(Results(tmp_path).outcomes(cells[-2]).nll) == 101


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


SLOW = """
import sys, time
from test_bench import Counting, run
class Slow(Counting):
    def forward(self, x):
        time.sleep(0.05)
        return super().forward(x)
run(sys.argv[1], Slow(), name="linear", batch_size=20)
"""


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
    here = Path(__file__).parent
    path = os.pathsep.join([str(here), str(here.parents[1]), *sys.path])
    return {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"}


def test_temperature_may_come_from_held_out_images(tmp_path: Path) -> None:
    train = Digits().load()[0]
    held_out = train.select(torch.arange(300))
    cells = run(tmp_path, held_out=held_out)
    with torch.no_grad():
        expected = fit_temperature(Counting().eval()(held_out.images / 255), held_out.labels)
    for cell in cells:
        assert cell.temperature_a == cell.temperature_b == pytest.approx(expected, rel=1e-5)
    temperatures = Results(tmp_path).temperatures()
    assert temperatures is not None and temperatures.fitted_on == "held-out clean images"
    raw, scaled = ([getattr(cell, column) for cell in cells] for column in ("nll", "nll_ts"))
    assert raw != scaled and [cell.nll for cell in cells] == [cell.nll for cell in run(tmp_path / "cross")]
    with pytest.raises(ValueError, match=r"with temperature 'fitted on .*', not 'cross-fitted'"):
        run(tmp_path)


WORKER = """
import sys
from accelerate import Accelerator
from test_bench import Counting, digits, run
accelerator = Accelerator(cpu=True)
assert accelerator.num_processes == 2
model = Counting()
cells = run(sys.argv[1], model, accelerator=accelerator, batch_size=20)
assert model.seen == 5 * (60, 41)[accelerator.process_index], model.seen
assert len(cells) == 5
accelerator.end_training()
"""


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


def test_progress_goes_to_stderr_only(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    run(tmp_path)
    assert capfd.readouterr().out == ""


@pytest.mark.parametrize(
    "change, message",
    [
        ({"preset": "tiny"}, "with preset 'cifar', not 'tiny'"),
        ({"seed": 1}, "with seed 0, not 1"),
        ({"model": Counting(seed=1)}, "with weights"),
        ({"data": digits(100)}, "with images"),
    ],
)
def test_folder_of_another_benchmark_is_refused(tmp_path: Path, change: dict[str, object], message: str) -> None:
    run(tmp_path, severities=(1,))
    before = (tmp_path / "cells.csv").read_bytes()
    with pytest.raises(ValueError, match=message) as raised:
        run(tmp_path, **change)  # type: ignore[arg-type]
    assert "use another folder" in str(raised.value) and "\n" not in str(raised.value)
    assert (tmp_path / "cells.csv").read_bytes() == before


def test_folder_says_what_was_measured(tmp_path: Path) -> None:
    run(tmp_path)
    said = json.loads((tmp_path / "bench.json").read_text())
    assert said["identity"]["preset"] == "cifar" and len(said["identity"]["weights"]) == 16
    assert said["environment"]["torch"] == torch.__version__.partition("+")[0]


class NotFinite(Counting):
    def forward(self, x: Tensor) -> Tensor:
        logits = super().forward(x)
        return logits.log() if self.seen > 101 else logits  # NaN from the second cell on


@pytest.mark.parametrize(
    "call, cells_kept, message",
    [
        (
            lambda out: run(out, Counting(classes=11)),
            0,
            r"clean 0: .*\(101, 11\), but \(101, 10\) are needed",
        ),
        (lambda out: run(out, NotFinite()), 1, r"gaussian_noise 1: .*NaN or infinite logits for \d+ of 101"),
        (lambda out: run(out, corruptions=("fogg",)), 0, "unknown corruption 'fogg'"),
        (lambda out: run(out, preset="cfar"), 0, "did you mean 'cifar'"),
        (lambda out: run(out, severities=(0,)), 0, r"severities must lie in \(0, 5\], got 0"),
        (lambda out: run(out, severities=(6,)), 0, "got 6"),
        (lambda out: run(out, severities=(float("nan"),)), 0, "got nan"),
        (lambda out: run(out, severities=(-1,)), 0, "got -1"),
        (lambda out: run(out, data=digits(0)), 0, "at least one image, got 0 images"),
        (lambda out: run(out, data=dataclasses.replace(digits(), labels=digits().labels[:9])), 0, r"shape \(9,\)"),
        (lambda out: run(out, batch_size=0), 0, "batch_size must be at least 1, got 0"),
    ],
)
def test_mistakes_get_one_clear_line(
    tmp_path: Path, call: Callable[[Path], object], cells_kept: int, message: str
) -> None:
    with pytest.raises(ValueError, match=message) as raised:
        call(tmp_path)
    assert "\n" not in str(raised.value)
    assert len(Results(tmp_path).cells()) == cells_kept


@pytest.mark.parametrize(
    "damage, message",
    [
        (lambda text: text.replace("corruption,severity", "severity,corruption", 1), "no table of cells"),
        (lambda text: "", "no table of cells"),
        (lambda text: text.replace("clean,0,101", "clean,0,many"), "line 2: .*many"),
        (lambda text: text.replace("clean,0,", "clean,", 1), "line 2: 22 values for 23 columns"),
        (lambda text: text + text.splitlines()[-1] + "\n", "line 7: a second row for contrast-5"),
    ],
)
def test_damaged_table_is_refused(tmp_path: Path, damage: Callable[[str], str], message: str) -> None:
    run(tmp_path)
    table = tmp_path / "cells.csv"
    table.write_text(damage(table.read_text()))
    with pytest.raises(ValueError, match=message):
        run(tmp_path)


def test_damaged_outcomes_are_refused_and_never_unpickled(tmp_path: Path) -> None:
    cell = run(tmp_path)[0]
    path = tmp_path / "outcomes" / "clean-0.npz"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match=r"clean-0\.npz cannot be read"):
        Results(tmp_path).outcomes(cell)
    np.savez(path, **{name: np.array([print], dtype=object) for name in Outcomes._fields})  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="pickle"):
        Results(tmp_path).outcomes(cell)
    np.savez(path, **{name: np.zeros(7) for name in Outcomes._fields})  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="does not hold the 101 images"):
        Results(tmp_path).outcomes(cell)
