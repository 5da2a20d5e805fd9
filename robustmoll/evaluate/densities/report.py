"""The report of a likelihood model's run: figures, how the training went, what the model draws."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors.torch
from matplotlib.figure import Figure
from torch import Tensor

from robustmoll import checkpoint
from robustmoll.anneal import Anneal
from robustmoll.data.examples import Domain, Examples
from robustmoll.data.tables import Columns
from robustmoll.evaluate.densities.plots import (
    annealed_densities,
    column_histograms,
    density_curves,
    image_grid,
    images_over_training,
)
from robustmoll.evaluate.densities.summary import density_line, density_rows, density_text, note, summarise_density
from robustmoll.evaluate.page import files_of_run, pictures, section, table, write_page
from robustmoll.evaluate.plots.style import save_pictures
from robustmoll.files import write_whole
from robustmoll.run import MetricsFile
from robustmoll.tasks.density import EXTENT, Density
from robustmoll.tasks.likelihood import load_likelihood

__all__ = ["FOLDER", "density_line", "measure_run", "write_density_report"]

FOLDER = "density"  # of a run, for its summaries
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
    "samples": ("Samples", "What the model draws, beside the test data if it is a table."),
    "samples-over-training": (
        "Samples along the training",
        "The same latent variables each time: the images should take form from coarse to fine.",
    ),
}


def measure_run(run: Path, train: Examples, test: Examples, samples: int = 64) -> dict[str, Any]:
    """Measures the checkpoint that counts, and beside it the last one, and writes summary.json and summary.md.

    Args:
        run: Its folder.
        train: What it was trained on, without what was held out.
        test: Clean data to measure it on.
        samples: Latent variables that a bound has for each of these, at least 1: the more, the tighter. Models with an
            exact likelihood have none.

    Returns:
        The summary, see `summarise_density`.
    """
    last, _ = checkpoint.load_newest(run / "checkpoints")
    final, _ = checkpoint.load_final(run / "checkpoints")
    chosen = {"best on validation": final} if (run / "checkpoints" / "best").exists() else {}
    models = {
        label: (found.step, load_likelihood(found.config, found.weights).eval())
        for label, found in (chosen | {"last step": last}).items()
    }
    summary = summarise_density(run.resolve().name, final.config["architecture"], models, train, test, samples)
    folder = run / FOLDER
    folder.mkdir(exist_ok=True)
    write_whole(folder / "summary.json", (json.dumps(summary, indent=2) + "\n").encode())
    write_whole(folder / "summary.md", density_text(summary).encode())
    return summary


def write_density_report(run: Path, summary: dict[str, Any], task: Density, test: Examples) -> Path:
    """Writes report.html into a run's folder, and its pictures as PNG into plots/.

    Args:
        run: Its folder, with metrics.csv and snapshots/.
        summary: Of the run, see `measure_run`.
        task: What was trained, see `Density.over`.
        test: The test data.

    Returns:
        The report's path.
    """
    figures = _pictures(run, summary, task.anneal, test)
    shown = section(f"{summary['model']} on {summary['dataset']}", note(summary), table(*density_rows(summary)))
    save_pictures(figures, run / "plots")
    return write_page(run / "report.html", summary["run"], [*shown, *pictures(figures, CAPTIONS), *files_of_run(run)])


def _pictures(run: Path, summary: dict[str, Any], anneal: Anneal, test: Examples) -> dict[str, Figure]:
    rows = MetricsFile(run / "metrics.csv").rows()
    last = int(rows[-1]["step"])
    levels = [anneal.level(step) for step in range(last + 1)]
    drawn = {"training": density_curves(rows, summary["told"], levels)}
    snapshots = _snapshots(run)
    densities = {step: kept["log_prob"] for step, kept in snapshots.items() if "log_prob" in kept}
    if densities:
        drawn["densities"] = annealed_densities(densities, dict(enumerate(levels)), EXTENT)
    samples = {step: kept["samples"] for step, kept in snapshots.items()}
    return drawn | _drawn_samples(samples, test.domain, test)


def _drawn_samples(samples: Mapping[int, Tensor], domain: Domain, test: Examples) -> dict[str, Figure]:
    if not samples:
        return {}
    newest = samples[max(samples)]
    if isinstance(domain, Columns):
        return {"samples": column_histograms(newest, domain.leave(test.inputs[:]), domain.names)}
    return {"samples": image_grid(newest), "samples-over-training": images_over_training(samples)}


def _snapshots(run: Path) -> dict[int, dict[str, Tensor]]:
    """What was kept of the model under way, by step."""
    files = sorted((run / "snapshots").glob("*.safetensors"))
    return {int(path.stem): safetensors.torch.load_file(path) for path in files}
