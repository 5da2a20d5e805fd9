"""The cells of a benchmark, from which every table and figure is made, and how they are written as a table."""

import csv
import dataclasses
from collections.abc import Callable, Iterable
from types import UnionType
from typing import Any, get_args

from robustmoll.corruptions import NAMES
from robustmoll.storage.files import csv_text

__all__ = ["CLEAN", "COLUMNS", "Cell", "benchmark_cells", "cell_key", "clean_cell", "format_cells", "parse_cells"]

CLEAN = "clean"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Cell:
    """One (corruption, severity) of a benchmark; the fields are the columns of cells.csv, in order.

    Attributes:
        model: Name of the classifier.
        dataset: Name and split of the images.
        preset: Table of corruption constants: "cifar", "tiny" or "imagenet".
        mode: Where the corrupted images come from: "generated" on the fly, "written" by `robustmoll corrupt`, or
            "released" by others.
        seed: Seed of the corruptions; None if the images were released without one.
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
        nll_ts: `nll` after temperature scaling; None if no temperature could be fitted.
        brier_ts: `brier` after temperature scaling.
        ece_ts: `ece` after temperature scaling.
        temperature_a: By which the logits of the set's first half were divided for these three.
        temperature_b: By which those of the second half were.
        stage: Where images were corrupted: "model", at the size at which the model takes them, or "source", at their
            own, before they were scaled to the model's.
        resolution: Height x width at which they were corrupted, in pixels.
    """

    model: str
    dataset: str
    preset: str
    mode: str
    seed: int | None
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
    nll_ts: float | None = None
    brier_ts: float | None = None
    ece_ts: float | None = None
    temperature_a: float | None = None
    temperature_b: float | None = None
    stage: str = "model"
    resolution: str = ""

    @property
    def name(self) -> str:
        """The corruption's name without a remark: "frost" for "frost (procedural)"."""
        return self.corruption.partition(" (")[0]

    @property
    def key(self) -> str:
        """Short unique name of the cell: "fog-3"."""
        return cell_key(self.name, self.severity)


def cell_key(name: str, severity: float) -> str:
    """Returns the short unique name of a corruption's cell.

    Example:
        >>> cell_key("fog", 3.0), cell_key("fog", 1 / 3)
        ('fog-3', 'fog-0.3333333333333333')
    """
    return f"{name}-{_plain(severity)}"


def _reader(kind: Any) -> Callable[[str], Any]:  # noqa: ANN401 - a type or a union of types
    """Returns the function that reads a field of that type; an empty entry is None where the type has it."""
    if isinstance(kind, UnionType):
        present = get_args(kind)[0]
        return lambda text: present(text) if text else None
    return kind


COLUMNS = {field.name: _reader(field.type) for field in dataclasses.fields(Cell)}
# Tables of version 0.1.0 end with the last of these.
NEEDED = [field.name for field in dataclasses.fields(Cell) if field.default is dataclasses.MISSING]
# In one table these are one and the same: released and generated images are not to be averaged.
COMMON = ("dataset", "preset", "mode", "seed", "stage", "resolution")


def _plain(severity: float) -> str:
    # 3 for 3.0, and all digits of a fraction, so that it reads back as the same number.
    return str(severity).removesuffix(".0")


def format_cells(cells: list[Cell]) -> str:
    """Writes cells as CSV with a header; floats have as many digits as it takes to read them back exactly."""
    rows = [{**dataclasses.asdict(cell), "severity": _plain(cell.severity)} for cell in cells]
    return csv_text(COLUMNS, (row.values() for row in rows))


def parse_cells(text: str, source: str = "cells.csv") -> list[Cell]:
    """Reads cells from CSV.

    A last line without its line end was cut off by a crash. It is left out, and its cell counts as not done.

    Args:
        text: The file's content.
        source: Where it is from, for messages.

    Raises:
        ValueError: If the header, a row or a value is not as `Cell` says, a cell stands there twice, or the rows are
            not of one benchmark.
    """
    whole = text[: text.rfind("\n") + 1]
    header, *rows = list(csv.reader(whole.splitlines())) or [[]]
    if header != list(COLUMNS)[: max(len(header), len(NEEDED))]:
        raise ValueError(f"{source} is no table of cells: expected the columns {','.join(COLUMNS)}")
    cells: dict[str, Cell] = {}
    for line, row in enumerate(rows, start=2):
        try:
            cell = _parse_cell(header, row)
        except ValueError as error:
            raise ValueError(f"{source}, line {line}: {error}; mend or delete this line") from None
        if cell.key in cells:
            raise ValueError(f"{source}, line {line}: a second row for {cell.key}; delete one of the two")
        cells[cell.key] = cell
        first = next(iter(cells.values()))
        for name in COMMON:
            if (one := getattr(first, name)) != (other := getattr(cell, name)):
                raise ValueError(f"{source}, line {line}: {name} {other!r} in a table of {one!r}; keep them apart")
    return list(cells.values())


def _parse_cell(header: list[str], row: list[str]) -> Cell:
    if len(row) != len(header):
        raise ValueError(f"{len(row)} values for {len(header)} columns")
    return Cell(**{name: COLUMNS[name](value) for name, value in zip(header, row, strict=True)})


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
    """Returns the cells that count as "corrupted": those of the 15 corruptions, not those of the four extras."""
    return [cell for cell in cells if cell.name in NAMES]
