"""What is compared: runs, or groups of runs, such as the seeds of one configuration."""

import itertools
from pathlib import Path

__all__ = ["folders_of", "group_labels", "run_label"]


def folders_of(run: str | Path) -> list[Path]:
    """Returns the folders of a group: one that is there, commas and all, or those between the commas."""
    return [Path(run)] if Path(run).exists() else [Path(folder) for folder in str(run).split(",")]


def run_label(folder: Path) -> str:
    """Names a benchmark after the run it belongs to, or else after its folder."""
    folder = folder.resolve()
    return (folder.parent.parent if folder.parent.name == "bench" else folder).name


def group_labels(groups: list[list[Path]]) -> list[str]:
    """Names each group after its run, or after what the names of its runs begin with; after its folder if need be."""
    short = [_common_start([run_label(folder) for folder in folders]) for folders in groups]
    return [label if short.count(label) == 1 else str(folders[0]) for label, folders in zip(short, groups, strict=True)]


def _common_start(names: list[str]) -> str:
    alike = itertools.takewhile(lambda pair: pair[0] == pair[1], zip(min(names), max(names), strict=False))
    return "".join(letter for letter, _ in alike).rstrip("-_. ") or names[0]
