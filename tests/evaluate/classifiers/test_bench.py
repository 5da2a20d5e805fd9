"""The benchmark keeps what it has done, repeats to the bit and refuses what does not fit."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from robustmoll.corruptions import corrupt
from robustmoll.data import Digits
from robustmoll.evaluate.classifiers.cells import COLUMNS, Cell, parse_cells
from robustmoll.evaluate.classifiers.results import Results
from robustmoll.evaluate.metrics import Outcomes, judged, measure
from robustmoll.evaluate.temperature import cross_fit, fit_temperature
from tests.evaluate.counting import CORRUPTIONS, SEVERITIES, Counting, digits, run


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


def test_numbers_may_be_numpys(tmp_path: Path) -> None:
    cells = run(tmp_path, seed=np.int64(3), severities=np.array([1, 5]))
    assert run(tmp_path, seed=3) == cells and len(cells) == 5


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
        (lambda out: run(out, corruptions="fog"), 0, r"must be a list of names, got 'fog'; say \['fog'\]"),
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
        (lambda text: "\udcff\udcfe" + text, "no table of cells"),
        (lambda text: text.replace("clean,0,101", "clean,0,many"), "line 2: .*many"),
        (lambda text: text.replace("clean,0,", "clean,", 1), "line 2: 22 values for 23 columns"),
        (lambda text: text + text.splitlines()[-1] + "\n", "line 7: a second row for contrast-5"),
    ],
)
def test_damaged_table_is_refused(tmp_path: Path, damage: Callable[[str], str], message: str) -> None:
    run(tmp_path)
    table = tmp_path / "cells.csv"
    table.write_text(damage(table.read_text()), errors="surrogateescape")
    with pytest.raises(ValueError, match=message):
        run(tmp_path)


def test_damaged_outcomes_are_refused_and_never_unpickled(tmp_path: Path) -> None:
    cell = run(tmp_path)[0]
    path = tmp_path / "outcomes" / "clean-0.npz"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match=r"clean-0\.npz cannot be read"):
        Results(tmp_path).judged(cell)
    np.savez(path, **{name: np.array([print], dtype=object) for name in Outcomes._fields})  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="pickle"):
        Results(tmp_path).judged(cell)
    np.savez(path, **{name: np.zeros(7) for name in Outcomes._fields})  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="does not hold the 101 images"):
        Results(tmp_path).judged(cell)
