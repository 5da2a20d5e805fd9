"""Trains configs with several seeds, keeps the cells of their benchmarks, and makes the table of them all.

    python -m benchmarks.study digits --configs digits-plain digits --seeds 0 1 2

Finished runs are not trained again, and a run that was stopped goes on. The cells go to benchmarks/results/<study>/
as <config>-<seed>.csv; the table and the picture beside them are made from these files alone (`--table` makes
them again).
"""

import argparse
import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from robustmoll.evaluate.cells import Cell, parse_cells
from robustmoll.evaluate.plots import save_pictures, severity_curves
from robustmoll.evaluate.summary import summarise
from robustmoll.evaluate.tables import markdown_table

ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).parent / "results"
# Column of the table: part of the summary, figure, factor, digits.
COLUMNS: dict[str, tuple[str, str, float, int]] = {
    "clean error %": ("clean", "error", 100, 2),
    "corrupted error %": ("corrupted", "error", 100, 2),
    "… without noise and blur": ("without", "error", 100, 2),
    "clean NLL": ("clean", "nll", 1, 3),
    "corrupted NLL": ("corrupted", "nll", 1, 3),
    "clean ECE %": ("clean", "ece", 100, 2),
    "corrupted ECE %": ("corrupted", "ece", 100, 2),
}


def train(config: str, seed: int, run: Path, flags: Sequence[str]) -> None:
    """Trains and benchmarks one run, or goes on with it."""
    command = [sys.executable, "-m", "robustmoll.cli", "train", "--config", str(ROOT / "configs" / f"{config}.yaml")]
    subprocess.run([*command, "--run", str(run), "--seed", str(seed), "--resume", "true", *flags], check=True)


def read(folder: Path, configs: Sequence[str]) -> dict[str, list[list[Cell]]]:
    """Returns the cells of each config's seeds, the configs asked for first."""
    found: dict[str, list[list[Cell]]] = {config: [] for config in configs}
    for path in sorted(folder.glob("*.csv")):
        found.setdefault(path.stem.rpartition("-")[0], []).append(parse_cells(path.read_text(), str(path)))
    return {config: runs for config, runs in found.items() if runs}


def table(study: dict[str, list[list[Cell]]]) -> str:
    """Returns the Markdown table of a study, one row a config, mean and standard deviation over its seeds."""
    rows = []
    for config, runs in study.items():
        summaries = [summarise(cells, trained_on=("noise", "blur")) for cells in runs]
        seeds = f"{len(runs)} seed{'s' * (len(runs) > 1)}"
        rows.append([f"{config} ({seeds})", *(_entry(summaries, *column) for column in COLUMNS.values())])
    return markdown_table(["", *COLUMNS], rows) + "\n"


def _entry(summaries: list[dict[str, Any]], part: str, figure: str, factor: float, digits: int) -> str:
    values = [factor * summary[part][figure] for summary in summaries]
    spread = f" ± {stdev(values):.{digits}f}" if len(values) > 1 else ""
    return f"{fmean(values):.{digits}f}{spread}"


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
    for seed in [] if args.table else args.seeds:
        for config in args.configs:
            run = args.runs / f"{config}-{seed}"
            train(config, seed, run, flags)
            shutil.copy(run / "bench" / "corruptions" / "cells.csv", folder / f"{config}-{seed}.csv")
            environment = json.loads((run / "env.json").read_text())
            del environment["command"]  # it names folders of this machine, and differs from run to run
            (folder / "env.json").write_text(json.dumps(environment, indent=2) + "\n")
    study = read(folder, args.configs)
    (folder / "table.md").write_text(table(study))
    save_pictures({"severity-curves": severity_curves(study)}, folder)
    print(table(study))


if __name__ == "__main__":
    main()
