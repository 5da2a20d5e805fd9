"""The benchmark: one classifier, one set of images, clean and under every corruption and severity.

It goes cell by cell and keeps each finished one, so a benchmark that was stopped goes on where it was.
Corrupted images are made batch by batch, on the model's device, and forgotten. An image's random draws
belong to its index in the set, and processes share a cell batch by batch: neither the batch size nor the
number of processes changes what a cell measures.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.utils import broadcast_object_list
from torch import Tensor, nn

from robustmoll.checks import known_name
from robustmoll.corruptions import EXTRA, NAMES, PRESETS
from robustmoll.data.image_set import ImageSet
from robustmoll.evaluate.cells import CLEAN, Cell, Results
from robustmoll.evaluate.judge import Judge, evaluating
from robustmoll.evaluate.metrics import measure
from robustmoll.evaluate.sources import Generated
from robustmoll.progress import ProgressBar
from robustmoll.run import environment

__all__ = ["bench", "check_request"]


def bench(
    model: nn.Module,
    data: ImageSet,
    out: str | Path,
    *,
    corruptions: Sequence[str] = NAMES,
    severities: Sequence[float] = (1, 2, 3, 4, 5),
    preset: str = "cifar",
    seed: int = 0,
    batch_size: int = 256,
    device: str | torch.device | None = None,
    name: str | None = None,
    accelerator: Accelerator | None = None,
) -> list[Cell]:
    """Measures a classifier on clean and corrupted images.

    Args:
        model: Takes float images in [0, 1], shape (B, C, H, W), and gives logits, shape (B, K); standardisation is
            its own business. It is evaluated in eval mode, and left in the mode it came in.
        data: The images, of K classes.
        out: Folder for the results, see `robustmoll.evaluate.cells`. Cells found there are not computed again.
        corruptions: Which ones.
        severities: Which ones, in (0, 5]. The clean cell is always measured, and first.
        preset: Table of corruption constants: "cifar", "tiny" or "imagenet".
        seed: Seed of the corruptions, any integer.
        batch_size: Images at a time, in each process.
        device: Where to compute; by default the accelerator's device, or else that of the model's weights.
        name: What tables call the model; its class name by default.
        accelerator: Of a job of several processes. They share each cell, and each of them returns all cells.

    Returns:
        All cells of the folder.

    Raises:
        ValueError: If an argument is not as described, the folder holds another benchmark, or the model gives another
            number of classes than the data have, or NaN or infinite logits. Finished cells stay.
    """
    check_request(corruptions, severities, preset, batch_size)
    model = accelerator.unwrap_model(model) if accelerator else model
    device = torch.device(device) if device else _home(model, accelerator)
    source = Generated(data, preset, seed)
    results = Results(out)
    subject: dict[str, Any] = {
        "dataset": f"{data.name}/{data.split}",
        "preset": preset,
        "mode": source.mode,
        "seed": seed,
    }
    weights = _fingerprint([*model.parameters(), *model.buffers()])
    identity = {**subject, "weights": weights, "images": _fingerprint([data.images, data.labels])}
    cells = _from_first_process(accelerator, lambda: _begin(results, identity, source))
    done = {(cell.name, cell.severity) for cell in cells}
    asked = [(CLEAN, 0.0), *((corruption, float(s)) for corruption in corruptions for s in severities)]
    todo = [request for request in dict.fromkeys(asked) if request not in done]
    first = accelerator is None or accelerator.is_main_process
    judge = Judge(model.to(device), source, batch_size, device, accelerator)
    with evaluating(model), ProgressBar(len(todo) * len(data), show=first) as bar:
        for number, (corruption, severity) in enumerate(todo, start=1):
            what = f"{corruption} {severity:g}, cell {number} of {len(todo)}"
            found = judge(corruption, severity, partial(bar.advance, description=what))
            cell = Cell(
                model=name or type(model).__name__,
                **subject,
                corruption=source.label(corruption),
                severity=severity,
                n=len(found.correct),
                **measure(found),
            )
            if first:
                results.add(cell, found)
            cells.append(cell)
    if accelerator:
        accelerator.wait_for_everyone()  # the last cell is on disk before anyone goes on
    return cells


def _begin(results: Results, identity: dict[str, Any], source: Generated) -> list[Cell]:
    """Opens the results folder and returns the cells that are done."""
    results.start(identity, environment())
    cells = [cell for cell in results.cells() if results.has(cell)]
    for cell in cells:
        if cell.severity and cell.corruption != source.label(cell.name):
            raise ValueError(
                f"{results.folder} holds {cell.corruption!r}, now it would be {source.label(cell.name)!r};"
                " use another folder"
            )
    return cells


def check_request(corruptions: Sequence[str], severities: Sequence[float], preset: str, batch_size: int) -> None:
    """Checks what can be checked before there is a model; arguments and errors as for `bench`."""
    for corruption in corruptions:
        known_name("corruption", corruption, (*NAMES, *EXTRA))
    for severity in severities:
        if not 0 < severity <= 5:
            raise ValueError(f"severities must lie in (0, 5], got {severity}; the clean cell is always measured")
    known_name("preset", preset, PRESETS)
    if batch_size < 1:
        raise ValueError(f"batch_size must be at least 1, got {batch_size}")


def _home(model: nn.Module, accelerator: Accelerator | None) -> torch.device:
    if accelerator:
        return accelerator.device
    return next((weights.device for weights in model.parameters()), torch.device("cpu"))


def _fingerprint(tensors: Iterable[Tensor]) -> str:
    """Returns the first digits of a hash of dtypes, shapes and values."""
    digest = hashlib.sha256()
    for tensor in tensors:
        digest.update(f"{tensor.dtype}{tuple(tensor.shape)}".encode())
        digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()[:16]


def _from_first_process(accelerator: Accelerator | None, work: Callable[[], list[Cell]]) -> list[Cell]:
    """Does the work in the first process and gives its result to all."""
    if accelerator is None:
        return work()
    result = [work() if accelerator.is_main_process else []]
    return broadcast_object_list(result)[0]
