"""What is kept of a model under way for the report: a file a step."""

from collections.abc import Mapping
from pathlib import Path

import safetensors.torch
from torch import Tensor

from robustmoll.storage.files import write_whole

__all__ = ["read_snapshots", "write_snapshot"]


def write_snapshot(folder: Path, step: int, kept: Mapping[str, Tensor]) -> None:
    """Writes what is kept of a step, tensors by name, into a folder that it makes if need be."""
    folder.mkdir(exist_ok=True)
    write_whole(folder / f"{step:08d}.safetensors", safetensors.torch.save(dict(kept)))


def read_snapshots(folder: Path) -> dict[int, dict[str, Tensor]]:
    """Returns what was kept, by step in rising order; nothing if there is no such folder."""
    return {int(path.stem): safetensors.torch.load_file(path) for path in sorted(folder.glob("*.safetensors"))}
