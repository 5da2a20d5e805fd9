"""robustmoll sweep: configs times seeds, one training after the other, and one table of them all."""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import rich
import yaml
from rich.table import Table

from robustmoll.config import Parser, training_parser
from robustmoll.evaluate.densities.measure import read_summary
from robustmoll.evaluate.densities.seeds import density_seeds_rows
from robustmoll.evaluate.finished import SUITE
from robustmoll.evaluate.results import Results
from robustmoll.evaluate.seeds import seeds_rows
from robustmoll.evaluate.tables import markdown_table
from robustmoll.files import write_whole
from robustmoll.run import check_config

__all__ = ["run"]


def run(args: Sequence[str]) -> None:
    """Trains and benchmarks what is not finished yet, and prints the table."""
    parser = Parser(
        prog="robustmoll sweep",
        description="Train every config with every seed, go on with what was stopped, skip what is finished.",
        epilog="All flags of `robustmoll train` that stand behind -- hold for every training.",
    )
    parser.add_argument("configs", nargs="+", help="YAML files.")
    parser.add_argument("--seeds", type=list[int], default=[0, 1, 2], help="Of the trainings.")
    parser.add_argument("--runs", type=str, default="runs", help="Folder of the runs, each of them <config>-<seed>.")
    own, flags = _divided(args)
    config = parser.parse_args(own)
    names = [Path(path).stem for path in config.configs]
    if len(set(names)) < len(names) or len(set(config.seeds)) < len(config.seeds):
        raise ValueError(f"configs need names of their own, and seeds must differ, got {names} and {config.seeds}")
    jobs, tasks = [], set()
    for path, seed in ((path, seed) for seed in config.seeds for path in config.configs):
        job, text, task = _job(path, seed, config.runs, flags)
        jobs.append((_folder(path, seed, config.runs), job, text))
        tasks.add(task)
    if len(tasks) > 1:
        raise ValueError(f"one table is of one task, but these configs are of {' and '.join(sorted(tasks))}")
    for number, (folder, job, text) in enumerate(jobs, start=1):
        print(f"{folder}, training {number} of {len(jobs)}", flush=True)
        if not _is_finished(folder, text):
            _train(folder, job)
    study = {Path(path).stem: [_folder(path, seed, config.runs) for seed in config.seeds] for path in config.configs}
    header, rows = ROWS[tasks.pop()](study)
    write_whole(Path(config.runs) / "sweep.md", f"{markdown_table(header, rows)}\n".encode())
    table = Table(*header, caption=f"also in {Path(config.runs) / 'sweep.md'}")
    for row in rows:
        table.add_row(*row)
    rich.print(table)


def _bench_rows(study: Mapping[str, Sequence[Path]]) -> tuple[list[str], list[list[str]]]:
    return seeds_rows({name: [Results(run / "bench" / SUITE).cells() for run in runs] for name, runs in study.items()})


def _density_rows(study: Mapping[str, Sequence[Path]]) -> tuple[list[str], list[list[str]]]:
    return density_seeds_rows({name: [read_summary(run) for run in runs] for name, runs in study.items()})


# The table of a study's run folders, by the task of all its configs.
ROWS = {"classify": _bench_rows, "density": _density_rows}


def _divided(args: Sequence[str]) -> tuple[list[str], list[str]]:
    """Divides the command line at "--"."""
    args = list(args)
    middle = args.index("--") if "--" in args else len(args)
    return args[:middle], args[middle + 1 :]


def _folder(path: str, seed: int, runs: str) -> Path:
    return Path(runs) / f"{Path(path).stem}-{seed}"


def _job(path: str, seed: int, runs: str, flags: Sequence[str]) -> tuple[list[str], str, str]:
    """Returns the arguments of a training, which are known to be right, the text of its config, and its task.

    Raises:
        ValueError: If the config has a mistake, or another one has been trained into the folder.
    """
    folder = _folder(path, seed, runs)
    job = ["--config", path, *flags, "--run", str(folder), "--seed", str(seed), "--resume", "true"]
    parser = training_parser()
    config = parser.parse_args(job)
    text = parser.dump(config)
    check_config(folder / "config.yaml", text)
    return job, text, config.task


def _is_finished(folder: Path, config: str) -> bool:
    """Returns whether the report, which comes last, is there, and of this benchmark."""
    if not (folder / "report.html").exists():
        return False
    old, new = (yaml.safe_load(text)["bench"] for text in ((folder / "config.yaml").read_text(), config))
    return bool(old == new)


def _train(folder: Path, job: Sequence[str]) -> None:
    """Trains and benchmarks in a process of its own."""
    code = subprocess.run([sys.executable, "-m", "robustmoll.cli", "train", *job]).returncode
    if code == 130:
        raise KeyboardInterrupt(f"stopped in {folder}; the same command goes on")
    if code:
        raise ValueError(f"{folder} failed as told above; what is finished stays, and the same command goes on")
