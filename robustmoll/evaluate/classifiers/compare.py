"""Benchmarks side by side, with their differences to the first and how sure these are.

The intervals come from a paired bootstrap over images (Efron, 1979): images are drawn with replacement, the
same ones for every run and every cell, and all figures are computed again. They say what another test set
of this size might have shown, not what another training might: for that, give several seeds of a run and
look at their standard deviation.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from robustmoll.evaluate.bootstrap import check_resamples, resample, resampled_figures
from robustmoll.evaluate.classifiers.cells import Cell, benchmark_cells, clean_cell
from robustmoll.evaluate.classifiers.results import Results, find_bench, unlike
from robustmoll.evaluate.groups import folders_of, group_labels

__all__ = ["COMPARED_FIGURES", "Comparison", "Group", "compare"]

COMPARED_FIGURES = ("error", "nll", "ece", "nll_ts", "ece_ts")


@dataclass(frozen=True)
class Group:
    """A run, or several that differ in their seed alone.

    Attributes:
        label: What to call it.
        runs: The folders of their benchmarks.
        values: `COMPARED_FIGURES`, clean and corrupted, of each run: shape (runs, 2, 5); NaN where a run lacks one, and
            corrupted if no run has such cells.
        difference: Of the means over the runs to those of the first group, shape (2, 5).
        low: Lower end of the difference's 95 % interval, shape (2, 5).
        high: Upper end.
    """

    label: str
    runs: list[Path]
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
        resolutions: At which they were corrupted, if not the same for all.
        cells: Names of the corrupted cells that all runs have; "corrupted" is the mean over these.
        left_out: Names of those that some run lacks.
        temperatures: How they were fitted, if not alike for all.
    """

    groups: list[Group]
    images: int
    resolutions: list[str]
    cells: list[str]
    left_out: list[str]
    temperatures: list[str]


def compare(runs: Sequence[str | Path], *, resamples: int = 1000, seed: int = 0) -> Comparison:
    """Compares any number of benchmarks of the same images.

    Args:
        runs: Folders of benchmarks, or of runs that hold one each. Several with commas between them, as in
            "plain-0,plain-1,plain-2", are seeds of one configuration and make one group.
        resamples: Number of bootstrap resamples.
        seed: Of the resampling.

    Raises:
        ValueError: If there is no benchmark in a folder, or they differ in images, preset, mode or seed. Images that
            each model sees at its own size count as the same. Or if there is no resample.
    """
    check_resamples(resamples)
    if not runs:
        raise ValueError("nothing to compare: give the folder of at least one benchmark or run")
    groups = [[Results(find_bench(folder)) for folder in folders_of(run)] for run in runs]
    everyone = [results for group in groups for results in group]
    _check_comparable(everyone)
    resolutions, temperatures = (_distinct(everyone, name) for name in ("resolution", "temperature"))
    tables = {results.folder: results.cells() for results in everyone}
    shared, left_out = _shared_cells(list(tables.values()))
    images = clean_cell(tables[everyone[0].folder]).n
    counts = np.concatenate([np.ones((1, images), np.uint16), resample(images, resamples, seed)])
    figures = [np.stack([_figures(results, shared, counts) for results in group]) for group in groups]
    labels = group_labels([[results.folder for results in group] for group in groups])
    return Comparison(
        groups=[
            _group(label, group, own, figures[0]) for label, group, own in zip(labels, groups, figures, strict=True)
        ],
        images=images,
        resolutions=resolutions,
        cells=shared,
        left_out=left_out,
        temperatures=temperatures,
    )


def _distinct(everyone: list[Results], name: str) -> list[str]:
    """What the benchmarks are told apart by, nothing if they are alike."""
    found = list(dict.fromkeys(str(results.identity().get(name, "")) for results in everyone))
    return found if len(found) > 1 else []


def _figures(results: Results, names: list[str], counts: NDArray[np.uint16]) -> NDArray[np.float64]:
    """Figures of a run on every resample, shape (resamples, 2, 5)."""
    cells = {_name(cell): cell for cell in results.cells()}
    clean, corrupted = [clean_cell(cells.values())], [cells[name] for name in names]
    return np.stack([_resampled(results, part, counts) for part in (clean, corrupted)], axis=1)


def _resampled(results: Results, cells: list[Cell], counts: NDArray[np.uint16]) -> NDArray[np.float64]:
    """Mean figures of some cells on every resample, shape (resamples, 5); NaN where there is nothing to average."""
    if not cells:
        return np.full((len(counts), len(COMPARED_FIGURES)), np.nan)
    raw = resampled_figures((results.judged(cell).raw for cell in cells), counts)
    scaled = np.full_like(raw, np.nan)
    if all(cell.nll_ts is not None for cell in cells):
        judged = (results.judged(cell) for cell in cells)
        scaled = resampled_figures((found.scaled or found.raw for found in judged), counts)
    return np.concatenate([raw, scaled[:, 1:]], axis=1)


def _group(label: str, group: list[Results], own: NDArray[np.float64], first: NDArray[np.float64]) -> Group:
    # The first "resample" is the set of images itself.
    differences = own.mean(0) - first.mean(0)
    low, high = np.quantile(differences[1:], [0.025, 0.975], axis=0)
    return Group(label, [results.folder for results in group], own[:, 0], differences[0], low, high)


def _name(cell: Cell) -> str:
    # With the remark: frost and "frost (procedural)" are not the same cell.
    return f"{cell.corruption} {cell.severity:g}"


def _shared_cells(tables: list[list[Cell]]) -> tuple[list[str], list[str]]:
    names = [[_name(cell) for cell in benchmark_cells(table)] for table in tables]
    everywhere = set.intersection(*map(set, names))
    if not everywhere and any(names):
        raise ValueError("the benchmarks have no corrupted cell in common; run them with the same corruptions")
    anywhere = dict.fromkeys(name for some in names for name in some)
    left_out = [name for name in anywhere if name not in everywhere]
    return [name for name in anywhere if name in everywhere], left_out


def _check_comparable(everyone: list[Results]) -> None:
    first = everyone[0]
    for results in everyone:
        one, other = first.identity(), results.identity()
        same_size = one.get("resolution") == other.get("resolution")
        for name in ("dataset", "labels", "preset", "mode", "seed", "stage", *(["images"] if same_size else [])):
            if one.get(name) != other.get(name):
                raise ValueError(
                    f"{results.folder} and {first.folder} do not compare:"
                    f" {name} {other.get(name)!r} against {one.get(name)!r}"
                )
        if same_size and (cell := unlike(first.corrupted(), results.corrupted())):
            raise ValueError(f"{results.folder} and {first.folder} do not compare: other images of {cell}")
