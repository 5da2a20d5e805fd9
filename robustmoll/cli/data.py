"""robustmoll data: which data sets are known, how to get them, and whether a -C set is as it should be."""

import argparse
import sys
from collections.abc import Sequence
from typing import NoReturn

from robustmoll.data.archives import RECORDS, get
from robustmoll.data.corrupted.verify import verify

__all__ = ["run"]

SHOWN = 20  # problems


def run(args: Sequence[str]) -> None:
    """Lists, gets or verifies, as the first argument says."""
    parser = _Parser(prog="robustmoll data", description="Data sets: list, get, verify.")
    actions = parser.add_subparsers(dest="action", required=True)
    actions.add_parser("list", help="shows the known data sets")
    getting = actions.add_parser("get", help="downloads one; broken off, it goes on")
    getting.add_argument("name", help="of the data set, as `list` shows it")
    getting.add_argument("--root", default="data", help="folder to put it into")
    verifying = actions.add_parser("verify", help="looks through the files of a -C set")
    verifying.add_argument("folder", help="of the set, published or of `robustmoll corrupt`")
    chosen = parser.parse_args(args)
    if chosen.action == "list":
        _list()
    elif chosen.action == "get":
        for archive in get(chosen.name, chosen.root):
            print(archive)
    else:
        _verify(chosen.folder)


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line; the other commands' parser takes seconds to import."""

    def error(self, message: str) -> NoReturn:
        print(f"{self.prog}: error: {message}", file=sys.stderr)
        raise SystemExit(2)


def _list() -> None:
    for name, record in RECORDS.items():
        pixels = f"{record.pixels} x {record.pixels} pixels" if record.pixels else "any size"
        print(f"{name:16s}{record.content} images of {pixels}, {record.classes:,} classes; {record.gigabytes:g} GB")
        print(f"{'':16s}{record.page}; terms: {record.terms}")
        if record.remark:
            print(f"{'':16s}{record.remark}")


def _verify(folder: str) -> None:
    problems = verify(folder)
    for problem in problems[:SHOWN]:
        print(problem)
    if problems:
        more = f" ({len(problems) - SHOWN} more)" if len(problems) > SHOWN else ""
        raise ValueError(f"{len(problems)} problems in {folder}{more}; first: {problems[0]}")
    print(f"{folder}: all is well")
