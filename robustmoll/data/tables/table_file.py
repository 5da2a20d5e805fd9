"""Tables in files of the user: CSV and NumPy arrays."""

import csv
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from robustmoll.checks import known_name
from robustmoll.data.tables.table_set import Table, Values

__all__ = ["TableFile"]

TOLD = 40  # characters of a field that is no number


class TableFile(Table):
    """A table in a .csv file (also with semicolons or tabs, with or without a line of names) or a .npy file.

    A first line of numbers is a row, unless it counts two columns or more: pandas names those of an array 0, 1, ...

    Args:
        file: Its path.
        columns: Names of the columns to use; those of a file without names are "0", "1", ... None takes all, but for a
            first column without a name that counts the rows, as pandas writes its index.
        shuffle: Whether rows are put into an order of chance, the same one always, before the last ones are held out.
        test_fraction: Share of the rows held out for the test, in (0, 1).

    Raises:
        ValueError: If `test_fraction` is out of its range, or a column is named twice.
    """

    def __init__(
        self, file: str, columns: list[str] | None = None, shuffle: bool = True, test_fraction: float = 0.1
    ) -> None:
        super().__init__(shuffle, test_fraction)
        if columns is not None and len(set(columns)) < len(columns):
            raise ValueError(f"columns names a column twice, which makes a likelihood infinite: {', '.join(columns)}")
        self.file, self.columns = Path(file), columns

    def read(self) -> Values:
        kind = known_name("kind of table", self.file.suffix.lower(), READERS)
        try:
            names, values = READERS[kind](self.file)
        except OSError as error:
            raise ValueError(f"cannot read table {self.file}: {error.strerror}") from error
        everything = names[1:] if _has_index(names, values) else names
        chosen = everything if self.columns is None else [known_name("column", name, names) for name in self.columns]
        values = values[:, [_place(self.file, name, names) for name in chosen]]
        return Values(self.file.stem, tuple(chosen), _numbers(self.file, chosen, values))


def _read_csv(path: Path) -> tuple[list[str], np.ndarray]:
    """Returns the names of the columns and the fields as text."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"table {path} is not UTF-8 ({error.reason}); save it in this encoding") from error
    unquoted = re.sub(r'"[^"]*"', "", text.partition("\n")[0])
    delimiter = max(",;\t", key=unquoted.count)
    reader = csv.reader(text.splitlines(), delimiter=delimiter, strict=True)
    try:
        rows = [row for row in reader if row]
    except csv.Error as error:
        raise ValueError(
            f"table {path} is no CSV: {error} in line {reader.line_num}; is a quote not closed?"
        ) from error
    if not rows:
        raise ValueError(f"table {path} is empty")
    for number, row in enumerate(rows, start=1):
        if len(row) != len(rows[0]):
            raise ValueError(f"table {path} has {len(rows[0])} fields in line 1, but {len(row)} in line {number}")
    head, count = [field.strip() for field in rows[0]], _count(len(rows[0]))
    counted = head in (count, ["", *count[:-1]]) and len(head) > 1
    named = counted or any(_number(field) is None for field in rows[0])
    return head if named else count, np.array(rows[named:], dtype=object).reshape(-1, len(head))


def _read_npy(path: Path) -> tuple[list[str], np.ndarray]:
    try:
        with path.open("rb") as file:
            values = np.lib.format.read_array(file, allow_pickle=False)
    except ValueError as error:
        raise ValueError(f"table {path} is no .npy file of plain numbers: {error}") from error
    if np.iscomplexobj(values):
        raise ValueError(f"table {path} holds complex numbers; real and imaginary parts can be columns of their own")
    if values.ndim != 2:
        raise ValueError(f"table {path} must have shape (rows, columns), got {values.shape}")
    return _count(values.shape[1]), values


READERS = {".csv": _read_csv, ".npy": _read_npy}


def _place(path: Path, name: str, names: Sequence[str]) -> int:
    if names.count(name) > 1:
        raise ValueError(
            f"table {path} has {names.count(name)} columns named {name!r}: rename them, or choose others with `columns`"
        )
    return names.index(name)


def _has_index(names: Sequence[str], values: np.ndarray) -> bool:
    """Whether the first column has no name and counts the rows from 0."""
    return names[:1] == [""] and [_number(field) for field in values[:, 0]] == list(range(len(values)))


def _count(n: int) -> list[str]:
    return [str(column) for column in range(n)]


def _number(field: object) -> float | None:
    """The number that a field stands for, NaN for an empty one; None if it is text."""
    try:
        return float(field or "nan")  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None


def _numbers(path: Path, names: Sequence[str], values: np.ndarray) -> np.ndarray:
    if values.dtype.kind == "f":
        return values
    if values.dtype.kind in "bui":  # truth values and whole numbers
        return values.astype(np.float64)
    for row, fields in enumerate(values, start=1):
        for name, field in zip(names, fields, strict=True):
            if _number(field) is None:
                raise ValueError(
                    f"table {path} has {str(field)[:TOLD]!r} in column {name!r}, row {row}, where a number was"
                    " expected; choose the columns of numbers with `columns`"
                )
    numbers = np.array([[_number(field) for field in fields] for fields in values], dtype=np.float64)
    return numbers.reshape(values.shape)  # also of no row
