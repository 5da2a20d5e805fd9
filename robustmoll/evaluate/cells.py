"""The cells of a benchmark and the folder that keeps them, from which every table and figure is made.

    bench.json          what was measured: model and weights, images, preset, seed
    cells.csv           one row a cell, the columns those of `Cell`
    outcomes/           one file a cell, <corruption>-<severity>.npz: what became of each image

A file is either whole or absent, and a cell's row is written after its outcomes: whatever stands in
cells.csv is done.
"""

import csv
import dataclasses
import io
import json
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from robustmoll.corruptions import NAMES
from robustmoll.evaluate.metrics import Outcomes
from robustmoll.files import write_whole

__all__ = ["CLEAN", "Cell", "Results", "benchmark_cells", "clean_cell", "parse_cells"]

CLEAN = "clean"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Cell:
    """One (corruption, severity) of a benchmark; the fields are the columns of cells.csv, in order.

    Attributes:
        model: Name of the classifier.
        dataset: Name and split of the images.
        preset: Table of corruption constants: "cifar", "tiny" or "imagenet".
        mode: Where the corrupted images come from: "generated" on the fly.
        seed: Seed of the corruptions.
        corruption: "clean", or the corruption's name, with a remark in brackets if it is not the standard one.
        severity: 0 if clean, else in (0, 5].
        n: Number of images.
        error: Share of wrong predictions.
        nll: Mean negative log-likelihood, in nats.
        brier: Mean Brier score, summed over classes.
        ece: Expected calibration error over the whole set, 15 bins of equal width.
        error_low: Lower end of the error's 95 % Wilson interval.
        error_high: Upper end.
        ece_equal_mass: Calibration error with 15 bins of equally many images.
        ece_batch100: Mean calibration error of batches of 100, for comparison with papers only.
    """

    model: str
    dataset: str
    preset: str
    mode: str
    seed: int
    corruption: str
    severity: float
    n: int
    error: float
    nll: float
    brier: float
    ece: float
    error_low: float
    error_high: float
    ece_equal_mass: float
    ece_batch100: float

    @property
    def name(self) -> str:
        """The corruption's name without a remark: "frost" for "frost (procedural)"."""
        return self.corruption.partition(" (")[0]

    @property
    def key(self) -> str:
        """Short unique name of the cell: "fog-3"."""
        return f"{self.name}-{_plain(self.severity)}"


COLUMNS: dict[str, Any] = {field.name: field.type for field in dataclasses.fields(Cell)}


def _plain(severity: float) -> str:
    # 3 for 3.0, and all digits of a fraction, so that it reads back as the same number.
    return str(severity).removesuffix(".0")


