"""The processes of a job, one or those that torchrun started."""

from typing import Any

import torch
from accelerate import Accelerator

from robustmoll.data.examples import Examples

__all__ = ["check_batch_size", "new_accelerator", "share_of_batch"]


def new_accelerator(**options: Any) -> Accelerator:  # noqa: ANN401 (those of Accelerate)
    """Returns an `Accelerator` of the machine's devices: its GPUs, or the CPU."""
    # Where there are none, torchrun's processes find each other only if told to use the CPU.
    return Accelerator(cpu=not torch.accelerator.is_available(), **options)


def check_batch_size(n: int, train: Examples, accelerator: Accelerator) -> None:
    """Raises a ValueError unless there is an example for each process, and as many as a batch has."""
    if not accelerator.num_processes <= n <= len(train):
        raise ValueError(
            f"batch_size must lie between the {accelerator.num_processes} process(es) and the {len(train)}"
            f" training {train.unit} of {train.name}, got {n}"
        )


def share_of_batch(n: int, accelerator: Accelerator) -> slice:
    """Returns this process's share of a batch of n examples."""
    rank, processes = accelerator.process_index, accelerator.num_processes
    return slice(rank * n // processes, (rank + 1) * n // processes)
