"""The command line, one file a command: its `run(args)` does it."""

from robustmoll.cli.main import COMMANDS, main

__all__ = ["COMMANDS", "main"]