def format_cells(cells: list[Cell]) -> str:
    """Writes cells as CSV with a header; floats have as many digits as it takes to read them back exactly."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(COLUMNS)
    for cell in cells:
        values = {**dataclasses.asdict(cell), "severity": _plain(cell.severity)}
        rows.writerow(values.values())
    return text.getvalue()


def parse_cells(text: str, source: str = "cells.csv") -> list[Cell]:
    """Reads cells from CSV.

    A last line without its line end was cut off by a crash. It is left out, and its cell counts as not done.

    Args:
        text: The file's content.
        source: Where it is from, for messages.

    Raises:
        ValueError: If the header, a row or a value is not as `Cell` says, or a cell stands there twice.
    """
    whole = text[: text.rfind("\n") + 1]
    header, *rows = list(csv.reader(whole.splitlines())) or [[]]
    if header != list(COLUMNS):
        raise ValueError(f"{source} is no table of cells: expected the columns {','.join(COLUMNS)}")
    cells: dict[str, Cell] = {}
    for line, row in enumerate(rows, start=2):
        try:
            cell = _parse_cell(row)
        except ValueError as error:
            raise ValueError(f"{source}, line {line}: {error}; mend or delete this line") from None
        if cell.key in cells:
            raise ValueError(f"{source}, line {line}: a second row for {cell.key}; delete one of the two")
        cells[cell.key] = cell
    return list(cells.values())


def clean_cell(cells: Iterable[Cell]) -> Cell:
    """Returns the clean cell.

    Raises:
        ValueError: If there is none.
    """
    for cell in cells:
        if cell.name == CLEAN:
            return cell
    raise ValueError("the table has no clean cell; run the benchmark again into its folder, it goes on from there")


def benchmark_cells(cells: Iterable[Cell]) -> list[Cell]:
    """Returns the cells that count as "corrupted": those of the 15 corruptions, not those of the four extras.

    Raises:
        ValueError: If there is none.
    """
    found = [cell for cell in cells if cell.name in NAMES]
    if not found:
        raise ValueError(f"the table has no cell of the benchmark's corruptions ({', '.join(NAMES)})")
    return found


def _parse_cell(row: list[str]) -> Cell:
    if len(row) != len(COLUMNS):
        raise ValueError(f"{len(row)} values for {len(COLUMNS)} columns")
    return Cell(**{name: kind(value) for (name, kind), value in zip(COLUMNS.items(), row, strict=True)})


class Results:
    """A benchmark's folder.

    Args:
        folder: It need not exist yet.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self.table = self.folder / "cells.csv"

    def cells(self) -> list[Cell]:
        """Returns the finished cells, in the order in which they were finished.

        Raises:
            ValueError: If cells.csv is damaged.
        """
        if not self.table.exists():
            return []
        return parse_cells(self.table.read_text(encoding="utf-8"), str(self.table))

    def identity(self) -> dict[str, Any]:
        """Returns what bench.json says was measured.

        Raises:
            ValueError: If it is missing.
        """
        path = self.folder / "bench.json"
        if not path.exists():
            raise ValueError(f"{path} is missing: nothing says what was measured here")
        return json.loads(path.read_text(encoding="utf-8"))["identity"]

    def outcomes(self, cell: Cell) -> Outcomes:
        """Returns what became of each image in a cell.

        Raises:
            ValueError: If the cell's file is missing, damaged, or does not belong to it.
        """
        path = self._outcomes_path(cell)
        if not path.exists():
            raise ValueError(f"{path} is missing; run the benchmark into this folder again, it redoes this cell")
        try:
            with np.load(path, allow_pickle=False) as arrays:
                found = Outcomes(*(arrays[name] for name in Outcomes._fields))
        except (ValueError, OSError, EOFError, KeyError, zipfile.BadZipFile) as error:
            raise ValueError(f"{path} cannot be read ({error}); delete it and run the benchmark again") from error
        if {len(values) for values in found} != {cell.n}:
            raise ValueError(f"{path} does not hold the {cell.n} images of its row in cells.csv; delete it")
        return found

    def has(self, cell: Cell) -> bool:
        """Returns whether the cell's outcomes are there too."""
        return self._outcomes_path(cell).exists()

    def start(self, identity: dict[str, Any], environment: dict[str, Any]) -> None:
        """Says what is about to be measured here.

        Args:
            identity: All that the figures depend on.
            environment: Versions and machine, for the reader.

        Raises:
            ValueError: If the folder holds cells of something else.
        """
        if not self.table.exists() and not (self.folder / "bench.json").exists():
            (self.folder / "outcomes").mkdir(parents=True, exist_ok=True)
            content = {"identity": identity, "environment": environment}
            write_whole(self.folder / "bench.json", (json.dumps(content, indent=2) + "\n").encode())
        known = self.identity()
        for name, value in identity.items():
            if known.get(name) != value:
                raise ValueError(
                    f"{self.folder} holds a benchmark with {name} {known.get(name)!r}, not {value!r};"
                    " use another folder"
                )

    def add(self, cell: Cell, outcomes: Outcomes) -> None:
        """Keeps a finished cell: its outcomes first, then its row."""
        arrays = io.BytesIO()
        np.savez(arrays, **outcomes._asdict())
        write_whole(self._outcomes_path(cell), arrays.getvalue())
        others = [other for other in self.cells() if other.key != cell.key]
        write_whole(self.table, format_cells([*others, cell]).encode())

    def _outcomes_path(self, cell: Cell) -> Path:
        return self.folder / "outcomes" / f"{cell.key}.npz"
