"""The summary of a benchmark, a pure function of its cells, as JSON, CSV and Markdown.

"Corrupted" is the plain mean over all cells of the 15 corruptions: a mean of errors, of NLLs, of Brier
scores, of ECEs. The four extra corruptions have a row of their own and are in no mean. Where training saw
noise or blur of its own, the mean without these families says how far robustness reaches beyond what was
trained for.
"""

import itertools
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from robustmoll.checks import known_name
from robustmoll.corruptions import GROUPS, NAMES, SEVERITIES
from robustmoll.evaluate.classifiers.baselines import corruption_errors, load_baseline
from robustmoll.evaluate.classifiers.cells import CLEAN, Cell, benchmark_cells, cell_key, clean_cell
from robustmoll.evaluate.classifiers.results import Results
from robustmoll.evaluate.classifiers.sources import CellSource
from robustmoll.evaluate.classifiers.tables import summary_text
from robustmoll.evaluate.metrics import Judged, Outcomes, measure
from robustmoll.storage.files import csv_text, json_bytes, write_whole

__all__ = ["FIGURES", "check_families_and_baseline", "check_summary", "summarise", "write_summary"]

FIGURES = ("error", "nll", "brier", "ece", "ece_equal_mass", "ece_batch100", "nll_ts", "brier_ts", "ece_ts")


# What all cells have in common.
SUBJECT = ("model", "dataset", "preset", "mode", "seed", "stage", "resolution", "n", "temperature_a", "temperature_b")


def write_summary(
    folder: str | Path, *, trained_on: Sequence[str] = (), baseline: str | Path | None = None
) -> dict[str, Any]:
    """Summarises a benchmark's folder into its summary.json, summary.csv and summary.md.

    Args:
        folder: Of the benchmark.
        trained_on: Families of corruptions that training used in some form: noise, blur, ...
        baseline: "alexnet", a cells.csv, or the folder of a benchmark or run: adds mCE and relative mCE.

    Returns:
        The summary, see `summarise`.

    Raises:
        ValueError: If the clean cell is missing, a family is unknown, or the baseline does not fit.
    """
    results = Results(folder)
    summary = summarise(results.cells(), trained_on=trained_on, baseline=baseline)
    write_whole(results.summary, json_bytes(summary))
    write_whole(results.folder / "summary.csv", summary_csv(summary).encode())
    write_whole(results.folder / "summary.md", summary_text(summary).encode())
    return summary


def check_families_and_baseline(trained_on: Sequence[str], baseline: str | Path | None) -> None:
    """Refuses names that mean nothing, before there is a benchmark; arguments and errors as for `write_summary`."""
    for family in trained_on:
        known_name("family of corruptions", family, GROUPS)
    if baseline is not None:
        load_baseline(baseline)


def check_summary(
    done: Iterable[Cell],
    source: CellSource,
    corruptions: Sequence[str],
    severities: Sequence[float],
    *,
    trained_on: Sequence[str] = (),
    baseline: str | Path | None = None,
) -> None:
    """Refuses, before a benchmark, what `write_summary` would refuse after it.

    Args:
        done: Cells that are there already.
        source: Of the images.
        corruptions: Those to come.
        severities: Likewise.
        trained_on: See `write_summary`.
        baseline: See `write_summary`.

    Raises:
        ValueError: As there.
    """
    asked = [(CLEAN, 0.0), *itertools.product(corruptions, severities)]
    cells = [*done, *(_planned(source, corruption, severity) for corruption, severity in asked)]
    summarise(list({cell.key: cell for cell in cells}.values()), trained_on=trained_on, baseline=baseline)


def _planned(source: CellSource, corruption: str, severity: float) -> Cell:
    """A cell to come, with figures that mean nothing."""
    figures = measure(Judged(Outcomes(np.ones(1, bool), *np.ones((3, 1))), None))
    columns = {**source.columns(), "corruption": source.label(corruption), "severity": severity}
    return Cell(model="", n=1, **columns, **figures)  # type: ignore[arg-type]


