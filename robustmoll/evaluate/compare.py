"""Benchmarks side by side, with their differences to the first and how sure these are.

The intervals come from a paired bootstrap over images (Efron, 1979): images are drawn with replacement, the
same ones for every run and every cell, and all figures are computed again. They say what another test set
of this size might have shown, not what another training might: for that, give several seeds of a run and
look at their standard deviation.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from robustmoll.evaluate.bootstrap import resample, resampled_figures
from robustmoll.evaluate.cells import Cell, Results, benchmark_cells, clean_cell

__all__ = ["Comparison", "Group", "compare", "find_bench", "run_label"]


@dataclass(frozen=True)
class Group:
    """A run, or several that differ in their seed alone.

    Attributes:
        label: What to call it.
        values: Error, NLL and ECE, clean and corrupted, of each run: shape (runs, 2, 3).
        difference: Of the means over the runs to those of the first group, shape (2, 3).
        low: Lower end of the difference's 95 % interval, shape (2, 3).
        high: Upper end.
    """

    label: str
    values: NDArray[np.float64]
    difference: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


@dataclass(frozen=True)
class Comparison:
    """Groups side by side.

    Attributes:
        groups: In the order given.
        images: How many, the same ones for all.
        cells: Names of the corrupted cells that all runs have; "corrupted" is the mean over these.
        left_out: Names of those that some run lacks.
    """

    groups: list[Group]
    images: int
    cells: list[str]
    left_out: list[str]


def compare(runs: Sequence[str | Path], *, resamples: int = 1000, seed: int = 0) -> Comparison:
    """Compares any number of benchmarks of the same images.

    Args:
        runs: Folders of benchmarks, or of runs that hold one each. Several with commas between them, as in
            "plain-0,plain-1,plain-2", are seeds of one configuration and make one group.
        resamples: Number of bootstrap resamples.
        seed: Of the resampling.

    Raises:
        ValueError: If there is no benchmark in a folder, or they differ in images, preset, mode or seed.
    """
    if not runs:
        raise ValueError("nothing to compare: give the folder of at least one benchmark or run")
    groups = [[Results(find_bench(folder)) for folder in str(run).split(",")] for run in runs]
    everyone = [results for group in groups for results in group]
    _check_comparable(everyone)
    tables = {results.folder: results.cells() for results in everyone}
    shared, left_out = _shared_cells(list(tables.values()))
    images = clean_cell(tables[everyone[0].folder]).n
    counts = np.concatenate([np.ones((1, images), np.uint16), resample(images, resamples, seed)])
    figures = [np.stack([_figures(results, shared, counts) for results in group]) for group in groups]
    return Comparison(
        groups=[_group(group, own, figures[0]) for group, own in zip(groups, figures, strict=True)],
        images=images,
        cells=shared,
        left_out=left_out,
    )


def find_bench(folder: str | Path) -> Path:
    """Returns the benchmark's folder, given it or the folder of a run that holds one benchmark.

    Raises:
        ValueError: If there is none, or more than one.
    """
    folder = Path(folder)
    if (folder / "cells.csv").exists():
        return folder
    found = sorted(path.parent for path in folder.glob("bench/*/cells.csv"))
    if len(found) > 1:
        raise ValueError(f"{folder} holds several benchmarks, name one: {', '.join(map(str, found))}")
    if not found:
        raise ValueError(f"no benchmark in {folder}; make one with `robustmoll bench {folder}`")
    return found[0]


def _figures(results: Results, names: list[str], counts: NDArray[np.uint16]) -> NDArray[np.float64]:
    """Figures of a run on every resample, shape (resamples, 2, 3)."""
    cells = {_name(cell): cell for cell in results.cells()}
    clean = resampled_figures([results.outcomes(clean_cell(cells.values()))], counts)
    corrupted = resampled_figures((results.outcomes(cells[name]) for name in names), counts)
    return np.stack([clean, corrupted], axis=1)


def _group(group: list[Results], own: NDArray[np.float64], first: NDArray[np.float64]) -> Group:
    # The first "resample" is the set of images itself.
    differences = own.mean(0) - first.mean(0)
    low, high = np.quantile(differences[1:], [0.025, 0.975], axis=0)
    return Group(_label([results.folder for results in group]), own[:, 0], differences[0], low, high)


def _name(cell: Cell) -> str:
    # With the remark: frost and "frost (procedural)" are not the same cell.
    return f"{cell.corruption} {cell.severity:g}"


def _shared_cells(tables: list[list[Cell]]) -> tuple[list[str], list[str]]:
    names = [[_name(cell) for cell in benchmark_cells(table)] for table in tables]
    everywhere = set.intersection(*map(set, names))
    if not everywhere:
        raise ValueError("the benchmarks have no corrupted cell in common; run them with the same corruptions")
    anywhere = dict.fromkeys(name for some in names for name in some)
    left_out = [name for name in anywhere if name not in everywhere]
    return [name for name in anywhere if name in everywhere], left_out


def _check_comparable(everyone: list[Results]) -> None:
    first = everyone[0]
    for results in everyone:
        for name in ("dataset", "images", "preset", "mode", "seed"):
            own, other = results.identity()[name], first.identity()[name]
            if own != other:
                raise ValueError(
                    f"{results.folder} and {first.folder} do not compare: {name} {own!r} against {other!r}"
                )


def run_label(folder: Path) -> str:
    """Names a benchmark after the run it belongs to, or else after its folder."""
    folder = folder.resolve()
    return (folder.parent.parent if folder.parent.name == "bench" else folder).name


def _label(folders: list[Path]) -> str:
    """Names a group after its run, or after what the names of its runs begin with."""
    names = [run_label(folder) for folder in folders]
    alike = itertools.takewhile(lambda pair: pair[0] == pair[1], zip(min(names), max(names), strict=False))
    return "".join(letter for letter, _ in alike).rstrip("-_. ") or names[0]
