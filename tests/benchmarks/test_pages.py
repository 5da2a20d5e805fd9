"""The tables in the pages are those of the committed results."""

from pathlib import Path

import pytest

from benchmarks.pages import PAGES, RESULTS, fill
from robustmoll.evaluate.text import TextTable, markdown_table

TABLE = """|              | error % |  NLL |
| :----------- | ------: | ---: |
| a (3 seeds)  |     1.0 | 0.10 |
| b (1 seed)   |     2.0 | 0.20 |
"""


@pytest.fixture
def results(tmp_path: Path) -> Path:
    (tmp_path / "table.md").write_text(f"Words.\n\n{TABLE}\n{TABLE.replace('0.10', '0.99')}")
    return tmp_path


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_pages_hold_the_committed_results(page: Path) -> None:
    text = page.read_text()
    assert "<!-- table " in text
    assert fill(text, RESULTS) == text, "run python -m benchmarks.pages"


def test_a_table_is_filled_with_the_rows_and_columns_named(results: Path) -> None:
    comment = "<!-- table 2 of table.md; rows: b |\n a; columns: NLL -->\n"
    old = "| old |\n| --- |\n| 0.5 |\n"
    new = markdown_table(TextTable(["", "NLL"], [["b (1 seed)", "0.20"], ["a (3 seeds)", "0.99"]])) + "\n"
    assert fill(f"Before.\n\n{comment}{old}\nAfter.\n", results) == f"Before.\n\n{comment}{new}\nAfter.\n"
    assert fill(f"{comment}\n{old}", results) == f"{comment}{new}"
    assert fill(f"{comment}\nAfter.\n", results) == f"{comment}{new}\nAfter.\n"


@pytest.mark.parametrize(
    ("comment", "message"),
    [
        ("table 3 of table.md", "table.md has 2 tables"),
        ("table 1 of table.md; rows: c", "no row 'c'"),
        ("table 1 of table.md; columns: ECE", "no column 'ECE'"),
        ("table 1 of table.md; columns: NLL; rows: a", "1 comments about tables, of which 0"),
    ],
)
def test_what_is_not_there_is_named(results: Path, comment: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fill(f"<!-- {comment} -->\n", results)
