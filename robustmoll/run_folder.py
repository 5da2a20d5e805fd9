"""The folder of a run: what was asked for, with which versions, how the training went, and what was measured."""

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

__all__ = ["SUITE", "MetricsFile", "Resume", "RunFolder", "config_changes", "environment", "logged_config"]

Resume = bool | Literal["changed"]
# What may differ between a training and its continuation: nothing that the weights depend on.
FREE_KEYS = ("run", "resume", "imports", "workers", "trackers", "checkpoint_minutes", "bench")
PACKAGES = ("torch", "torchvision", "timm", "kornia", "accelerate", "numpy")
SUITE = "corruptions"
"""The benchmark of a run's own test images."""


class RunFolder:
    """The folder of a run, and where in it what lies.

    Args:
        path: Of the folder, which need not exist yet.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    @property
    def config(self) -> Path:
        """What was asked for."""
        return self.path / "config.yaml"

    @property
    def environment(self) -> Path:
        """Versions and machine."""
        return self.path / "env.json"

    @property
    def metrics(self) -> Path:
        """How the training went, a row an epoch."""
        return self.path / "metrics.csv"

    @property
    def checkpoints(self) -> Path:
        """The last checkpoint, the one before it, and the best one."""
        return self.path / "checkpoints"

    @property
    def snapshots(self) -> Path:
        """What the report draws of a likelihood model under way."""
        return self.path / "snapshots"

    def bench(self, suite: str = SUITE) -> Path:
        """What was measured of a classifier."""
        return self.path / "bench" / suite

    @property
    def density(self) -> Path:
        """What was measured of a likelihood model."""
        return self.path / "density"

    @property
    def density_summary(self) -> Path:
        """Its figures."""
        return self.density / "summary.json"

    @property
    def plots(self) -> Path:
        """The pictures of the report."""
        return self.path / "plots"

    @property
    def report(self) -> Path:
        """The page that is written last."""
        return self.path / "report.html"

    def open(self, resume: Resume, config: str | None = None) -> None:
        """Makes the folder, or finds a run to go on with, which stays as it is.

        Args:
            resume: Whether to go on with a run that is there; "changed" does so whatever its config was.
            config: Text that config.yaml must agree with; None for any.

        Raises:
            ValueError: If the folder cannot be written, holds a run and `resume` is false, or holds one with
                another config.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            (self.path / ".writable").touch()
            (self.path / ".writable").unlink()
        except OSError as error:
            raise ValueError(
                f"run folder {self.path} cannot be written ({error.strerror}); choose another --run"
            ) from error
        if self.checkpoints.exists():
            if not resume:
                raise ValueError(f"{self.path} holds a run already; go on with --resume true, or choose another --run")
            if resume != "changed":
                self.check_config(config)

    def describe(self, resume: Resume, config: str | None = None) -> None:
        """Keeps the config and the environment of a run that begins or goes on; arguments as for `open`.

        Its report goes, as it tells of a training that has ended; if its config has changed, so does what was measured:
        figures of other weights.
        """
        self.report.unlink(missing_ok=True)
        if resume == "changed":
            for measured in (self.bench().parent, self.density):
                shutil.rmtree(measured, ignore_errors=True)
        if config is not None:
            write_whole(self.config, config.encode())
        write_whole(self.environment, json_bytes(environment()))

    def check_config(self, config: str | None) -> None:
        """Raises a ValueError if another config than this one was trained here."""
        if changed := config_changes(self.config, config):
            raise ValueError(
                f"{self.path} was started with another config: {', '.join(changed)}; choose another --run or insist:"
                " --resume changed"
            )


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
