"""Whose mistakes robustness is measured in: mCE and relative mCE (Hendrycks and Dietterich, ICLR 2019).

For a corruption c, with errors E of the classifier and B of the baseline, summed over severities s:

    CE_c = sum_s E_{s,c} / sum_s B_{s,c}
    relative CE_c = sum_s (E_{s,c} - E_clean) / sum_s (B_{s,c} - B_clean)

Their means over the corruptions are mCE and relative mCE: 1 is as good as the baseline, less is better.
"""

from pathlib import Path
from statistics import mean
from typing import NamedTuple

from robustmoll.corruptions import NAMES, SEVERITIES
from robustmoll.evaluate.classifiers.cells import Cell, benchmark_cells, clean_cell, parse_cells
from robustmoll.evaluate.classifiers.results import Results, find_bench

__all__ = ["ALEXNET", "Baseline", "corruption_errors", "load_baseline"]


class Baseline(NamedTuple):
    """Errors of a classifier to compare with.

    Attributes:
        name: Of the classifier.
        dataset: Name and split of its images.
        preset: Table of the constants that its images were corrupted with.
        mode: Where these came from, see `Cell`.
        frost: What tables call the frost that they had; None if they had none.
        clean: Its error on clean images, a share.
        errors: Its error under each corruption, a share, mean over the severities.
        severities: Over which ones.
    """

    name: str
    dataset: str
    preset: str
    mode: str
    frost: str | None
    clean: float
    errors: dict[str, float]
    severities: list[float]


# On the released ImageNet-C: the errors are those that the AugMix authors normalise by
# (google-research/augmix), in the original's order of corruptions; the clean error is that of Hendrycks and
# Dietterich, table 1.
ALEXNET = Baseline(
    name="AlexNet",
    dataset="imagenet/test",
    preset="imagenet",
    mode="released",
    frost="frost",
    clean=0.435,
    errors={
        "gaussian_noise": 0.886428,
        "shot_noise": 0.894468,
        "impulse_noise": 0.922640,
        "defocus_blur": 0.819880,
        "glass_blur": 0.826268,
        "motion_blur": 0.785948,
        "zoom_blur": 0.798360,
        "snow": 0.866816,
        "frost": 0.826572,
        "fog": 0.819324,
        "brightness": 0.564592,
        "contrast": 0.853204,
        "elastic_transform": 0.646056,
        "pixelate": 0.717840,
        "jpeg_compression": 0.606500,
    },
    severities=list(SEVERITIES),
)


def load_baseline(source: str | Path) -> Baseline:
    """Returns the baseline "alexnet", or one made of another benchmark's cells.

    Args:
        source: "alexnet", a cells.csv, or the folder of a benchmark or of a run that holds one.

    Raises:
        ValueError: If there is no such file, or it lacks the clean cell or all corrupted ones.
    """
    if source == "alexnet":
        return ALEXNET
    path = Path(source)
    if not path.exists():
        raise ValueError(f"no baseline at {path}; give 'alexnet', a cells.csv or the folder of a benchmark or run")
    path = Results(find_bench(path)).table if path.is_dir() else path
    cells = parse_cells(path.read_text(encoding="utf-8", errors="replace"), str(path))
    clean = clean_cell(cells)
    by_name = _by_name(cells)
    severities = _severities(by_name)
    errors = {name: mean(cell.error for cell in members) for name, members in by_name.items()}
    frost = next((cell.corruption for cell in cells if cell.name == "frost"), None)
    return Baseline(clean.model, clean.dataset, clean.preset, clean.mode, frost, clean.error, errors, severities)


def corruption_errors(cells: list[Cell], baseline: Baseline) -> tuple[dict[str, float | None], dict[str, float | None]]:
    """Returns CE and relative CE of each of the benchmark's corruptions in the table.

    None stands where the denominator is not positive: the baseline does not suffer under that corruption.

    Raises:
        ValueError: If no cell is corrupted, or preset, corruptions or severities are not those of the baseline.
    """
    clean = clean_cell(cells)
    by_name = _by_name(cells)
    if clean.preset != baseline.preset:
        raise ValueError(f"baseline {baseline.name} has preset {baseline.preset!r}, the table {clean.preset!r}")
    if lacking := [name for name in by_name if name not in baseline.errors]:
        raise ValueError(f"baseline {baseline.name} has no errors for {', '.join(lacking)}")
    if _severities(by_name) != baseline.severities:
        raise ValueError(
            f"baseline {baseline.name} has severities {baseline.severities}, the table {_severities(by_name)}"
        )
    absolute: dict[str, float | None] = {}
    relative: dict[str, float | None] = {}
    for name, members in by_name.items():
        error, reference = mean(cell.error for cell in members), baseline.errors[name]
        absolute[name] = _ratio(error, reference)
        relative[name] = _ratio(error - clean.error, reference - baseline.clean)
    return absolute, relative


def _by_name(cells: list[Cell]) -> dict[str, list[Cell]]:
    """Sorts the benchmark's cells by corruption.

    Raises:
        ValueError: If there is none.
    """
    by_name: dict[str, list[Cell]] = {}
    for cell in benchmark_cells(cells):
        by_name.setdefault(cell.name, []).append(cell)
    if not by_name:
        raise ValueError(f"a baseline is for the benchmark's corruptions ({', '.join(NAMES)}), the table has none")
    return by_name


def _severities(by_name: dict[str, list[Cell]]) -> list[float]:
    """Returns the severities, if they are the same for every corruption.

    Raises:
        ValueError: If not.
    """
    found = {name: sorted(cell.severity for cell in members) for name, members in by_name.items()}
    first, severities = next(iter(found.items()))
    for name, others in found.items():
        if others != severities:
            raise ValueError(f"{first} has severities {severities}, but {name} {others}; finish the benchmark first")
    return severities


def _ratio(numerator: float, denominator: float) -> float | None:
    return numerator / denominator if denominator > 0 else None