def summarise(
    cells: list[Cell], *, trained_on: Sequence[str] = (), baseline: str | Path | None = None
) -> dict[str, Any]:
    """Summarises cells. Arguments and errors as for `write_summary`.

    Returns:
        Plain values. "clean", "corrupted", "without" and the entries of "groups", "severities" and
        "corruptions" each hold the numbers of corruptions and cells behind them, and the mean of each of
        `FIGURES`. "corrupted" is None if there are no such cells, "without" unless there are families to leave out,
        "baseline" unless there is one, "robustbench" unless all 75 cells are there. "missing" names the cells that
        the others suggest.
    """
    clean, corrupted = clean_cell(cells), benchmark_cells(cells)
    with_extra = [cell for cell in cells if cell is not clean]
    groups = {group: [cell for cell in with_extra if cell.name in names] for group, names in GROUPS.items()}
    summary = {
        **{name: getattr(clean, name) for name in SUBJECT},
        "clean": {**average([clean]), "error_low": clean.error_low, "error_high": clean.error_high},
        "corrupted": average(corrupted) if corrupted else None,
        "without": _without(corrupted, trained_on) if trained_on else None,
        "groups": {group: average(members) for group, members in groups.items() if members},
        "severities": _averages((f"{cell.severity:g}", cell) for cell in corrupted),
        "corruptions": _averages((cell.corruption, cell) for cell in with_extra),
        "baseline": None if baseline is None else _relative_to(cells, baseline),
        "missing": _missing(with_extra),
    }
    return {**summary, "robustbench": _robustbench(summary, corrupted)}


def average(cells: Iterable[Cell]) -> dict[str, Any]:
    """Returns how many corruptions and cells there are, and the mean of each of `FIGURES` over the cells.

    A mean is None if a cell lacks the figure, as it does without a temperature: a mean over the others would compare
    unlike things.
    """
    cells = list(cells)
    counts = {"corruptions": len({cell.name for cell in cells if cell.severity}), "cells": len(cells)}
    return counts | {figure: _mean(getattr(cell, figure) for cell in cells) for figure in FIGURES}


def _averages(cells: Iterable[tuple[str, Cell]]) -> dict[str, dict[str, Any]]:
    parts: dict[str, list[Cell]] = {}
    for part, cell in cells:
        parts.setdefault(part, []).append(cell)
    return {part: average(members) for part, members in parts.items()}


def _without(cells: list[Cell], families: Sequence[str]) -> dict[str, Any] | None:
    seen = [name for family in families for name in GROUPS[known_name("family of corruptions", family, GROUPS)]]
    unseen = [cell for cell in cells if cell.name not in seen]
    return {"families": list(families), **average(unseen)} if unseen else None


def _relative_to(cells: list[Cell], source: str | Path) -> dict[str, Any]:
    baseline = load_baseline(source)
    ce, relative_ce = corruption_errors(cells, baseline)
    means = {"mce": _mean(ce.values()), "relative_mce": _mean(relative_ce.values())}
    about = {name: getattr(baseline, name) for name in ("name", "dataset", "mode", "frost")}
    return {**about, **means, "ce": ce, "relative_ce": relative_ce}


def _mean(values: Iterable[float | None]) -> float | None:
    """Returns the mean, None if a value is."""
    defined = list(values)
    return None if None in defined else fmean(v for v in defined if v is not None)


def summary_csv(summary: dict[str, Any]) -> str:
    """Returns the parts of a summary as CSV, one row a part: what it is, the counts and `FIGURES`."""
    parts = [(part, "", summary[part]) for part in ("clean", "corrupted", "without") if summary[part]]
    for part in ("groups", "severities", "corruptions"):
        parts += [(part, name, values) for name, values in summary[part].items()]
    columns = ("corruptions", "cells", *FIGURES)
    rows = ((part, name, *(values[column] for column in columns)) for part, name, values in parts)
    return csv_text(("part", "name", *columns), rows)


def _missing(cells: list[Cell]) -> list[str]:
    there = {(cell.name, cell.severity) for cell in cells}
    severities = sorted({severity for _, severity in there})
    grid = [(name, severity) for name in dict.fromkeys(cell.name for cell in cells) for severity in severities]
    return [cell_key(name, severity) for name, severity in grid if (name, severity) not in there]


def _robustbench(summary: dict[str, Any], cells: list[Cell]) -> dict[str, str] | None:
    """Names the headline figures as RobustBench does, in percent, for the full benchmark of 15 x 5 cells."""
    if {cell.key for cell in cells} != {cell_key(name, severity) for name in NAMES for severity in SEVERITIES}:
        return None
    figures = {
        "clean_acc": 1 - summary["clean"]["error"],
        "corruptions_acc": 1 - summary["corrupted"]["error"],
    }
    if summary["baseline"] and summary["baseline"]["mce"] is not None:
        figures["corruptions_mce"] = summary["baseline"]["mce"]
    return {key: f"{100 * value:.2f}" for key, value in figures.items()}
