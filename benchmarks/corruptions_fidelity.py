"""Measures how close the corruptions come to the outputs of the original code, cell by cell.

    python -m benchmarks.corruptions_fidelity FOLDER      measures, writes results/corruptions_fidelity.csv, prints it
    python -m benchmarks.corruptions_fidelity --table     prints the table of that file

FOLDER holds outputs of the original code (imagenet_c of Hendrycks and Dietterich, and its variants for CIFAR and
TinyImageNet) on some clean images, and statistics of its random corruptions: dev_*.npz, dev_stats.json,
public_224.npz, and stats.py, which is run. Deterministic corruptions are compared value by value. Random ones are
compared in distribution: the largest |z| over the mean squared error to the clean images, mean, standard deviation
and eight bands of the spectrum; a faithful engine with another random stream stays under 5 on the 500 CIFAR images and
under 7 on the 100 TinyImageNet ones. The tests go further, and repeat the random ones value by value with the
original's draws.
"""

import argparse
import csv
import importlib.util
import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import torch

from robustmoll.corruptions import ALL, SEVERITIES, corrupt, frost_source
from robustmoll.evaluate.text import TextTable, markdown_table

RESULTS = Path(__file__).parent / "results" / "corruptions_fidelity.csv"
HEADER = ["preset", "corruption", "severity", "images", "within_one_level", "largest_error", "largest_z"]
Row = dict[str, str]


def load_statistics(folder: Path) -> ModuleType:
    """The module `stats.py` of the folder: which corruptions are deterministic, and how |z| is computed."""
    spec = importlib.util.spec_from_file_location("stats", folder / "stats.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def corrupted(clean: np.ndarray, name: str, severity: int, preset: str) -> np.ndarray:
    """Our output for images (N, H, W, 3)."""
    x = torch.from_numpy(clean).permute(0, 3, 1, 2).contiguous()
    return corrupt(x, name, severity, preset).permute(0, 2, 3, 1).numpy()


def value_row(preset: str, name: str, severity: int, clean: np.ndarray, original: np.ndarray) -> list[object]:
    """One cell of a deterministic corruption."""
    ours = corrupted(clean[: len(original)], name, severity, preset)
    error = np.abs(ours.astype(int) - original.astype(int))
    return [preset, name, severity, len(original), f"{(error <= 1).mean():.6f}", error.max(), ""]


def measure(folder: Path) -> Iterator[list[object]]:
    """One row per cell."""
    statistics = load_statistics(folder)
    expected = json.loads((folder / "dev_stats.json").read_text())
    for preset in ("cifar", "tiny"):
        arrays = np.load(folder / f"dev_{preset}.npz")
        clean = arrays["clean"]
        for name in statistics.DETERMINISTIC:
            for severity in SEVERITIES:
                yield value_row(preset, name, severity, clean, arrays[f"det_{name}"][severity - 1])
        for name in expected[preset]["corruptions"]:
            shown = frost_source() if name == "frost" else name
            for severity in SEVERITIES:
                ours = corrupted(clean, name, severity, preset)
                z = statistics.max_z(expected[preset], name, severity, clean, ours)
                yield [preset, shown, severity, len(clean), "", "", f"{z:.3f}"]
    arrays = np.load(folder / "public_224.npz")
    for name in statistics.DETERMINISTIC:
        for severity in SEVERITIES:
            yield value_row("imagenet", name, severity, arrays["clean"], arrays[name][severity - 1])


def table(rows: list[Row]) -> str:
    """The worst cell of each corruption and preset, as Markdown."""
    cells: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        cells[row["corruption"], row["preset"]].append(row)
    presets = ("cifar", "tiny", "imagenet")
    names = sorted({row["corruption"] for row in rows}, key=position)
    lines = [[name, *(worst(cells[name, preset]) for preset in presets)] for name in names]
    return markdown_table(TextTable(["worst of five severities", *presets], lines))


def position(name: str) -> int:
    """Where a corruption stands in the original's order; frost may carry its source."""
    return ALL.index(name.split()[0])


def worst(rows: list[Row]) -> str:
    """The largest error or |z| of some cells."""
    if not rows:
        return ""
    if rows[0]["largest_z"]:
        return f"z {max(float(row['largest_z']) for row in rows):.2f}"
    share = min(float(row["within_one_level"]) for row in rows)
    return f"{share:.2%} within 1, none over {max(int(row['largest_error']) for row in rows)}"


def main() -> None:
    """Measures unless told to show what was measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, help="outputs of the original code")
    parser.add_argument("--table", action="store_true", help="only print the table of the last run")
    arguments = parser.parse_args()
    if not arguments.table:
        if arguments.folder is None:
            parser.error("name the folder with the outputs of the original code, or give --table")
        with RESULTS.open("w", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([HEADER, *measure(arguments.folder)])
    with RESULTS.open() as file:
        print(table(list(csv.DictReader(file))))


if __name__ == "__main__":
    main()
