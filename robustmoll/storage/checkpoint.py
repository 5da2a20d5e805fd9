"""Checkpoints: folders that are whole or absent, hold no code, and tell when they are damaged.

checkpoints/last/        the newest
    model.safetensors    weights of the backbone, as they are evaluated (averaged, if training averages)
    config.json          the architecture, in timm's words, and the class names
    training.pt          optimizer, step and the rest of the training's state: tensors and plain values only
    checkpoint.json      the step, and the hash of each file above
checkpoints/previous/    the one before it, for the case that `last` is damaged
checkpoints/best/        the one of least error on held-out images, where a training holds some out
"""

import io
import json
import os
import pickle
import shutil
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

from robustmoll.storage.files import json_bytes, sha256, sync_folder, write_whole

__all__ = ["Checkpoint", "Damaged", "load", "load_final", "load_newest", "save", "was_begun"]

NEWEST = ("last", "previous", ".new")  # the third is whole, where a process was killed before it had its name


class Damaged(ValueError):
    """A checkpoint that is not what was written, or nothing that was ever written here."""


@dataclass(frozen=True)
class Checkpoint:
    """What a checkpoint holds.

    Attributes:
        step: Number of finished training steps.
        weights: Of the backbone, by name.
        config: Its architecture, plain values.
        training: State of the training, tensors and plain values.
        name: Of the folder that it was read from, such as "last" or "best".
    """

    step: int
    weights: dict[str, Tensor]
    config: dict[str, Any]
    training: dict[str, Any]
    name: str = ""


def save(folder: Path, checkpoint: Checkpoint, best: bool = False) -> None:
    """Writes the checkpoint to `folder`/last; the one before it becomes `folder`/previous.

    Args:
        folder: The run's checkpoints.
        checkpoint: What to write.
        best: Whether it is to be `folder`/best too.

    Raises:
        OSError: If the disk is full or the folder not writable; the checkpoints that are there stay.
    """
    training = io.BytesIO()
    torch.save(checkpoint.training, training)
    weights = {name: tensor.detach().cpu().contiguous() for name, tensor in checkpoint.weights.items()}
    files = {
        "model.safetensors": safetensors.torch.save(weights),
        "config.json": json_bytes(checkpoint.config),
        "training.pt": training.getvalue(),
    }
    manifest = {"step": checkpoint.step, "sha256": {name: sha256(content) for name, content in files.items()}}
    files["checkpoint.json"] = json.dumps(manifest, indent=2).encode()
    if best:  # before `last`, which tells a resumed training that there is nothing better
        _replace(folder, "best", files, keep=folder / ".worse")
        shutil.rmtree(folder / ".worse", ignore_errors=True)
    _replace(folder, "last", files, keep=folder / "previous")


def _replace(folder: Path, name: str, files: dict[str, bytes], keep: Path) -> None:
    """Writes a checkpoint under a name, and gives `keep` to what had that name."""
    new, old = folder / ".new", folder / name
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    for file, content in files.items():
        write_whole(new / file, content)
    # Killed between any two of these lines, the new one is whole, and the old one under its name or at `keep`.
    if old.exists():
        shutil.rmtree(keep, ignore_errors=True)
        os.rename(old, keep)
    os.rename(new, old)
    sync_folder(folder)


def load(path: Path) -> Checkpoint:
    """Reads a checkpoint; nothing in it can run.

    Args:
        path: Its folder, such as runs/digits/checkpoints/last.

    Raises:
        Damaged: If a file is missing, is not what was written, or holds anything but tensors and plain values.
    """
    try:
        manifest = json.loads(_read(path / "checkpoint.json"))
        step, hashes = int(manifest["step"]), dict(manifest["sha256"])
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError) as error:
        raise Damaged(f"{path / 'checkpoint.json'} is not what was written: {error!r}") from error
    contents = {name: _read(path / name) for name in ("model.safetensors", "config.json", "training.pt")}
    for name, content in contents.items():
        if sha256(content) != hashes.get(name):
            raise Damaged(f"{path / name} is not what was written (its hash differs)")
    try:
        weights = safetensors.torch.load(contents["model.safetensors"])
    except SafetensorError as error:
        raise Damaged(f"{path / 'model.safetensors'} is no safetensors file: {error}") from error
    try:
        training = torch.load(io.BytesIO(contents["training.pt"]), map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError) as error:
        raise Damaged(
            f"{path / 'training.pt'} holds more than tensors and plain values, or is cut off; refused"
        ) from error
    return Checkpoint(step, weights, json.loads(contents["config.json"]), training, path.name)


def was_begun(folder: Path) -> bool:
    """Tells whether a run has a checkpoint; while its first one is written, it has none, whatever files there are.

    Args:
        folder: The run's checkpoints.
    """
    return any((folder / name).exists() for name in ("last", "previous"))


def load_newest(folder: Path) -> Checkpoint:
    """Reads the newest whole checkpoint of a run, from which its training goes on.

    Args:
        folder: The run's checkpoints.

    Raises:
        Damaged: If there is no whole one.

    Warns:
        UserWarning: For each newer one that is damaged and had to be passed over.
    """
    return _first_whole(folder, NEWEST)


def load_final(folder: Path) -> Checkpoint:
    """Reads the checkpoint that a training ends in: the best one if it held images out to tell, else the newest.

    Arguments, errors and warnings as for `load_newest`.
    """
    return _first_whole(folder, ("best", ".worse", *NEWEST))


def _first_whole(folder: Path, names: Sequence[str]) -> Checkpoint:
    passed: list[str] = []
    for name in names:
        if (folder / name).exists():
            try:
                found = load(folder / name)
            except Damaged as error:
                passed.append(str(error))
                continue
            for line in passed:
                warnings.warn(f"passed over a damaged checkpoint: {line}", stacklevel=3)
            return found
    raise Damaged("; ".join(passed) if passed else f"{folder} holds no checkpoint; train first")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise Damaged(f"{path} cannot be read: {error.strerror}") from error
