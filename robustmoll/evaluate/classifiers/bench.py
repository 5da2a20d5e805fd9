"""The benchmark: one classifier, one set of images, clean and under every corruption and severity.

It goes cell by cell and keeps each finished one, so a benchmark that was stopped goes on where it was.
Corrupted images are read from a set in files, or made batch by batch on the model's device, and forgotten. An
image's random draws belong to its index in the set, and processes share a cell batch by batch: neither the batch
size nor the number of processes changes what a cell measures.
"""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

import torch
from accelerate import Accelerator
from accelerate.utils import broadcast_object_list
from torch import nn

from robustmoll.data import CorruptedSet, ImageSet
from robustmoll.evaluate.classifiers.bench_args import BenchArgs
from robustmoll.evaluate.classifiers.cells import CLEAN, Cell
from robustmoll.evaluate.classifiers.judge import Judge, evaluating
from robustmoll.evaluate.classifiers.results import Results
from robustmoll.evaluate.classifiers.sources import CellSource, Generated, Stage, source_of
from robustmoll.evaluate.classifiers.views import View
from robustmoll.evaluate.fingerprint import fingerprint, fingerprint_images
from robustmoll.evaluate.metrics import Judged, measure
from robustmoll.evaluate.temperature import Temperatures, cross_fit, held_out_fit
from robustmoll.progress import ProgressBar
from robustmoll.storage.environment import environment

__all__ = ["bench", "bench_source"]

T = TypeVar("T")
Request = tuple[str, float]  # a corruption and a severity


def bench(
    model: nn.Module,
    data: ImageSet,
    out: str | Path,
    args: BenchArgs | None = None,
    *,
    corrupted: CorruptedSet | None = None,
    view: View | None = None,
    stage: Stage = "model",
    held_out: ImageSet | None = None,
    device: str | torch.device | None = None,
    name: str | None = None,
    accelerator: Accelerator | None = None,
) -> list[Cell]:
    """Measures a classifier on clean and corrupted images.

    Args:
        model: Takes float images in [0, 1], shape (B, C, H, W), and gives logits, shape (B, K); standardisation is
            its own business. It is evaluated in eval mode, and left in the mode it came in. A folder knows it again
            by its parameters and buffers: keep there what the logits depend on, also a mean that is subtracted.
        data: The images, of K classes.
        out: Folder for the results, see `Results`. Cells found there are not computed again.
        args: What is measured; None takes the defaults, the whole benchmark.
        corrupted: A corrupted set in files to read instead of corrupting on the fly, see
            `robustmoll.data.open_corrupted`.
        view: How images get to the model's size; None leaves them as they are.
        stage: Where to corrupt: "model", at the model's size, or "source", at the images' own, before the view.
        held_out: Clean images, none of `data`, to fit the temperature on. None fits it on one half of the clean
            images and judges the other half with it, and the other way round.
        device: Where to compute; by default the accelerator's device, or else that of the model's weights.
        name: What tables call the model; its class name by default.
        accelerator: Of a job of several processes. They share each cell, and each of them returns all cells.

    Returns:
        All cells of the folder.

    Raises:
        ValueError: If an argument is not as described, the folder holds another benchmark, or the model gives another
            number of classes than the data have, or NaN or infinite logits. Finished cells stay.
    """
    args = args or BenchArgs()
    source = source_of(data, args.preset, args.seed, corrupted, view, stage)
    return bench_source(model, source, out, args, held_out=held_out, device=device, name=name, accelerator=accelerator)


