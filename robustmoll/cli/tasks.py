"""Which task the folders are of that a command was given."""

from collections.abc import Iterable
from pathlib import Path

from robustmoll.config_files import read_config

__all__ = ["common_task", "is_run", "task_of"]


def is_run(folder: str | Path) -> bool:
    """Returns whether a folder is one that `robustmoll train` wrote."""
    return (Path(folder) / "config.yaml").exists()


def task_of(folder: str | Path) -> str:
    """Returns the task of a run; that of a folder with nothing but a benchmark is "classify"."""
    return str(read_config([Path(folder) / "config.yaml"]).get("task", "classify")) if is_run(folder) else "classify"


def common_task(folders: Iterable[str | Path]) -> str:
    """Returns the task of all folders that are there.

    Raises:
        ValueError: If they are of several.
    """
    tasks = {task_of(folder): folder for folder in folders if Path(folder).is_dir()}
    if len(tasks) > 1:
        named = " and ".join(f"{folder} is of {task!r}" for task, folder in tasks.items())
        raise ValueError(f"runs of different tasks do not compare: {named}")
    return next(iter(tasks), "classify")
