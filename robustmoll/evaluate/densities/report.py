"""The report of a likelihood model's run: figures, how the training went, what the model draws."""

from collections.abc import Mapping
from pathlib import Path

from matplotlib.figure import Figure
from torch import Tensor

from robustmoll.anneal import Anneal
from robustmoll.data.examples import Domain, Examples
from robustmoll.data.tables import Columns
from robustmoll.evaluate.densities.compare import DensityComparison
from robustmoll.evaluate.densities.plots import (
    annealed_densities,
    clean_column,
    clean_curves,
    column_histograms,
    density_curves,
    image_grid,
    images_over_training,
)
from robustmoll.evaluate.densities.summary import DensitySummary
from robustmoll.evaluate.densities.tables import density_caption, density_comparison_rows
from robustmoll.evaluate.densities.text import density_note, density_rows, distance_sections
from robustmoll.evaluate.page import html_table, pictures, section, write_page, write_report_page
from robustmoll.storage.metrics_file import MetricsFile
from robustmoll.storage.run_folder import RunFolder
from robustmoll.storage.snapshots import read_snapshots
from robustmoll.tasks.density import EXTENT, Density

__all__ = ["write_density_comparison", "write_density_report"]

CAPTIONS = {
    "training": (
        "Training",
        "The grey curve is the loss on mollified data, the blue one the figure on clean data: it is bad for as long as"
        " the data are mollified, and should end low. t is how mollified they are at each step.",
    ),
    "densities": (
        "The density while data are mollified less and less",
        "Standardised units. The mass should find its shape early, roughly, and sharpen without losing parts.",
    ),
    "trainings": (
        "Trainings",
        "The figure on clean data after each epoch: of held-out data, or of the test set where none were held out.",
    ),
    "samples": ("Samples", "What the model draws, beside the test data if it is a table."),
    "samples-over-training": (
        "Samples along the training",
        "The same latent variables each time: the images should take form from coarse to fine.",
    ),
}


def write_density_report(run: Path, summary: DensitySummary, task: Density, test: Examples) -> Path:
    """Writes report.html into a run's folder, and its pictures as PNG into plots/.

    Args:
        run: Its folder, with metrics.csv and snapshots/.
        summary: Of the run, see `measure_run`.
        task: What was trained, see `Density.for_length`.
        test: The test data.

    Returns:
        The report's path.
    """
    figures = _pictures(run, summary, task.anneal, test)
    shown = section(f"{summary.model} on {summary.dataset}", density_note(summary), html_table(density_rows(summary)))
    for heading, said, table in distance_sections(summary):
        shown += section(heading, said, html_table(table))
    return write_report_page(RunFolder(run), summary.run, shown, figures, CAPTIONS)


def write_density_comparison(path: str | Path, comparison: DensityComparison) -> Path:
    """Writes a comparison as a page, its table and the curves of the trainings, and returns its path.

    Args:
        path: Of the page.
        comparison: What to show.
    """
    path, curves = Path(path), {}
    for group in comparison.groups:
        bound = " (bound)" if group.summaries[0].nll_name.endswith("_bound") else ""
        runs = zip(group.runs, group.summaries, strict=True)
        curves[group.label + bound] = [curve for run in runs if (curve := _clean_curve(*run))]
    figures = {}
    if any(curves.values()):
        figures["trainings"] = clean_curves(curves, comparison.groups[0].summaries[0].nll_name)
    shown = section("Figures", density_caption(comparison), html_table(density_comparison_rows(comparison)))
    path.parent.mkdir(parents=True, exist_ok=True)
    return write_page(path, " · ".join(curves), [*shown, *pictures(figures, CAPTIONS)])


def _clean_curve(run: Path, summary: DensitySummary) -> dict[int, float]:
    """The figure on clean data while a run was trained, by epoch; none if it was stopped in the first one."""
    rows = MetricsFile(RunFolder(run).metrics).rows()
    return {int(row["epoch"]): float(row[clean_column(rows[0], summary.nll_name)]) for row in rows}


def _pictures(run: Path, summary: DensitySummary, anneal: Anneal, test: Examples) -> dict[str, Figure]:
    drawn = {}
    if rows := MetricsFile(RunFolder(run).metrics).rows():
        levels = [anneal.at(step) for step in range(int(rows[-1]["step"]) + 1)]
        drawn["training"] = density_curves(rows, summary.nll_name, levels)
    snapshots = read_snapshots(RunFolder(run).snapshots)
    if densities := {step: kept["log_prob"] for step, kept in snapshots.items() if "log_prob" in kept}:
        drawn["densities"] = annealed_densities(densities, {step: anneal.at(step) for step in densities}, EXTENT)
    samples = {step: kept["samples"] for step, kept in snapshots.items()}
    return drawn | _drawn_samples(samples, test.domain, test)


def _drawn_samples(samples: Mapping[int, Tensor], domain: Domain, test: Examples) -> dict[str, Figure]:
    if not samples:
        return {}
    newest = samples[max(samples)]
    if isinstance(domain, Columns):
        return {"samples": column_histograms(newest, domain.leave(test.inputs[:]), domain.names)}
    return {"samples": image_grid(newest), "samples-over-training": images_over_training(samples)}
