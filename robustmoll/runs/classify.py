"""What follows the training of a classifier, and the same for classifiers from elsewhere: benchmark and pictures."""

from collections.abc import Sequence
from pathlib import Path

import torch
from matplotlib.figure import Figure
from torch import nn

from robustmoll.evaluate.classifiers.bench import bench_source
from robustmoll.evaluate.classifiers.bench_args import BenchArgs
from robustmoll.evaluate.classifiers.pictures import run_pictures
from robustmoll.evaluate.classifiers.plots import bench_pictures, corruption_sheet
from robustmoll.evaluate.classifiers.report import write_report
from robustmoll.evaluate.classifiers.results import Results
from robustmoll.evaluate.classifiers.sources import CellSource, source_of
from robustmoll.evaluate.classifiers.summary import check_summary, write_summary
from robustmoll.storage.run_folder import RunFolder
from robustmoll.tasks import Classifier, Classify
from robustmoll.training import Trainer
from robustmoll.training.processes import new_accelerator

__all__ = ["bench_folder", "bench_run", "check_run"]


def check_run(trainer: Trainer[Classify], args: BenchArgs) -> None:
    """Refuses what `bench_run` would refuse of the images, before the training."""
    _check(RunFolder(trainer.run).bench(), _own_images(trainer, args), args, trainer.task.families(), None)


def bench_run(
    trainer: Trainer[Classify],
    classifier: Classifier,
    args: BenchArgs,
    source: CellSource | None = None,
    baseline: str | None = None,
) -> None:
    """Benchmarks a run on its own test images, into its folder; the report is that of the run.

    Args:
        trainer: Of the run.
        classifier: What was trained.
        args: What is measured.
        source: Of its test images; None makes it.
        baseline: See `write_summary`.
    """
    name, folder, families = trainer.run.resolve().name, RunFolder(trainer.run).bench(), trainer.task.families()
    source = source or _own_images(trainer, args)
    if pictures := bench_folder(classifier, source, folder, name, args, families, baseline):
        drawn = run_pictures(trainer.run, pictures, trainer.task, classifier, trainer.train_set)
        print(f"report in {write_report(trainer.run, drawn)}")


def bench_folder(
    model: nn.Module,
    source: CellSource,
    folder: Path,
    name: str,
    args: BenchArgs,
    trained_on: Sequence[str] = (),
    baseline: str | None = None,
) -> dict[str, Figure] | None:
    """Benchmarks a classifier into a folder, summarises and draws.

    Args:
        model: See `bench`.
        source: Of the images.
        folder: Of the results.
        name: What tables call the model.
        args: What is measured.
        trained_on: See `write_summary`.
        baseline: See `write_summary`.

    Returns:
        The pictures; None in every process but the first.
    """
    _check(folder, source, args, trained_on, baseline)
    accelerator = new_accelerator()
    model = model.to(memory_format=torch.channels_last)  # convolves in half the time
    bench_source(model, source, folder, args, name=name, accelerator=accelerator)
    if not accelerator.is_main_process:
        return None
    summary = write_summary(folder, trained_on=trained_on, baseline=baseline)
    states = [state for state in ("clean", "corrupted") if summary[state]]
    error, ece = (", ".join(f"{summary[state][figure]:.2%} {state}" for state in states) for figure in ("error", "ece"))
    print(f"{name}: error {error}; ECE {ece}")
    print(f"cells and tables in {folder}")
    return bench_pictures(folder) | _sheet(folder, source)


def _own_images(trainer: Trainer[Classify], args: BenchArgs) -> CellSource:
    return source_of(trainer.test_set, args.preset, args.seed)


def _check(folder: Path, source: CellSource, args: BenchArgs, trained_on: Sequence[str], baseline: str | None) -> None:
    """Refuses, before any work, what cannot be measured or summarised."""
    asked = args.corruptions, args.severities
    source.check(*asked)
    check_summary(Results(folder).cells(), source, *asked, trained_on=trained_on, baseline=baseline)


def _sheet(folder: Path, source: CellSource) -> dict[str, Figure]:
    """Draws an image under all that was measured, if anything but clean images was."""
    cells = [cell for cell in Results(folder).cells() if cell.severity]
    if not cells:
        return {}
    names, severities = list(dict.fromkeys(cell.name for cell in cells)), sorted({cell.severity for cell in cells})
    return {"corruptions": corruption_sheet(source, names, severities)}
