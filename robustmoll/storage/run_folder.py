"""The folder of a run: what was asked for, with which versions, how the training went, and what was measured."""

import shutil
from pathlib import Path
from typing import Literal

from robustmoll.storage.environment import environment
from robustmoll.storage.files import json_bytes, write_whole
from robustmoll.storage.saved_config import config_changes

__all__ = ["SUITE", "Resume", "RunFolder"]

Resume = bool | Literal["changed"]
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