def bench_source(
    model: nn.Module,
    source: CellSource,
    out: str | Path,
    args: BenchArgs,
    *,
    held_out: ImageSet | None = None,
    device: str | torch.device | None = None,
    name: str | None = None,
    accelerator: Accelerator | None = None,
) -> list[Cell]:
    """As `bench`, for images of a source that is there already."""
    data, corruptions, severities = source.data, args.corruptions, args.severities
    model = accelerator.unwrap_model(model) if accelerator else model
    device = torch.device(device) if device else _home(model, accelerator)
    source.check(corruptions, severities)
    results, identity = Results(out), _identity(model, source, held_out)
    files = partial(source.fingerprints, corruptions, severities)
    cells, temperatures = _from_first(accelerator, lambda: _begin(results, identity, source, files()))
    todo = _todo(cells, corruptions, severities)
    first = accelerator is None or accelerator.is_main_process
    judge = Judge(model.to(device), source, args.batch_size, device, accelerator)
    with evaluating(model), ProgressBar(len(todo) * len(data), show=first) as bar:
        for number, (corruption, severity) in enumerate(todo, start=1):
            advance = partial(bar.advance, description=f"{corruption} {severity:g}, cell {number} of {len(todo)}")
            if temperatures is None:  # the clean cell, which comes first
                logits = judge.logits(corruption, severity, advance)
                temperatures = _fit(judge, logits, held_out)
                if first:
                    results.keep_temperatures(temperatures)
                found = judge.judged(logits, temperatures.of_images(len(data)))
            else:
                found = judge(corruption, severity, temperatures.of_images(len(data)), advance)
            cell = _cell(name or type(model).__name__, source, (corruption, severity), found, temperatures)
            if first:
                results.add(cell, found)
            cells.append(cell)
    if accelerator:
        accelerator.wait_for_everyone()  # the last cell is on disk before anyone goes on
    return cells


def _identity(model: nn.Module, source: CellSource, held_out: ImageSet | None) -> dict[str, object]:
    """Returns all that the figures depend on.

    Raises:
        ValueError: If held-out images are not like the others.
    """
    data = source.data
    if held_out is not None and held_out.channels != data.channels:
        raise ValueError(
            f"held_out has {held_out.channels} channels, but {data.name} {data.channels}; give alike images"
        )
    return {
        **source.columns(),
        "view": source.scaling(),
        "weights": fingerprint([*model.parameters(), *model.buffers()]),
        "images": fingerprint_images(data),
        "labels": fingerprint([data.labels]),
        "temperature": "cross-fitted" if held_out is None else f"fitted on {fingerprint_images(held_out)}",
    }


def _todo(done: Sequence[Cell], corruptions: Sequence[str], severities: Sequence[float]) -> list[Request]:
    """Returns the cells that are asked for and not done, the clean one first."""
    asked = [(CLEAN, 0.0), *((corruption, float(s)) for corruption in corruptions for s in severities)]
    there = {(cell.name, cell.severity) for cell in done}
    return [request for request in dict.fromkeys(asked) if request not in there]


def _cell(model: str, source: CellSource, request: Request, found: Judged, temperatures: Temperatures) -> Cell:
    corruption, severity = request
    return Cell(
        model=model,
        **source.columns(),
        corruption=source.label(corruption),
        severity=severity,
        n=len(source.data),
        **measure(found),  # type: ignore[arg-type]
        temperature_a=temperatures.a,
        temperature_b=temperatures.b,
    )


def _begin(
    results: Results, identity: dict[str, object], source: CellSource, corrupted: dict[str, str]
) -> tuple[list[Cell], Temperatures | None]:
    """Opens the results folder; returns the cells that are done and the temperatures that belong to them."""
    results.start(identity, environment(), corrupted)
    cells = [cell for cell in results.cells() if results.has(cell)]
    for cell in cells:
        if cell.severity and cell.corruption != source.label(cell.name):
            raise ValueError(
                f"{results.folder} holds {cell.corruption!r}, now it would be {source.label(cell.name)!r};"
                " use another folder"
            )
    temperatures = results.temperatures()
    if temperatures is None or not any(cell.name == CLEAN for cell in cells):
        # Without these no cell can go on, and fitting them takes the logits of the clean images.
        return [cell for cell in cells if cell.name != CLEAN], None
    return cells, temperatures


def _fit(judge: Judge, logits: torch.Tensor, held_out: ImageSet | None) -> Temperatures:
    """Fits temperatures to the logits of the clean images, or to those of held-out ones."""
    if held_out is None:
        return cross_fit(logits, judge.source.data.labels)
    view = judge.source.view
    other = Judge(judge.model, Generated(held_out, view=view), judge.batch_size, judge.device, judge.accelerator)
    return held_out_fit(other.logits(CLEAN, 0.0, lambda images: None), held_out.labels)


def _home(model: nn.Module, accelerator: Accelerator | None) -> torch.device:
    if accelerator:
        return accelerator.device
    return next((weights.device for weights in model.parameters()), torch.device("cpu"))


def _from_first(accelerator: Accelerator | None, work: Callable[[], T]) -> T:
    """Does the work in the first process and gives its result to all."""
    if accelerator is None:
        return work()
    result = [work() if accelerator.is_main_process else None]
    return broadcast_object_list(result)[0]
