"""The folder of a run: what was asked for, with which versions, and how the training went.

config.yaml env.json metrics.csv checkpoints/ bench/<suite>/ plots/ report.html
"""

import csv
import os
import platform
import shutil
import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal

import torch
import yaml

from robustmoll.files import csv_text, json_bytes, write_whole

__all__ = [
    "MetricsFile",
    "Resume",
    "check_config",
    "config_changes",
    "describe_run",
    "environment",
    "logged_config",
    "open_run",
]

Resume = bool | Literal["changed"]
# What may differ between a training and its continuation: nothing that the weights depend on.
FREE_KEYS = ("run", "resume", "workers", "trackers", "checkpoint_minutes", "bench")
PACKAGES = ("torch", "torchvision", "timm", "kornia", "accelerate", "numpy")


def open_run(folder: Path, resume: Resume, config: str | None = None) -> None:
    """Makes the run folder, or finds the one to go on with, which stays as it is.

    Args:
        folder: Of the run.
        resume: Whether to go on with a run that is there; "changed" does so whatever its config was.
        config: Text that config.yaml must agree with; None for any.

    Raises:
        ValueError: If the folder cannot be written, holds a run and `resume` is false, or holds one with
            another config.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ".writable").touch()
        (folder / ".writable").unlink()
    except OSError as error:
        raise ValueError(f"run folder {folder} cannot be written ({error.strerror}); choose another --run") from error
    if (folder / "checkpoints").exists():
        if not resume:
            raise ValueError(f"{folder} holds a run already; go on with --resume true, or choose another --run")
        if resume != "changed":
            check_config(folder / "config.yaml", config)


def describe_run(folder: Path, resume: Resume, config: str | None = None) -> None:
    """Keeps the config and the environment in the folder of a run that begins or goes on; arguments as for `open_run`.

    Its report goes, as it tells of a training that has ended; if its config has changed, so does what was measured:
    figures of other weights.
    """
    (folder / "report.html").unlink(missing_ok=True)
    if resume == "changed":
        for measured in ("bench", "density"):
            shutil.rmtree(folder / measured, ignore_errors=True)
    if config is not None:
        write_whole(folder / "config.yaml", config.encode())
    write_whole(folder / "env.json", json_bytes(environment()))


def environment() -> dict[str, Any]:
    """Returns what a figure may depend on besides the config: versions and machine."""
    return {
        "command": " ".join([Path(sys.argv[0]).name, *sys.argv[1:]]),
        "python": platform.python_version(),
        **{package: _version(package) for package in ("robustmoll", *PACKAGES)},
        "system": f"{platform.system()} {platform.machine()}",
        "processors": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
    }


class MetricsFile:
    """A CSV file with a row an epoch, whole at any moment.

    Args:
        path: Of the file.
        write: False for one that ignores all, as every process but the first needs it.
    """

    def __init__(self, path: Path, write: bool = True) -> None:
        self.path, self.write = path, write

    def rows(self) -> list[dict[str, str]]:
        """Returns the rows; none if there is no file yet."""
        if not self.path.exists():
            return []
        with self.path.open(newline="") as file:
            return list(csv.DictReader(file))

    def keep_before(self, epoch: int) -> None:
        """Drops the rows of `epoch` (counted from 1) and later, which a resumed training will write again."""
        if rows := self.rows():
            self._replace([row for row in rows if int(row["epoch"]) < epoch])

    def add(self, row: Mapping[str, Any]) -> None:
        """Adds a row; its keys are the columns."""
        self._replace([*self.rows(), dict(row)])

    def _replace(self, rows: list[dict[str, Any]]) -> None:
        if not self.write:
            return
        content = csv_text(rows[0], (row.values() for row in rows)) if rows else ""
        write_whole(self.path, content.encode())


def check_config(path: Path, config: str | None) -> None:
    """Raises a ValueError if another config than this one was trained, and is kept at `path`."""
    if changed := config_changes(path, config):
        raise ValueError(
            f"{path.parent} was started with another config: {', '.join(changed)}; choose another --run or insist:"
            " --resume changed"
        )


def config_changes(path: Path, config: str | None) -> list[str]:
    """Returns what has changed since the config at `path` and weights depend on, each as "key (old -> new)"."""
    if config is None or not path.exists():
        return []
    old, new = (_flat(yaml.safe_load(text)) for text in (path.read_text(encoding="utf-8"), config))
    changed = sorted(key for key in old.keys() | new.keys() if old.get(key) != new.get(key))
    changed = [key for key in changed if key.split(".")[0] not in FREE_KEYS]
    return [f"{key} ({old.get(key)} -> {new.get(key)})" for key in changed]


def logged_config(config: str | None) -> dict[str, str | int | float | bool]:
    """Returns a config as loggers take it: one level of keys, and values that are plain."""
    flat = _flat(yaml.safe_load(config)) if config else {}
    return {key: value if isinstance(value, str | int | float) else str(value) for key, value in flat.items()}


def _flat(tree: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        flat |= _flat(value, f"{prefix}{key}.") if isinstance(value, dict) and value else {f"{prefix}{key}": value}
    return flat


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
