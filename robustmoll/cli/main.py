"""Finds the command, runs it, and turns its errors into one line and an exit code."""

import sys
import warnings
from collections.abc import Sequence
from importlib import import_module

from robustmoll import __version__
from robustmoll.checks import Mistake, known_name

__all__ = ["COMMANDS", "main"]

# A command is the module of its name in this package (fit-labels: fit_labels), imported when it is asked for: each
# imports heavy libraries, which takes seconds.
COMMANDS = {
    "train": "trains a classifier or a likelihood model from a config, measures it and writes a report",
    "sweep": "trains configs with several seeds, skips what is finished, and makes one table",
    "bench": "measures runs, timm networks and saved ones on clean and corrupted images",
    "corrupt": "writes the corrupted version of a data set's test images, as files",
    "data": "lists the known data sets, gets their archives, verifies corrupted sets",
    "compare": "shows runs side by side, with differences and bootstrap intervals",
    "fit-labels": "chooses label schedules by which the next training is as sure as it is right",
    "export": "writes a finished classifier for timm, TorchScript or ONNX, with its model card",
    "sample": "draws rows or images from a likelihood model, or what lies between two of them",
    "models": "lists the networks that robustmoll adds to timm's, and likelihood models",
}


def main(args: Sequence[str] | None = None) -> int:
    """Runs a command.

    Args:
        args: Of the command line; None takes the program's own.

    Returns:
        Exit code: 0, 2 for a user's mistake, 1 if training diverged, 130 after Ctrl-C.
    """
    args = sys.argv[1:] if args is None else args
    if not args or args[0] in ("-h", "--help"):
        lines = [f"  {name:12s}{summary}" for name, summary in COMMANDS.items()]
        print(f"robustmoll {__version__}\n", *lines, "\nrobustmoll COMMAND --help says more.", sep="\n")
        return 0 if args else 2
    warnings.filterwarnings("ignore", module="jsonargparse")
    warnings.formatwarning = _one_line
    try:
        command = known_name("command", args[0], COMMANDS)
        import_module(f"robustmoll.cli.{command.replace('-', '_')}").run(args[1:])
    except (ValueError, OSError) as error:
        return _fail(str(error), 2)
    except Mistake as mistake:
        return _fail(mistake.line, 2)
    except FloatingPointError as error:
        return _fail(str(error), 1)
    except KeyboardInterrupt as error:
        return _fail(str(error) or "stopped", 130)
    return 0


def _one_line(message: Warning | str, *_: object, **__: object) -> str:
    """How a warning reads on a command line: what it says, and not where in our code."""
    return f"robustmoll: {' '.join(str(message).split())}\n"


def _fail(message: str, code: int) -> int:
    print(f"robustmoll: error: {' '.join(message.split())}", file=sys.stderr)
    return code
