"""Where rows of a table live: columns with units of their own, and their standardised form."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from robustmoll.data.examples import Domain

__all__ = ["ROUNDING", "Columns", "check_columns", "last_digits"]

SAME = 1e-6  # of a standard deviation, by which two computers' sums may differ
DIGITS = range(10)  # behind the decimal point
ROUNDING = 4  # neighbouring floats, by which one value may differ from itself: 0.1 + 0.2 is not 0.3
ROUNDED = 0.75  # of the different values
NEAR = 1e-6, 0.1  # to a whole number: coarse floats need room, of which a fifth of other values may fall into as well


@dataclass(frozen=True)
class Columns(Domain):
    """Standardised rows; their likelihood is told in nats, as that of a continuous density of the rows as they stand.

    Args:
        names: Of the columns.
        mean: Of each column, in its unit.
        std: Of each column, > 0.
        last_digit: What one in the last decimal place of each column is worth, at most 1, in its unit; 0 where it is
            not rounded.
    """

    names: tuple[str, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    last_digit: tuple[float, ...]

    figure = "nll"
    discrete = False

    @property
    def shape(self) -> tuple[int, ...]:  # type: ignore[override]
        return (len(self.names),)

    def enter(self, x: Tensor, u: Tensor | None = None) -> Tensor:
        return x if u is None else x + (u - 0.5) * _row(self.last_digit, x) / _row(self.std, x)

    def leave(self, x: Tensor) -> Tensor:
        x = x.double()
        return x * _row(self.std, x) + _row(self.mean, x)

    def in_unit(self, nll: Tensor) -> Tensor:
        return nll


def check_columns(trained: Domain, now: Domain) -> None:
    """Refuses a table for a model that was trained on other rows: its own are standardised by other statistics.

    Args:
        trained: Where the model's data live. There is nothing to compare of images.
        now: Where the data live that it is to judge.

    Raises:
        ValueError: If columns have other names, means or standard deviations than they had.
    """
    if not (isinstance(trained, Columns) and isinstance(now, Columns)):
        return
    changed, remedy = "the table has changed since the training", "train again, or put the old file back"
    if trained.names != now.names:
        were, are = ", ".join(trained.names), ", ".join(now.names)
        raise ValueError(f"{changed}: its columns were {were}, and are {are}; {remedy}")
    pairs = zip(now.names, trained.mean, trained.std, now.mean, now.std, strict=True)
    for name, old_mean, old_std, mean, std in pairs:
        if max(abs(mean - old_mean), abs(std - old_std)) > SAME * old_std:
            raise ValueError(
                f"{changed}: column {name!r} had mean {old_mean:.9g} and standard deviation {old_std:.9g}, now"
                f" {mean:.9g} and {std:.9g}; {remedy}"
            )


def last_digits(values: NDArray[np.floating[Any]]) -> tuple[float, ...]:
    """Returns what one in the last decimal place of each column is worth, 1, 0.1, ...; 0 for one that is not rounded.

    A column is rounded to a digit if three quarters of its different values are: a few were often noted more exactly.
    They must differ in that digit, as values of 1e-9 are near 0, but not rounded to it. Tens and hundreds are whole
    numbers like others.

    Args:
        values: Shape (N, D), in the floats of their source: those tell how nearly a digit is kept.

    Example:
        >>> import math
        >>> last_digits(np.array([[7.4, 3, math.pi], [7.81, 12, math.e], [8.03, 4, 1.0]]))
        (0.01, 1.0, 0.0)
    """
    return tuple(_last_digit(column) for column in values.T)


def _last_digit(column: NDArray[np.floating[Any]]) -> float:
    values = np.unique(column)
    spacing = np.spacing(np.abs(values)).astype(np.float64)
    values = values.astype(np.float64)
    apart = np.diff(values, prepend=-np.inf) > ROUNDING * spacing
    values, spacing = values[apart], spacing[apart]
    for digits in DIGITS:
        scaled = values * 10.0**digits
        near = np.clip(spacing * 10.0**digits, *NEAR)
        noted = np.unique(scaled.round()[np.abs(scaled - scaled.round()) <= near])
        if len(noted) >= ROUNDED * len(values):
            return 10.0**-digits
    return 0.0


def _row(values: Sequence[float], like: Tensor) -> Tensor:
    return torch.tensor(values, dtype=like.dtype, device="cpu").to(like.device, non_blocking=True)
