"""Commands that fail as a user's mistake does."""

import pytest

from robustmoll.cli import main

__all__ = ["fail"]


def fail(capsys: pytest.CaptureFixture[str], *args: str) -> str:
    """Runs a command that must fail as a user's mistake does, and returns its one line."""
    try:
        code = main(args)
    except SystemExit as stop:
        code = stop.code
    lines = capsys.readouterr().err.strip().splitlines()
    assert code == 2 and len(lines) == 1, lines
    return lines[0]
