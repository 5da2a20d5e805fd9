"""Trains configs with several seeds, keeps the cells of their benchmarks, and makes the table of them all.

    python -m benchmarks.study digits --configs digits-plain digits --seeds 0 1 2

It is `robustmoll sweep` whose results stay: finished runs are not trained again, and a run that was stopped goes on.
The cells go to benchmarks/results/<study>/ as <config>-<seed>.csv; the table and the picture beside them are made from
these files alone (`--table` makes them again).
"""

import argparse
import json
import shutil
from collections.abc import Sequence
from pathlib import Path

from robustmoll.cli.main import main as robustmoll
from robustmoll.evaluate.cells import Cell, parse_cells
from robustmoll.evaluate.plots import save_pictures, severity_curves
from robustmoll.evaluate.seeds import seeds_table

ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).parent / "results"


def read(folder: Path, configs: Sequence[str]) -> dict[str, list[list[Cell]]]:
    """Returns the cells of each config's seeds, the configs asked for first."""
    found: dict[str, list[list[Cell]]] = {config: [] for config in configs}
    for path in sorted(folder.glob("*.csv")):
        found.setdefault(path.stem.rpartition("-")[0], []).append(parse_cells(path.read_text(), str(path)))
    return {config: runs for config, runs in found.items() if runs}


def keep(run: Path, folder: Path) -> None:
    """Copies what a run measured, and on what machine."""
    shutil.copy(run / "bench" / "corruptions" / "cells.csv", folder / f"{run.name}.csv")
    environment = json.loads((run / "env.json").read_text())
    del environment["command"]  # it names folders of this machine, and differs from run to run
    (folder / "env.json").write_text(json.dumps(environment, indent=2) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("study", help="name of the folder in benchmarks/results")
    parser.add_argument("--configs", nargs="+", default=[], help="names of files in configs/")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="where the runs go")
    parser.add_argument("--table", action="store_true", help="only make the table and the picture again")
    args, flags = parser.parse_known_args()
    folder = RESULTS / args.study
    folder.mkdir(parents=True, exist_ok=True)
    if not args.table:
        paths = [str(ROOT / "configs" / f"{config}.yaml") for config in args.configs]
        seeds = str(args.seeds)
        if code := robustmoll(["sweep", *paths, "--seeds", seeds, "--runs", str(args.runs), "--", *flags]):
            raise SystemExit(code)
        for config in args.configs:
            for seed in args.seeds:
                keep(args.runs / f"{config}-{seed}", folder)
    study = read(folder, args.configs)
    (folder / "table.md").write_text(seeds_table(study))
    save_pictures({"severity-curves": severity_curves(study)}, folder)
    print(seeds_table(study))


if __name__ == "__main__":
    main()
