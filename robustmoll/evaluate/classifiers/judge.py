"""Runs a classifier over one cell at a time, alone or together with other processes."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from accelerate import Accelerator
from numpy.typing import NDArray
from torch import Tensor, nn

from robustmoll.evaluate.classifiers.sources import CellSource
from robustmoll.evaluate.metrics import Judged, Outcomes, judged

__all__ = ["Judge", "evaluating"]

Advance = Callable[[int], None]
T = TypeVar("T")
# What is kept of an image: its outcomes, and those after temperature scaling, which correctness is not among.
ROWS = 2 * len(Outcomes._fields) - 1


@dataclass(frozen=True)
class Judge:
    """Tells what a classifier makes of each image of a cell.

    Args:
        model: Float images in [0, 1] in, logits out; in eval mode, on the device.
        source: Of the images.
        batch_size: Images at a time, in each process.
        device: Where to compute.
        accelerator: Of a job of several processes, which all have to judge the same cells in the same order.
    """

    model: nn.Module
    source: CellSource
    batch_size: int
    device: torch.device
    accelerator: Accelerator | None

    def __call__(
        self, corruption: str, severity: float, temperature: NDArray[np.float64] | None, advance: Advance
    ) -> Judged:
        """Judges a cell.

        Args:
            corruption: Its corruption.
            severity: Its severity, 0 if it is the clean one.
            temperature: By which the logits of each image are divided besides, shape (n,), or None.
            advance: Is told, after every batch, how many images were judged by all processes.

        Raises:
            ValueError: If the model gives another number of classes than the data have, or a logit is NaN or
                infinite.
        """
        return self._judged(self._batches(corruption, severity, advance), temperature)

    def logits(self, corruption: str, severity: float, advance: Advance) -> Tensor:
        """Returns the logits of a cell's images, shape (n, K), float32, on the CPU; arguments and errors as above."""
        data = self.source.data
        whole = np.zeros((len(data), len(data.classes)), dtype=np.float32)
        for rows, logits in self._batches(corruption, severity, advance):
            whole[rows] = logits.float().cpu().numpy()
        return torch.from_numpy(self._merge(whole))

    def judged(self, logits: Tensor, temperature: NDArray[np.float64] | None) -> Judged:
        """Judges the logits of a whole cell, as `logits` gives them."""
        return self._judged(((rows, logits[rows]) for rows in self._my_rows(len(logits))), temperature)

    def _judged(self, batches: Iterable[tuple[slice, Tensor]], temperature: NDArray[np.float64] | None) -> Judged:
        labels = self.source.data.labels
        table = np.zeros((ROWS, len(labels)))
        for rows, logits in batches:
            found = judged(logits, labels[rows], None if temperature is None else temperature[rows])
            table[:, rows] = [*found.raw, *(found.scaled[1:] if found.scaled else np.zeros((3, len(logits))))]
        correct, *others = self._merge(table)
        correct = correct.astype(bool)
        scaled = None if temperature is None else Outcomes(correct, *others[3:])
        return Judged(Outcomes(correct, *others[:3]), scaled)

    def _batches(self, corruption: str, severity: float, advance: Advance) -> Iterator[tuple[slice, Tensor]]:
        """Yields rows of the set and their logits, for this process's share of the batches."""
        n = len(self.source.data)
        batch = self.source.cell(corruption, severity)
        for rows, images in prefetched(lambda rows: batch(rows, self.device), self._my_rows(n)):
            try:
                yield rows, self._checked_logits(images)
            except ValueError as error:
                raise ValueError(f"{corruption} {severity:g}: {error}") from None
            advance(min(self._processes * self.batch_size, n - rows.start))

    def _checked_logits(self, images: Tensor) -> Tensor:
        logits = self.model(images.float().div_(255))
        expected = (len(images), len(self.source.data.classes))
        if not isinstance(logits, Tensor):
            raise ValueError(
                f"the model gives a {type(logits).__name__}, not a tensor of logits; wrap it in one that does"
            )
        if logits.shape != expected:
            raise ValueError(
                f"the model gives logits {tuple(logits.shape)}, but {expected} are needed for the"
                f" {expected[1]} classes of {self.source.data.name}"
            )
        if bad := int((~logits.isfinite()).any(1).sum()):
            raise ValueError(f"the model returned NaN or infinite logits for {bad} of {len(images)} images")
        return logits

    @property
    def _processes(self) -> int:
        return self.accelerator.num_processes if self.accelerator else 1

    def _my_rows(self, n: int) -> Iterator[slice]:
        # The batches that one process would form, dealt out in turn: between batch sizes a forward pass may
        # differ in its last bits.
        rank = self.accelerator.process_index if self.accelerator else 0
        for start in range(rank * self.batch_size, n, self._processes * self.batch_size):
            yield slice(start, min(start + self.batch_size, n))

    def _merge(self, table: np.ndarray) -> np.ndarray:
        # An image's entries are filled in by one process and zero in the others: the sum is exact, and no
        # image can be counted twice.
        if self.accelerator is None or self.accelerator.num_processes == 1:
            return table
        return self.accelerator.reduce(torch.from_numpy(table).to(self.device), "sum").cpu().numpy()


def prefetched(load: Callable[[slice], T], rows: Iterable[slice]) -> Iterator[tuple[slice, T]]:
    """Yields rows and what is loaded for them, the next ones while the caller is at work on these."""
    with ThreadPoolExecutor(max_workers=1) as worker:
        previous = None
        for part in rows:
            coming = part, worker.submit(load, part)
            if previous:
                yield previous[0], previous[1].result()
            previous = coming
        if previous:
            yield previous[0], previous[1].result()


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Puts a model in eval mode, without gradients, and leaves it in the mode it came in."""
    training = [module for module in model.modules() if module.training]
    model.eval()
    try:
        with torch.inference_mode():
            yield
    finally:
        for module in training:
            module.training = True
