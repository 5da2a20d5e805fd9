"""The command line: robustmoll train | bench | compare | models."""

import sys
import warnings
from collections.abc import Callable, Sequence
from itertools import pairwise

from robustmoll import __version__
from robustmoll.config import build_trainer, check_keys, training_parser

__all__ = ["main"]


def train(args: Sequence[str]) -> None:
    """Trains a robust classifier from a config, benchmarks it, and writes a report."""
    parser = training_parser()
    for before, path in pairwise(args):
        if before == "--config":
            check_keys(path, parser)
    config = parser.parse_args(args)
    trainer = build_trainer(parser, config)
    trainer.fit(parser.dump(config))


COMMANDS: dict[str, Callable[[Sequence[str]], None]] = {"train": train}


def main(args: Sequence[str] | None = None) -> int:
    """Runs a command and returns its exit code: 2 for a user's mistake, 130 after Ctrl-C, 1 if training diverges."""
    args = sys.argv[1:] if args is None else args
    if not args or args[0] in ("-h", "--help"):
        lines = [f"  {name:10s}{command.__doc__}" for name, command in COMMANDS.items()]
        print(f"robustmoll {__version__}\n", *lines, "\nrobustmoll COMMAND --help says more.", sep="\n")
        return 0 if args else 2
    if args[0] not in COMMANDS:
        return _fail(f"unknown command {args[0]!r}; known: {', '.join(COMMANDS)}", 2)
    warnings.filterwarnings("ignore", module="jsonargparse")
    try:
        COMMANDS[args[0]](args[1:])
    except ValueError as error:
        return _fail(str(error), 2)
    except FloatingPointError as error:
        return _fail(str(error), 1)
    except KeyboardInterrupt as error:
        return _fail(str(error) or "stopped", 130)
    return 0


def _fail(message: str, code: int) -> int:
    print(f"robustmoll: error: {' '.join(message.split())}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
