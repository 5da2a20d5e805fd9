"""Fills the tables of the pages from the tables of the results, so that no figure is copied by hand.

    python -m benchmarks.pages

A comment above a table in a page says where it comes from::

    <!-- table 1 of cifar10-cpu/table.md; rows: fcr | fcr-mollified; columns: clean error % | corrupted error % -->

Rows are named by their first cell without the number of seeds, and stand in the order of the names; the first column is
always there. All rows or columns, unless named.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from robustmoll.evaluate.text import TextTable, markdown_table

__all__ = ["PAGES", "fill"]

ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).parent / "results"
PAGES = [ROOT / "README.md", ROOT / "benchmarks" / "study.md", ROOT / "benchmarks" / "densities.md"]

TABLE = r"(?:^\|.*\n)+"
MARKED = re.compile(
    r"(?P<comment><!-- table (?P<number>\d+) of (?P<file>[^\s;]+)"
    r"(?:;\s+rows:(?P<rows>[^;>]+))?(?:;\s+columns:(?P<columns>[^;>]+))?\s-->\n)"
    rf"(?:\n*{TABLE})?",
    re.MULTILINE,
)
SEEDS = re.compile(r" \(\d+ seeds?\)$")

Row = list[str]


def fill(page: str, results: Path) -> str:
    """Returns the page with the marked tables made anew from the files in a folder of results.

    Raises:
        ValueError: If a comment cannot be read, or a table, row or column that it names is not there.
    """

    def table(mark: re.Match[str]) -> str:
        text = (results / mark["file"]).read_text()
        tables = re.findall(TABLE, text, re.MULTILINE)
        number = int(mark["number"])
        if not 1 <= number <= len(tables):
            raise ValueError(f"{mark['file']} has {len(tables)} tables, a page asks for number {number}")
        header, rows = parse(tables[number - 1])
        header, rows = choose(header, rows, _names(mark["rows"]), _names(mark["columns"]), mark["file"])
        return f"{mark['comment']}{markdown_table(TextTable(header, rows))}\n"

    if (asked := page.count("<!-- table ")) != (known := len(MARKED.findall(page))):
        raise ValueError(f"a page has {asked} comments about tables, of which {known} are written as they should be")
    return MARKED.sub(table, page)


def parse(table: str) -> tuple[Row, list[Row]]:
    """Splits a Markdown table into the cells of its header and of its rows."""
    header, _, *rows = ([cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines())
    return header, rows


def choose(
    header: Row, rows: list[Row], labels: Sequence[str] | None, columns: Sequence[str] | None, source: str
) -> tuple[Row, list[Row]]:
    """Keeps the named rows and columns, in the order of their names; without names for columns, all."""
    if columns is not None:
        names = [header[0], *columns]
        if missing := [name for name in names if name not in header]:
            raise ValueError(f"{source} has no column {missing[0]!r}; there are {', '.join(header)}")
        kept = [header.index(name) for name in names]
        header, rows = [header[i] for i in kept], [[row[i] for i in kept] for row in rows]
    if labels is not None:
        by_label = {label: [row for row in rows if SEEDS.sub("", row[0]) == label] for label in labels}
        if missing := [label for label, found in by_label.items() if not found]:
            raise ValueError(f"{source} has no row {missing[0]!r}")
        rows = [row for found in by_label.values() for row in found]
    return header, rows


def _names(text: str | None) -> list[str] | None:
    return [" ".join(name.split()) for name in text.split("|")] if text else None


def main() -> None:
    for page in PAGES:
        page.write_text(fill(page.read_text(), RESULTS))


if __name__ == "__main__":
    main()
