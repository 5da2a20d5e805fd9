"""Pictures of a training and its benchmark; each function returns a Matplotlib figure."""

from pathlib import Path

from matplotlib.figure import Figure

from robustmoll.evaluate.classifiers.cells import clean_cell
from robustmoll.evaluate.classifiers.plots.by_corruption import baseline_bars, errors_by_corruption
from robustmoll.evaluate.classifiers.plots.corruption_sheet import corruption_sheet
from robustmoll.evaluate.classifiers.plots.curves import severity_curves
from robustmoll.evaluate.classifiers.plots.heat_map import heat_map
from robustmoll.evaluate.classifiers.plots.mollification import sample_sheet, schedule_sheet
from robustmoll.evaluate.classifiers.plots.reliability import reliability_diagrams
from robustmoll.evaluate.classifiers.plots.training import training_curves
from robustmoll.evaluate.classifiers.results import Results, find_bench
from robustmoll.evaluate.groups import run_label
from robustmoll.storage.files import read_object

__all__ = [
    "baseline_bars",
    "bench_pictures",
    "corruption_sheet",
    "errors_by_corruption",
    "heat_map",
    "reliability_diagrams",
    "sample_sheet",
    "schedule_sheet",
    "severity_curves",
    "training_curves",
]


def bench_pictures(folder: str | Path) -> dict[str, Figure]:
    """Draws what a benchmark measured, by name; the bars need a summary.json with a baseline, curves a corrupted cell.

    Args:
        folder: Of the benchmark, or of a run that holds one.
    """
    results = Results(find_bench(folder))
    cells = results.cells()
    pictures: dict[str, Figure] = {}
    if any(cell.severity for cell in cells):
        pictures["heat-map"] = heat_map(cells)
        pictures["severity-curves"] = severity_curves({run_label(results.folder): [cells]})
    if results.summary.exists() and (baseline := read_object(results.summary)["baseline"]):
        pictures["baseline"] = baseline_bars(baseline)
    pictures["reliability"] = reliability_diagrams(results)
    if clean_cell(cells).ece_ts is not None:
        pictures["reliability-scaled"] = reliability_diagrams(results, scaled=True)
    return pictures
