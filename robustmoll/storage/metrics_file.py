"""How a training went, a row an epoch."""

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from robustmoll.storage.files import csv_text, write_whole

__all__ = ["MetricsFile"]


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
