"""Trains configs with several seeds, keeps the cells of their benchmarks, and makes the table of them all.

    python -m benchmarks.study digits --configs digits-plain digits --seeds 0 1 2
    python -m benchmarks.study cifar10-cpu --configs cifar10-cpu/fcr cifar10-cpu/fcr-mollified --data.root data/cifar10

It is `robustmoll sweep` whose results stay: finished runs are not trained again, and a run that was stopped goes on.
The cells go to benchmarks/results/<study>/ as <config>-<seed>.csv; the tables and the picture beside them are made from
these files alone (`--table` makes them again). `--pairs one:other` tables what the one changes, seed by seed, and
`--curves` names those that are drawn.
"""

import argparse
import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from robustmoll.cli.main import main as robustmoll
from robustmoll.evaluate.classifiers.cells import parse_cells
from robustmoll.evaluate.classifiers.over_seeds import differences_table, seeds_table
from robustmoll.evaluate.classifiers.plots import severity_curves
from robustmoll.evaluate.style import save_pictures

ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).parent / "results"
Result = TypeVar("Result")


def read(
    folder: Path, suffix: str, parse: Callable[[str], Result], first: Sequence[str]
) -> dict[str, dict[int, Result]]:
    """Returns the results of a study, by config and seed.

    Args:
        folder: Of the files <config>-<seed><suffix>.
        suffix: Of the files.
        parse: From the text of one to a result.
        first: Names of configs, which stand in front of the others.
    """
    found: dict[str, dict[int, Result]] = {config: {} for config in first}
    for path in sorted(folder.glob(f"*-*{suffix}")):
        config, _, seed = path.stem.rpartition("-")
        found.setdefault(config, {})[int(seed)] = parse(path.read_text())
    return {config: runs for config, runs in found.items() if runs}


def keep(run: Path, folder: Path) -> None:
    """Copies what a run measured, and on what machine."""
    shutil.copy(run / "bench" / "corruptions" / "cells.csv", folder / f"{run.name}.csv")
    environment = json.loads((run / "env.json").read_text())
    del environment["command"]  # it names folders of this machine, and differs from run to run
    (folder / "env.json").write_text(json.dumps(environment, indent=2) + "\n")


def study_parser(description: str | None) -> argparse.ArgumentParser:
    """Returns the parser of a study's arguments; what it does not know is for `robustmoll sweep`."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("study", help="name of the folder in benchmarks/results")
    parser.add_argument(
        "--configs", nargs="+", default=[], help="names of files in configs/, in the order of the table"
    )
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="where the runs go")
    parser.add_argument("--pairs", nargs="+", default=[], help="one:other, to table the differences of their seeds")
    parser.add_argument("--table", action="store_true", help="only make what is made of the results again")
    return parser


def train(args: argparse.Namespace, flags: Sequence[str], keep: Callable[[Path, Path], None]) -> Path:
    """Trains and measures what is not there yet, and keeps what each run left; returns the folder of the results."""
    folder = RESULTS / args.study
    folder.mkdir(parents=True, exist_ok=True)
    if not args.table:
        paths = [str(ROOT / "configs" / f"{config}.yaml") for config in args.configs]
        seeds = str(args.seeds)
        if code := robustmoll(["sweep", *paths, "--seeds", seeds, "--runs", str(args.runs), "--", *flags]):
            raise SystemExit(code)
        for config in args.configs:
            for seed in args.seeds:
                keep(args.runs / f"{Path(config).name}-{seed}", folder)
    return folder


def main() -> None:
    parser = study_parser(__doc__)
    parser.add_argument("--curves", nargs="+", default=[], help="what to draw; everything by default")
    args, flags = parser.parse_known_args()
    folder = train(args, flags, keep)
    study = read(folder, ".csv", parse_cells, [Path(config).name for config in args.configs])
    runs = {config: list(by_seed.values()) for config, by_seed in study.items()}
    tables = [seeds_table(runs)]
    if args.pairs:
        tables.append(differences_table(study, [tuple(pair.split(":")) for pair in args.pairs]))
    (folder / "table.md").write_text("\n".join(tables))
    curves = severity_curves({config: runs[config] for config in args.curves or runs})
    save_pictures({"severity-curves": curves}, folder)
    print(*tables, sep="\n")


if __name__ == "__main__":
    main()
