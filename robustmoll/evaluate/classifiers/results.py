"""The folder that keeps a benchmark.

    bench.json          what was measured: model and weights, images, preset, seed; fingerprints of images in files
    temperature.json    the temperatures that the columns *_ts are for, and what they were fitted on
    cells.csv           one row a cell, the columns those of `Cell`
    outcomes/           one file a cell, <corruption>-<severity>.npz: what became of each image

A file is either whole or absent, and a cell's row is written after its outcomes: whatever stands in
cells.csv is done.
"""

import dataclasses
import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from robustmoll.evaluate.classifiers.cells import Cell, format_cells, parse_cells
from robustmoll.evaluate.metrics import Judged, Outcomes
from robustmoll.evaluate.temperature import Temperatures
from robustmoll.storage.files import json_bytes, read_object, write_whole
from robustmoll.storage.run_folder import RunFolder

# Of `Outcomes`, what temperature scaling changes.
RESCALED = ("confidence", "nll", "brier")
__all__ = ["Results", "find_bench", "unlike"]


class Results:
    """A benchmark's folder.

    Args:
        folder: It need not exist yet.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self.table = self.folder / "cells.csv"
        self.summary = self.folder / "summary.json"

    def cells(self) -> list[Cell]:
        """Returns the finished cells, in the order in which they were finished.

        Raises:
            ValueError: If cells.csv is damaged.
        """
        if not self.table.exists():
            return []
        return parse_cells(self.table.read_text(encoding="utf-8", errors="replace"), str(self.table))

    def identity(self) -> dict[str, Any]:
        """Returns what bench.json says was measured.

        Raises:
            ValueError: If it is missing or damaged.
        """
        return self._said()["identity"]

    def corrupted(self) -> dict[str, str]:
        """Returns the fingerprints of the corrupted images, by cell, so far as they were read from files.

        Raises:
            ValueError: As for `identity`.
        """
        return self._said().get("corrupted", {})

    def _said(self) -> dict[str, Any]:
        path = self.folder / "bench.json"
        if not path.exists():
            raise ValueError(f"{path} is missing: nothing says what was measured here")
        said = read_object(path)
        if not isinstance(said.get("identity"), dict):
            raise ValueError(f"{path} does not say what was measured here; restore it, or use another folder")
        return said

    def judged(self, cell: Cell) -> Judged:
        """Returns what became of each image in a cell, before and after temperature scaling.

        Raises:
            ValueError: If the cell's file is missing, damaged, or does not belong to it.
        """
        path = self._outcomes_path(cell)
        if not path.exists():
            raise ValueError(f"{path} is missing; run the benchmark into this folder again, it redoes this cell")
        try:
            with np.load(path, allow_pickle=False) as arrays:
                raw = Outcomes(*(arrays[name] for name in Outcomes._fields))
                scaled = None
                if f"{RESCALED[0]}_ts" in arrays:
                    scaled = Outcomes(raw.correct, *(arrays[f"{name}_ts"] for name in RESCALED))
        except (ValueError, OSError, EOFError, KeyError, zipfile.BadZipFile) as error:
            raise ValueError(f"{path} cannot be read ({error}); delete it and run the benchmark again") from error
        if {len(values) for values in (*raw, *(scaled or ()))} != {cell.n}:
            raise ValueError(f"{path} does not hold the {cell.n} images of its row in cells.csv; delete it")
        return Judged(raw, scaled)

    def has(self, cell: Cell) -> bool:
        """Returns whether the cell's outcomes are there too."""
        return self._outcomes_path(cell).exists()

    def start(
        self, identity: dict[str, Any], environment: dict[str, Any], corrupted: Mapping[str, str] | None = None
    ) -> None:
        """Says what is about to be measured here.

        Args:
            identity: All that the figures depend on.
            environment: Versions and machine, for the reader.
            corrupted: Fingerprints of the corrupted images that are read from files, by cell; others may be there.

        Raises:
            ValueError: If the folder holds cells of something else.
        """
        if not self.table.exists() and not (self.folder / "bench.json").exists():
            self._say({"identity": identity, "environment": environment})
        known = self.identity()
        for name, value in identity.items():
            if known.get(name) != value:
                raise ValueError(
                    f"{self.folder} holds a benchmark with {name} {known.get(name)!r}, not {value!r};"
                    " use another folder"
                )
        if before := unlike(self.corrupted(), corrupted or {}):
            raise ValueError(
                f"{self.folder} holds {before} of other images than the files have now; use another folder"
            )
        if corrupted:
            self._say(self._said() | {"corrupted": self.corrupted() | dict(corrupted)})

    def _say(self, content: dict[str, Any]) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        write_whole(self.folder / "bench.json", json_bytes(content))

    def keep_temperatures(self, temperatures: Temperatures) -> None:
        """Keeps the temperatures."""
        write_whole(self.folder / "temperature.json", json_bytes(dataclasses.asdict(temperatures)))

    def temperatures(self) -> Temperatures | None:
        """Returns the temperatures, None if none were kept yet.

        Raises:
            ValueError: If their file is damaged.
        """
        path = self.folder / "temperature.json"
        try:
            return Temperatures(**read_object(path)) if path.exists() else None
        except TypeError as error:
            raise ValueError(f"{path} holds no temperatures ({error}); restore it, or use another folder") from error

    def add(self, cell: Cell, found: Judged) -> None:
        """Keeps a finished cell: its outcomes first, then its row."""
        scaled = {f"{name}_ts": getattr(found.scaled, name) for name in RESCALED} if found.scaled else {}
        arrays = io.BytesIO()
        np.savez(arrays, **found.raw._asdict(), **scaled)
        self._outcomes_path(cell).parent.mkdir(exist_ok=True)
        write_whole(self._outcomes_path(cell), arrays.getvalue())
        others = [other for other in self.cells() if other.key != cell.key]
        write_whole(self.table, format_cells([*others, cell]).encode())

    def _outcomes_path(self, cell: Cell) -> Path:
        return self.folder / "outcomes" / f"{cell.key}.npz"


def unlike(one: Mapping[str, str], other: Mapping[str, str]) -> str | None:
    """Returns the first cell that is of one fingerprint here and of another one there, None if there is none."""
    return next((cell for cell in other if one.get(cell, other[cell]) != other[cell]), None)


def find_bench(folder: str | Path) -> Path:
    """Returns the folder of a benchmark, given it, or a run's: of several that on the run's own images counts.

    Raises:
        ValueError: If there is none, or several and none of the run's own images.
    """
    for place in (Path(folder), RunFolder(folder).bench()):
        if Results(place).table.exists():
            return place
    found = sorted(path.parent for path in Path(folder).glob("bench/*/cells.csv"))
    if len(found) > 1:
        raise ValueError(f"{folder} holds several benchmarks, name one: {', '.join(map(str, found))}")
    if not found:
        raise ValueError(f"no benchmark in {folder}; make one with `robustmoll bench {folder}`")
    return found[0]
