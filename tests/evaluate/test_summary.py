"""Summaries are functions of the cells alone, and agree with the published definitions and figures."""

import csv
import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from robustmoll.corruptions import GROUPS
from robustmoll.evaluate.baselines import ALEXNET, corruption_errors
from robustmoll.evaluate.cells import CLEAN, Cell, format_cells, parse_cells
from robustmoll.evaluate.summary import FIGURES, summarise, write_summary
from robustmoll.evaluate.tables import baseline_note

# The 15 of ImageNet-C and the four extras, as Hendrycks and Dietterich (2019) name and order them.
FAMILIES = {
    "noise": ["gaussian_noise", "shot_noise", "impulse_noise"],
    "blur": ["defocus_blur", "glass_blur", "motion_blur", "zoom_blur"],
    "weather": ["snow", "frost", "fog", "brightness"],
    "digital": ["contrast", "elastic_transform", "pixelate", "jpeg_compression"],
}
STANDARD = [name for names in FAMILIES.values() for name in names]


def cell(corruption: str, severity: float, error: float) -> Cell:
    """A cell whose other figures follow from the error, each in its own way."""
    return Cell(
        model="wrn",
        dataset="set/test",
        preset="imagenet",
        mode="generated",
        seed=0,
        corruption=corruption,
        severity=severity,
        n=100,
        error=error,
        nll=3 * error,
        brier=error**2,
        ece=error / 4,
        error_low=error / 2,
        error_high=error * 2,
        ece_equal_mass=error / 3,
        ece_batch100=error / 2,
        nll_ts=2 * error,
        brier_ts=error**2 / 2,
        ece_ts=error / 8,
        temperature_a=1.25,
        temperature_b=1.5,
        resolution="224x224",
    )


@pytest.fixture
def cells() -> list[Cell]:
    """A full table with errors of no pattern, extras included."""
    rng = np.random.default_rng(0)
    grid = [(name, severity) for name in [*STANDARD, "gaussian_blur"] for severity in range(1, 6)]
    return [cell(CLEAN, 0, 0.0625), *(cell(*key, error=rng.uniform(0.1, 0.9)) for key in grid)]


def test_means_are_those_of_numpy(cells: list[Cell]) -> None:
    summary = summarise(cells, trained_on=["noise", "blur"])
    for figure in FIGURES:
        grid = np.array([getattr(c, figure) for c in cells if c.corruption in STANDARD]).reshape(15, 5)
        of = {name: row for name, row in zip(STANDARD, grid, strict=True)}
        expected = {"corrupted": grid.mean(), "without": grid[7:].mean()}
        assert {name: summary[name][figure] for name in expected} == pytest.approx(expected, rel=1e-12)
        assert summary["clean"][figure] == getattr(cells[0], figure)
        groups = {family: np.mean([of[name] for name in names]) for family, names in FAMILIES.items()}
        found = {family: summary["groups"][family][figure] for family in groups}
        assert found == pytest.approx(groups, rel=1e-12)
        found = [summary["severities"][str(severity)][figure] for severity in range(1, 6)]
        assert found == pytest.approx(grid.mean(0), rel=1e-12)
        found = [summary["corruptions"][name][figure] for name in STANDARD]
        assert found == pytest.approx(grid.mean(1), rel=1e-12)
    assert (summary["corrupted"]["corruptions"], summary["corrupted"]["cells"]) == (15, 75)
    assert (summary["without"]["corruptions"], summary["without"]["cells"]) == (8, 40)


def test_extras_have_a_row_and_are_in_no_mean(cells: list[Cell]) -> None:
    without_extra = [c for c in cells if c.corruption != "gaussian_blur"]
    summary, plain = summarise(cells), summarise(without_extra)
    assert summary["corrupted"] == plain["corrupted"] and summary["severities"] == plain["severities"]
    assert summary["groups"].keys() - plain["groups"].keys() == {"extra"}
    assert summary["corruptions"].keys() - plain["corruptions"].keys() == {"gaussian_blur"}


def test_order_of_rows_does_not_matter(cells: list[Cell]) -> None:
    assert summarise(cells[::-1]) == summarise(cells)


def test_families_are_those_of_the_original() -> None:
    assert {family: list(names) for family, names in GROUPS.items() if family != "extra"} == FAMILIES


def test_missing_cells_are_named(cells: list[Cell]) -> None:
    assert summarise(cells)["missing"] == []
    summary = summarise([c for c in cells if c.key not in ("fog-2", "contrast-5")])
    assert summary["missing"] == ["fog-2", "contrast-5"]
    assert summary["robustbench"] is None


def test_robustbench_keys_need_the_full_benchmark(cells: list[Cell]) -> None:
    summary = summarise(cells)
    accuracy = f"{100 * (1 - summary['corrupted']['error']):.2f}"
    assert summary["robustbench"] == {"clean_acc": "93.75", "corruptions_acc": accuracy}
    assert summarise(cells, baseline="alexnet")["robustbench"].keys() > {"corruptions_mce"}


