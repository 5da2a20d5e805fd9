"""The processes of a job, one or those that torchrun started."""

from typing import Any

import torch
from accelerate import Accelerator

__all__ = ["new_accelerator"]


def new_accelerator(**options: Any) -> Accelerator:  # noqa: ANN401 (those of Accelerate)
    """Returns an `Accelerator` of the machine's devices: its GPUs, or the CPU."""
    # Where there are none, torchrun's processes find each other only if told to use the CPU.
    return Accelerator(cpu=not torch.accelerator.is_available(), **options)
