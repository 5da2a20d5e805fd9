"""What a table is here: rows of real numbers, standardised, and where they come from."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from robustmoll.data.examples import DataSource
from robustmoll.data.tables.columns import ROUNDING, Columns, last_digits

__all__ = ["Table", "TableSet", "Values"]

HUGE = 1e150  # a larger value has no square, so that its column has no standard deviation


@dataclass(frozen=True)
class TableSet:
    """Rows of one split of a table.

    Attributes:
        name: Of the table, as it stands in results.
        split: "train", "test", or "validation".
        inputs: Rows, standardised, shape (N, D), float32.
        domain: Their columns.
    """

    name: str
    split: str
    inputs: Tensor
    domain: Columns

    unit = "rows"

    def __len__(self) -> int:
        return len(self.inputs)

    @property
    def labels(self) -> Tensor:
        """Shape (N, 0): a table has none."""
        return self.inputs[:, :0]

    def hold_out(self, fraction: float) -> tuple[Self, Self]:
        """Returns the first rows, and the last ones as "validation"; at least one row each.

        Raises:
            ValueError: If there is one row only, or a column has one value only in the rows that are left.
        """
        left = _first(self.inputs, fraction, self.name)
        _check_varies(self.name, self.domain.names, self.inputs[:left].numpy())
        return (
            replace(self, inputs=self.inputs[:left]),
            replace(self, inputs=self.inputs[left:], split="validation"),
        )


class Values(NamedTuple):
    """What was read: the table's name, the names of its columns, and shape (N, D) of numbers in the source's floats."""

    name: str
    columns: tuple[str, ...]
    numbers: NDArray[np.floating[Any]]


class Table(DataSource):
    """A table that a config names; a new one is a subclass with `read`.

    Args:
        shuffle: Whether rows are put into an order of chance (the same one always) before the last ones are held out;
            without, those behind in the file are the test.
        test_fraction: Share of the rows held out for the test, in (0, 1): the last ones.

    Raises:
        ValueError: If `test_fraction` is out of its range.
    """

    def __init__(self, shuffle: bool, test_fraction: float) -> None:
        if not 0 < test_fraction < 1:
            raise ValueError(f"a table needs test_fraction in (0, 1), got {test_fraction}")
        self.shuffle, self.test_fraction = shuffle, test_fraction

    @abstractmethod
    def read(self) -> Values:
        """Returns the whole table.

        Raises:
            ValueError: If the file is not what it should be; the message names it and the remedy.
        """

    def load(self) -> tuple[TableSet, TableSet]:
        """Returns the training and the test rows, standardised with the statistics of the training rows.

        Rows that the trainer holds out for validation are among those: mean and standard deviation are of both parts.

        Raises:
            ValueError: If the table cannot be read, holds anything but finite numbers, or a column has one value only.
        """
        name, columns, numbers = self.read()
        _check(name, columns, numbers)
        if self.shuffle:
            numbers = numbers[np.random.default_rng(0).permutation(len(numbers))]
        train = _first(numbers, self.test_fraction, name)
        _check_varies(name, columns, numbers[:train])
        digits, numbers = last_digits(numbers), numbers.astype(np.float64)
        mean, std = numbers[:train].mean(0), numbers[:train].std(0)
        rows = torch.from_numpy((numbers - mean) / std).float()
        domain = Columns(columns, tuple(mean.tolist()), tuple(std.tolist()), digits)
        return TableSet(name, "train", rows[:train], domain), TableSet(name, "test", rows[train:], domain)


def _first(rows: Tensor | NDArray[np.floating[Any]], fraction: float, name: str) -> int:
    """How many rows are left in front if a share of them, at least one row, is held out behind."""
    if len(rows) < 2:
        raise ValueError(f"{name} has {len(rows)} row(s); to hold some out takes 2 at least")
    return len(rows) - min(max(1, int(fraction * len(rows))), len(rows) - 1)


def _check(name: str, columns: Sequence[str], numbers: NDArray[np.floating[Any]]) -> None:
    if numbers.ndim != 2 or numbers.shape[1] != len(columns):
        raise ValueError(f"{name} must have shape (rows, {len(columns)} columns), got {numbers.shape}")
    bad = ~(np.abs(numbers.astype(np.float64)) < HUGE)  # also of NaN
    if bad.any():
        row, column = np.argwhere(bad)[0]
        raise ValueError(
            f"{name} has {int(bad.sum())} value(s) that are missing, infinite or beyond {HUGE:g}, the first in"
            f" column {columns[column]!r}, row {row + 1}: drop or fill those rows"
        )


def _check_varies(name: str, columns: Sequence[str], train: NDArray[np.floating[Any]]) -> None:
    # Up to rounding: 0.1 + 0.2 is not 0.3, and the deviation of a column of 0.1 is not 0.
    spreads, rounding = np.ptp(train, axis=0), ROUNDING * np.spacing(np.abs(train).max(axis=0))
    constant = [column for column, varies in zip(columns, spreads > rounding, strict=True) if not varies]
    if constant:
        raise ValueError(
            f"{name} has one value only in column {', '.join(map(repr, constant))} of the training rows, which makes a"
            " likelihood infinite; leave it out"
        )
