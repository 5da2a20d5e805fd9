"""Names in tables of a terminal stand there as they are."""

import io

import pytest
from rich.console import Console

from robustmoll.evaluate.text import TextTable, print_table, terminal_table

NAME = "plain[seed0]"


def test_brackets_are_no_markup() -> None:
    out, table = io.StringIO(), TextTable(["", "", f"minus {NAME}"], [["[b]", NAME, "1"]])
    Console(file=out, width=200).print(terminal_table(table, f"of {NAME}"))
    assert out.getvalue().count(NAME) == 3 and "[b]" in out.getvalue()


def test_a_table_is_cut_by_no_terminal_or_pipe(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    row = [f"{NAME} (2 seeds)", *[f"75.{place} ± 0.1" for place in range(12)]]
    print_table(terminal_table(TextTable(["", *map(str, range(12))], [row]), ""))
    found = capsys.readouterr().out
    assert "…" not in found and all(cell in found for cell in row)
