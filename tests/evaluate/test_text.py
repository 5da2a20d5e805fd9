"""Names in tables of a terminal stand there as they are."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from robustmoll.cli import sweep
from robustmoll.evaluate.text import terminal_table

NAME = "plain[seed0]"


def test_brackets_are_no_markup() -> None:
    out = io.StringIO()
    Console(file=out, width=200).print(terminal_table(["", "", f"minus {NAME}"], [["[b]", NAME, "1"]], f"of {NAME}"))
    assert out.getvalue().count(NAME) == 3 and "[b]" in out.getvalue()


def test_nor_are_they_in_the_table_of_a_sweep(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sweep._write_table(["", "error %"], [[NAME, "1.0"]], tmp_path / "sweep.md")
    assert NAME in capsys.readouterr().out and NAME in (tmp_path / "sweep.md").read_text()
