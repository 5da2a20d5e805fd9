"""The command line, one file a command, whose `run(args)` does it; `main` finds it."""

from robustmoll.cli.main import COMMANDS, main

__all__ = ["COMMANDS", "main"]
