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
from robustmoll.evaluate.classifiers.cells import Cell, format_cells, parse_cells
from robustmoll.evaluate.classifiers.summary import FIGURES, summarise, write_summary

# The 15 of ImageNet-C and the four extras, as Hendrycks and Dietterich (2019) name and order them.
from tests.evaluate.tiny_cells import FAMILIES, STANDARD


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


def test_nothing_left_without_the_families_of_training(cells: list[Cell]) -> None:
    assert summarise(cells, trained_on=FAMILIES)["without"] is None  # type: ignore[arg-type]
    assert summarise(cells)["without"] is None


@pytest.mark.parametrize(
    "change, arguments, message",
    [
        (lambda cells: cells[1:], {}, "no clean cell"),
        (lambda cells: cells[:1], {"baseline": "alexnet"}, "a baseline is for the benchmark's corruptions"),
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
