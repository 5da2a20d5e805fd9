"""Pictures of a training and its benchmark; each function returns a Matplotlib figure."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from robustmoll.evaluate.cells import Results
from robustmoll.evaluate.compare import find_bench, run_label
from robustmoll.evaluate.plots.curves import errors_by_corruption, severity_curves
from robustmoll.evaluate.plots.heat_map import heat_map
from robustmoll.evaluate.plots.mollification import sample_sheet, schedule_sheet
from robustmoll.evaluate.plots.reliability import reliability_diagrams
from robustmoll.evaluate.plots.style import save_pictures
from robustmoll.evaluate.plots.training import training_curves

__all__ = [
    "bench_pictures",
    "errors_by_corruption",
    "heat_map",
    "reliability_diagrams",
    "sample_sheet",
    "save_pictures",
    "schedule_sheet",
    "severity_curves",
    "training_curves",
]


def bench_pictures(folder: str | Path, others: Sequence[str | Path] = ()) -> dict[str, Figure]:
    """Draws all pictures of a benchmark, by name.

    Args:
        folder: Of the benchmark, or of a run that holds one.
        others: Of benchmarks or runs to lay over it.
    """
    results = Results(find_bench(folder))
    runs = {run_label(r.folder): r.cells() for r in (results, *(Results(find_bench(other)) for other in others))}
    pictures = {"heat-map": heat_map(results.cells()), "severity-curves": severity_curves(runs)}
    if others:
        pictures["errors-by-corruption"] = errors_by_corruption(runs)
    return {**pictures, "reliability": reliability_diagrams(results)}
