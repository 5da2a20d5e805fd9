"""robustmoll sweep: configs times seeds, one training after the other, and one table of them all."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import yaml

from robustmoll.config import Parser, build_trainer, training_parser
from robustmoll.evaluate.text import markdown_table, print_table, terminal_table
from robustmoll.runs.kinds import KINDS, Kind, Study
from robustmoll.storage.files import write_whole
from robustmoll.storage.run_folder import RunFolder
from robustmoll.storage.saved_config import config_changes

__all__ = ["run"]


class Job(NamedTuple):
    """One training.

    Attributes:
        name: Of its config.
        folder: Of the run.
        args: For `robustmoll train`.
        config: Text of the config.
        task: "classify" or "density".
    """

    name: str
    folder: Path
    args: list[str]
    config: str
    task: str


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
    jobs = [_job(path, seed, config.runs, flags) for seed in config.seeds for path in config.configs]
    if len(tasks := {job.task for job in jobs}) > 1:
        raise ValueError(f"one table is of one task, but these configs are of {' and '.join(sorted(tasks))}")
    study: dict[str, list[Path]] = {name: [] for name in names}
    failed = []
    for number, job in enumerate(jobs, start=1):
        print(f"{job.folder}, training {number} of {len(jobs)}", flush=True)
        if _is_finished(job) or _train(job):
            study[job.name].append(job.folder)
        else:
            failed.append(str(job.folder))
    if finished := {name: runs for name, runs in study.items() if runs}:
        _write_tables(KINDS[tasks.pop()], finished, Path(config.runs) / "sweep.md")
    if failed:
        raise ValueError(f"failed as told above, and left out of the table: {', '.join(failed)}; all else is finished")


def _write_tables(kind: Kind, study: Study, path: Path) -> None:
    """Writes and prints a table for each test set: figures of several do not compare."""
    by_data: dict[str, dict[str, list[Path]]] = {}
    for name, runs in study.items():
        for run in runs:
            by_data.setdefault(kind.measured_on(run), {}).setdefault(name, []).append(run)
    tables = {data: kind.rows(of_data) for data, of_data in by_data.items()}
    parts = [f"## {data}\n\n{markdown_table(table)}\n" for data, table in tables.items()]
    write_whole(path, "\n".join(parts).encode())
    for data, table in tables.items():
        print_table(terminal_table(table, f"{data}; also in {path}"))


def _divided(args: Sequence[str]) -> tuple[list[str], list[str]]:
    """Divides the command line at "--"."""
    args = list(args)
    middle = args.index("--") if "--" in args else len(args)
    return args[:middle], args[middle + 1 :]


def _job(path: str, seed: int, runs: str, flags: Sequence[str]) -> Job:
    """Returns the training of a config with a seed, whose arguments are known to be right.

    Raises:
        ValueError: If the config has a mistake, or a constructor refuses its arguments, or another config has been
            trained into the folder.
    """
    name = Path(path).stem
    folder = Path(runs) / f"{name}-{seed}"
    args = ["--config", path, "--resume", "true", *flags, "--run", str(folder), "--seed", str(seed)]
    parser = training_parser()
    config = parser.parse_args(args)
    text = parser.dump(config)
    if config.resume != "changed":
        RunFolder(folder).check_config(text)
    job = Job(name, folder, args, text, config.task)
    if not _is_finished(job):
        build_trainer(parser, config)
    return job


def _is_finished(job: Job) -> bool:
    """Returns whether the report, which comes last, is there, and of this training and benchmark."""
    run = RunFolder(job.folder)
    if not run.report.exists() or config_changes(run.config, job.config):
        return False
    old, new = (yaml.safe_load(text)["bench"] for text in (run.config.read_text(encoding="utf-8"), job.config))
    return bool(old == new)


def _train(job: Job) -> bool:
    """Trains and benchmarks in a process of its own, and tells whether that went well."""
    code = subprocess.run([sys.executable, "-m", "robustmoll.cli", "train", *job.args]).returncode
    if code == 130:
        raise KeyboardInterrupt(f"stopped in {job.folder}; the same command goes on")
    return code == 0
