"""Tables and figures as text, in Markdown and in a terminal."""

from collections.abc import Sequence
from statistics import fmean, stdev
from typing import NamedTuple

from rich.console import Console
from rich.markup import escape
from rich.measure import Measurement
from rich.table import Table

__all__ = [
    "MISSING",
    "TextTable",
    "count_seeds",
    "markdown_table",
    "mean_and_deviation",
    "print_table",
    "terminal_table",
]

MISSING = "-"
"""What stands in place of a figure."""


class TextTable(NamedTuple):
    """A table of texts.

    Attributes:
        header: Of each column.
        rows: As many texts each.
    """

    header: Sequence[str]
    rows: Sequence[Sequence[str]]


def markdown_table(table: TextTable) -> str:
    """Returns a Markdown table, padded to be read as text too, with figures to the right.

    Example:
        >>> print(markdown_table(TextTable(["", "error"], [["clean", "3.1"]])))
        |       | error |
        | :---- | ----: |
        | clean |   3.1 |
    """
    lines = [[cell.replace("|", "\\|") for cell in row] for row in (table.header, *table.rows)]
    widths = [max(3, *map(len, column)) for column in zip(*lines, strict=True)]
    rule = [":" + "-" * (widths[0] - 1), *("-" * (width - 1) + ":" for width in widths[1:])]
    aligned = [
        [
            line[0].ljust(widths[0]),
            *(cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True)),
        ]
        for line in lines
    ]
    return "\n".join("| " + " | ".join(line) + " |" for line in (aligned[0], rule, *aligned[1:]))


def terminal_table(table: TextTable, said: str) -> Table:
    """Returns a table for `print_table`: two columns of names, figures to the right, and below it what is said."""
    # Names may hold brackets, which are no markup.
    shown = Table(caption=escape(said), caption_justify="left")
    for column, name in enumerate(table.header):
        shown.add_column(escape(name), justify="right" if column > 1 else "left")
    for row in table.rows:
        shown.add_row(*map(escape, row))
    return shown


def print_table(table: Table) -> None:
    """Prints a table, wider than the terminal or pipe if need be: what is cut off from names and figures is lost."""
    console = Console()
    unlimited = console.options.update(max_width=10_000)
    console.width = max(console.width, Measurement.get(console, unlimited, table).maximum)
    console.print(table)


def mean_and_deviation(values: Sequence[float], digits: int, sign: str = "") -> str:
    """Returns the mean of values, and their standard deviation if there are several.

    Example:
        >>> mean_and_deviation([1.0, 2.0], digits=1), mean_and_deviation([1.0], digits=2, sign="+")
        ('1.5 ± 0.7', '+1.00')
    """
    deviation = f" ± {stdev(values):.{digits}f}" if len(values) > 1 else ""
    return f"{fmean(values):{sign}.{digits}f}{deviation}"


def count_seeds(n: int) -> str:
    """Returns "1 seed", "2 seeds", ..."""
    return f"{n} seed{'s' * (n > 1)}"
