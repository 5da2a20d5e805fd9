"""The kinds of runs, by their task: how each is measured, compared and shown."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from rich.table import Table

from robustmoll.config.files import read_config
from robustmoll.evaluate.classifiers.cells import clean_cell
from robustmoll.evaluate.classifiers.compare import compare
from robustmoll.evaluate.classifiers.over_seeds import seeds_rows
from robustmoll.evaluate.classifiers.report import write_comparison
from robustmoll.evaluate.classifiers.results import Results
from robustmoll.evaluate.classifiers.tables import comparison_table
from robustmoll.evaluate.densities.compare import compare_densities
from robustmoll.evaluate.densities.measure import read_summary
from robustmoll.evaluate.densities.over_seeds import density_seeds_rows
from robustmoll.evaluate.densities.report import write_density_comparison
from robustmoll.evaluate.densities.tables import density_comparison_table
from robustmoll.evaluate.text import TextTable
from robustmoll.runs import classify, density
from robustmoll.storage.run_folder import RunFolder
from robustmoll.training import Trainer

__all__ = ["KINDS", "Kind", "Study", "common_task", "is_run", "task_of"]

Study = Mapping[str, Sequence[Path]]  # by the name of a configuration, the run of each of its seeds


class Kind(NamedTuple):
    """What is done with runs of a task.

    Attributes:
        check: Takes the trainer and what is to be measured, and refuses, before any work, what does not fit the data.
        measure: Takes the trainer, the model that was trained, and what is to be measured.
        compare: Takes folders of runs, and makes the comparison that the next two take.
        table: Returns it as a table for the terminal.
        page: Writes it as a page, of the path that comes first, and returns the path.
        rows: Returns the table of a study.
        measured_on: Says on which data a run was measured; figures of others do not compare with its own.
    """

    check: Callable[[Trainer[Any], Any], None]
    measure: Callable[[Trainer[Any], Any, Any], None]
    compare: Callable[..., Any]
    table: Callable[[Any], Table]
    page: Callable[[str, Any], Path]
    rows: Callable[[Study], TextTable]
    measured_on: Callable[[Path], str]


def _bench_rows(study: Study) -> TextTable:
    return seeds_rows({name: [Results(RunFolder(run).bench()).cells() for run in runs] for name, runs in study.items()})


def _bench_data(run: Path) -> str:
    cell = clean_cell(Results(RunFolder(run).bench()).cells())
    return f"{cell.n:,} images of {cell.dataset}, corruptions of preset {cell.preset}, seed {cell.seed}"


def _density_rows(study: Study) -> TextTable:
    return density_seeds_rows({name: [read_summary(run) for run in runs] for name, runs in study.items()})


def _density_data(run: Path) -> str:
    summary = read_summary(run)
    return f"{summary.n_test:,} {summary.unit} of {summary.dataset}, fingerprint {summary.data}"


KINDS = {
    "classify": Kind(
        check=classify.check_run,
        measure=classify.bench_run,
        compare=compare,
        table=comparison_table,
        page=write_comparison,
        rows=_bench_rows,
        measured_on=_bench_data,
    ),
    "density": Kind(
        check=density.check_run,
        measure=lambda trainer, model, args: density.measure_density(trainer, args),
        compare=compare_densities,
        table=density_comparison_table,
        page=write_density_comparison,
        rows=_density_rows,
        measured_on=_density_data,
    ),
}
"""By the task."""


def is_run(folder: str | Path) -> bool:
    """Returns whether a folder is one that `robustmoll train` wrote."""
    return RunFolder(folder).config.exists()


def task_of(folder: str | Path) -> str:
    """Returns the task of a run; that of a folder with nothing but a benchmark is "classify"."""
    return str(read_config([RunFolder(folder).config]).get("task", "classify")) if is_run(folder) else "classify"


def common_task(folders: Iterable[str | Path]) -> str:
    """Returns the task of all folders that are there.

    Raises:
        ValueError: If they are of several.
    """
    tasks = {task_of(folder): folder for folder in folders if Path(folder).is_dir()}
    if len(tasks) > 1:
        named = " and ".join(f"{folder} is of {task!r}" for task, folder in tasks.items())
        raise ValueError(f"runs of different tasks do not compare: {named}")
    return next(iter(tasks), "classify")