def test_mce_is_its_definition(cells: list[Cell], tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    base = [c if c.name == CLEAN else cell(c.corruption, c.severity, rng.uniform(0.3, 1)) for c in cells]
    base[0] = cell(CLEAN, 0, 0.25)
    (tmp_path / "cells.csv").write_text(format_cells(base))
    found = summarise(cells, baseline=tmp_path)["baseline"]
    error = {c.key: c.error for c in cells}
    reference = {c.key: c.error for c in base}
    absolute, relative = [], []
    for name in STANDARD:
        keys = [f"{name}-{s}" for s in range(1, 6)]
        absolute.append(sum(error[k] for k in keys) / sum(reference[k] for k in keys))
        relative.append(sum(error[k] - 0.0625 for k in keys) / sum(reference[k] - 0.25 for k in keys))
    assert found["mce"] == pytest.approx(np.mean(absolute), rel=1e-12)
    assert found["relative_mce"] == pytest.approx(np.mean(relative), rel=1e-12)
    assert list(found["ce"].values()) == pytest.approx(absolute, rel=1e-12)
    assert summarise(cells, baseline=tmp_path / "cells.csv")["baseline"]["ce"] == found["ce"]


def test_classifier_is_its_own_baseline(cells: list[Cell], tmp_path: Path) -> None:
    (tmp_path / "cells.csv").write_text(format_cells(cells))
    found = summarise(cells, baseline=tmp_path)["baseline"]
    assert found["mce"] == pytest.approx(1) and found["relative_mce"] == pytest.approx(1)


def test_alexnet_gives_the_published_figures() -> None:
    # Hendrycks and Dietterich (2019): AlexNet's mean corruption error is 78.9 %, its mCE and relative mCE
    # are 100.
    assert list(ALEXNET.errors) == STANDARD
    assert np.mean(list(ALEXNET.errors.values())) == pytest.approx(0.788993, abs=1e-6)
    table = [cell(CLEAN, 0, 0.435)]
    table += [cell(name, s, error) for name, error in ALEXNET.errors.items() for s in range(1, 6)]
    absolute, relative = corruption_errors(table, ALEXNET)
    assert list(absolute.values()) == pytest.approx([1] * 15) == list(relative.values())


def test_baseline_that_does_not_suffer_leaves_the_ratio_undefined(cells: list[Cell], tmp_path: Path) -> None:
    base = [dataclasses.replace(c, error=0.0) if c.name == "fog" else c for c in cells]
    (tmp_path / "base.csv").write_text(format_cells(base))
    found = summarise(cells, baseline=tmp_path / "base.csv")["baseline"]
    assert found["ce"]["fog"] is None and found["mce"] is None
    assert found["ce"]["snow"] == pytest.approx(1)


def test_a_baseline_of_other_images_is_called_one(cells: list[Cell], tmp_path: Path) -> None:
    (tmp_path / "base.csv").write_text(format_cells(cells))
    marked = [dataclasses.replace(c, corruption="frost (procedural)") if c.name == "frost" else c for c in cells]
    others = [dataclasses.replace(c, dataset="other/test") for c in marked]
    (tmp_path / "other.csv").write_text(format_cells(others))
    assert "Its" not in baseline_note(summarise(cells, baseline=tmp_path / "base.csv"))
    assert baseline_note(summarise(cells, baseline=tmp_path / "other.csv")).endswith(
        f"Its data set was other/test, this is {cells[0].dataset}. Its frost was frost (procedural), this is frost."
        " So the ratios are approximate at best."
    )


def test_remark_on_a_corruption_stays_in_every_table(cells: list[Cell], tmp_path: Path) -> None:
    marked = [dataclasses.replace(c, corruption="frost (procedural)") if c.name == "frost" else c for c in cells]
    (tmp_path / "cells.csv").write_text(format_cells(marked))
    summary = write_summary(tmp_path)
    assert "frost (procedural)" in summary["corruptions"] and "frost" not in summary["corruptions"]
    assert summary["corrupted"] == summarise(cells)["corrupted"]
    assert "| frost (procedural) " in (tmp_path / "summary.md").read_text()


def test_files_hold_the_summary(cells: list[Cell], tmp_path: Path) -> None:
    (tmp_path / "cells.csv").write_text(format_cells(cells))
    summary = write_summary(tmp_path, trained_on=["noise"], baseline="alexnet")
    assert json.loads((tmp_path / "summary.json").read_text()) == summary
    text = (tmp_path / "summary.md").read_text()
    assert ["clean", "6.25", "0.188", "0.004", "1.56", "0.125", "0.002", "0.78"] in [
        [part.strip() for part in line.strip("|").split("|")] for line in text.splitlines()
    ]
    assert "corrupted (15 corruptions, 75 cells)" in text and "without noise (12 corruptions, 60 cells)" in text
    assert "Against AlexNet" in text and "Not finished" not in text
    assert "made at 224x224, the size at which the model takes them" in text and "1.250 and 1.500" in text
    # AlexNet saw the released images, these are generated: that must not go unsaid.
    assert "Its images were released, these are generated" in text
    with (tmp_path / "summary.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["part"] for row in rows].count("corruptions") == 16 and len(rows) == 3 + 5 + 5 + 16
    for row in rows:
        part = summary[row["part"]][row["name"]] if row["name"] else summary[row["part"]]
        assert {figure: float(row[figure]) for figure in FIGURES} == {figure: part[figure] for figure in FIGURES}
    tables = [block.splitlines() for block in text.split("\n\n") if block.startswith("|")]
    assert len(tables) == 5
    for table in tables:
        assert len({(len(line), line.count("|")) for line in table}) == 1  # rectangular, also as plain text


def test_without_a_temperature_its_figures_are_left_out_and_it_is_said(cells: list[Cell], tmp_path: Path) -> None:
    none = dict.fromkeys(("nll_ts", "brier_ts", "ece_ts", "temperature_a", "temperature_b"))
    (tmp_path / "cells.csv").write_text(format_cells([dataclasses.replace(c, **none) for c in cells]))
    assert parse_cells((tmp_path / "cells.csv").read_text())[1].nll_ts is None
    summary = write_summary(tmp_path)
    assert summary["clean"]["ece_ts"] is None and summary["corrupted"]["nll_ts"] is None
    text = (tmp_path / "summary.md").read_text()
    assert "No temperature could be fitted" in text and "ECE %, T" not in text


def test_tables_of_the_first_version_are_read(cells: list[Cell]) -> None:
    lines = format_cells(cells).splitlines()
    first = "\n".join(",".join(line.split(",")[:16]) for line in lines) + "\n"
    read = parse_cells(first)
    assert [(c.key, c.error, c.ece_batch100) for c in read] == [(c.key, c.error, c.ece_batch100) for c in cells]
    assert read[0].ece_ts is None and summarise(read)["corrupted"]["error"] == summarise(cells)["corrupted"]["error"]


@pytest.mark.parametrize(
    "change", [{"mode": "released"}, {"seed": None}, {"preset": "tiny"}, {"stage": "source"}, {"resolution": "64x64"}]
)
def test_two_kinds_of_images_in_one_table_are_refused(cells: list[Cell], change: dict[str, Any]) -> None:
    mixed = [*cells[:5], dataclasses.replace(cells[5], **change)]
    with pytest.raises(ValueError, match=rf"line 7: {next(iter(change))} .* in a table of .*; keep them apart"):
        parse_cells(format_cells(mixed))


def test_baseline_may_be_a_run(cells: list[Cell], tmp_path: Path) -> None:
    suite = tmp_path / "run" / "bench" / "corruptions"
    suite.mkdir(parents=True)
    (suite / "cells.csv").write_text(format_cells(cells))
    assert summarise(cells, baseline=tmp_path / "run")["baseline"]["mce"] == pytest.approx(1)


def test_nothing_left_without_the_families_of_training(cells: list[Cell]) -> None:
    assert summarise(cells, trained_on=FAMILIES)["without"] is None  # type: ignore[arg-type]
    assert summarise(cells)["without"] is None


@pytest.mark.parametrize(
    "change, arguments, message",
    [
        (lambda cells: cells[1:], {}, "no clean cell"),
        (lambda cells: cells[:1], {}, "no cell of the benchmark's corruptions"),
        (
            lambda cells: cells,
            {"trained_on": ["nose"]},
            "unknown family of corruptions 'nose'; did you mean 'noise'",
        ),
        (lambda cells: cells, {"baseline": "alex"}, "no baseline at alex; give 'alexnet'"),
        (lambda cells: cells[:-6], {"baseline": "alexnet"}, "jpeg_compression .*finish the benchmark first"),
        (lambda cells: [c for c in cells if c.severity < 5], {"baseline": "alexnet"}, "has severities"),
        (
            lambda cells: [dataclasses.replace(c, preset="tiny") for c in cells],
            {"baseline": "alexnet"},
            "has preset 'imagenet', the table 'tiny'",
        ),
    ],
)
def test_mistakes_get_one_clear_line(
    cells: list[Cell], change: Callable[[list[Cell]], list[Cell]], arguments: dict[str, str], message: str
) -> None:
    with pytest.raises(ValueError, match=message) as raised:
        summarise(change(cells), **arguments)  # type: ignore[arg-type]
    assert "\n" not in str(raised.value)
