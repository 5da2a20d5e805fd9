"""Corruption errors relative to a baseline."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from robustmoll.evaluate.classifiers.baselines import ALEXNET, corruption_errors
from robustmoll.evaluate.classifiers.cells import CLEAN, Cell, format_cells
from robustmoll.evaluate.classifiers.summary import summarise
from robustmoll.evaluate.classifiers.tables import baseline_note

# The 15 of ImageNet-C and the four extras, as Hendrycks and Dietterich (2019) name and order them.
from tests.evaluate.tiny_cells import STANDARD, cell


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


def test_baseline_may_be_a_run(cells: list[Cell], tmp_path: Path) -> None:
    suite = tmp_path / "run" / "bench" / "corruptions"
    suite.mkdir(parents=True)
    (suite / "cells.csv").write_text(format_cells(cells))
    assert summarise(cells, baseline=tmp_path / "run")["baseline"]["mce"] == pytest.approx(1)
