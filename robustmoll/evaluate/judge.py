"""Runs a classifier over one cell at a time, alone or together with other processes."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from accelerate import Accelerator
from numpy.typing import NDArray
from torch import Tensor, nn

from robustmoll.evaluate.metrics import Outcomes, outcomes
from robustmoll.evaluate.sources import Generated

__all__ = ["Judge", "evaluating"]


@dataclass(frozen=True)
class Judge:
    """Tells what becomes of each image of a cell.

    Args:
        model: Float images in [0, 1] in, logits out; in eval mode, on the device.
        source: Of the images.
        batch_size: Images at a time, in each process.
        device: Where to compute.
        accelerator: Of a job of several processes, which all have to judge the same cells in the same order.
    """

    model: nn.Module
    source: Generated
    batch_size: int
    device: torch.device
    accelerator: Accelerator | None

    def __call__(self, corruption: str, severity: float, advance: Callable[[int], None]) -> Outcomes:
        """Judges a cell.

        Args:
            corruption: Its corruption.
            severity: Its severity, 0 if it is the clean one.
            advance: Is told, after every batch, how many images were judged by all processes.

        Raises:
            ValueError: If the model gives another number of classes than the data have, or a logit is NaN or
                infinite.
        """
        labels = self.source.data.labels
        table = np.zeros((len(Outcomes._fields), len(labels)))
        for rows in self._my_batches(len(labels)):
            images = self.source.images(corruption, severity, rows, self.device)
            try:
                table[:, rows] = outcomes(self._logits(images), labels[rows])
            except ValueError as error:
                raise ValueError(f"{corruption} {severity:g}: {error}") from None
            advance(min(self._processes * self.batch_size, len(labels) - rows.start))
        correct, *rest = self._merge(table)
        return Outcomes(correct.astype(bool), *rest)

    def _logits(self, images: Tensor) -> Tensor:
        logits = self.model(images.float() / 255)
        expected = (len(images), len(self.source.data.classes))
        if logits.shape != expected:
            raise ValueError(f"the model gives logits {tuple(logits.shape)}, but {expected} are needed")
        return logits

    @property
    def _processes(self) -> int:
        return self.accelerator.num_processes if self.accelerator else 1

    def _my_batches(self, n: int) -> Iterator[slice]:
        # The batches that one process would form, dealt out in turn: between batch sizes a forward pass may
        # differ in its last bits.
        rank = self.accelerator.process_index if self.accelerator else 0
        for start in range(rank * self.batch_size, n, self._processes * self.batch_size):
            yield slice(start, min(start + self.batch_size, n))

    def _merge(self, table: NDArray[np.float64]) -> NDArray[np.float64]:
        # An image's column is filled in by one process and zero in the others: the sum is exact, and no
        # image can be counted twice.
        if self.accelerator is None or self.accelerator.num_processes == 1:
            return table
        return self.accelerator.reduce(torch.from_numpy(table).to(self.device), "sum").cpu().numpy()


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
