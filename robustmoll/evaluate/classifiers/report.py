"""One page about a run, a benchmark or a comparison, that stands alone: it loads nothing from anywhere."""

from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from robustmoll.evaluate.classifiers.compare import Comparison
from robustmoll.evaluate.classifiers.plots import errors_by_corruption, severity_curves
from robustmoll.evaluate.classifiers.results import Results
from robustmoll.evaluate.classifiers.tables import baseline_note, caption, comparison_rows, footnote, headline, setting
from robustmoll.evaluate.page import html_table, pictures, section, write_page, write_report_page
from robustmoll.storage.files import read_object
from robustmoll.storage.run_folder import RunFolder

__all__ = ["CAPTIONS", "write_comparison", "write_report"]

# By the name of the picture: its heading, and what to look for.
CAPTIONS = {
    "heat-map": (
        "Every cell",
        "Dark cells are where the classifier fails (left) and where its confidence is wrong (right).",
    ),
    "severity-curves": (
        "From clean to severity 5",
        "A robust classifier has flat curves in the upper row, an honest one low curves below it (T: after temperature"
        " scaling).",
    ),
    "baseline": (
        "Against the baseline",
        "Bars left of the dashed line: fewer errors than the baseline makes (left), and fewer that are due to the"
        " corruption (right).",
    ),
    "errors-by-corruption": (
        "Corruption by corruption",
        "The longer the line, the further the runs are apart.",
    ),
    "reliability": (
        "Confidence against accuracy",
        "Bars should end on the diagonal: red is confidence not earned, amber is confidence withheld.",
    ),
    "reliability-scaled": (
        "Confidence against accuracy, after temperature scaling",
        "What one number, fitted on clean images, mends; and what is left of it as images get worse.",
    ),
    "corruptions": (
        "What was measured",
        "One image as the classifier saw it. Where you cannot tell what it is, do not expect a classifier to.",
    ),
    "samples": (
        "What mollification does",
        "Image and label should fade together: the label as soft as the image is hard to recognise.",
    ),
    "schedule": (
        "Schedules",
        "How strong noise and blur are at time t, what the label then loses, and how often t is drawn.",
    ),
    "training": (
        "Training",
        "The test error should level off. The training loss stays above 0, as soft labels have entropy.",
    ),
}


def write_report(folder: str | Path, figures: Mapping[str, Figure]) -> Path:
    """Writes report.html into the folder of a run or of a benchmark, and its pictures as PNG into plots/.

    The page holds the headline figures of each benchmark that has a summary.json, the pictures in the order
    given, and at the end config.yaml and env.json, so far as the folder has them.

    Args:
        folder: Of the run or benchmark.
        figures: Pictures by name. Those that `CAPTIONS` knows get a heading and a line on what to look for.

    Returns:
        The report's path.
    """
    folder = Path(folder)
    body: list[str] = []
    for path in sorted([*folder.glob("summary.json"), *folder.glob("bench/*/summary.json")]):
        body += _benchmark(path.parent.name, read_object(path))
    return write_report_page(RunFolder(folder), folder.resolve().name, body, figures, CAPTIONS)


def write_comparison(path: str | Path, comparison: Comparison) -> Path:
    """Writes a comparison as a page: its table, and pictures of what was corrupted, if anything was.

    Args:
        path: Of the page.
        comparison: What to show.

    Returns:
        The path.
    """
    path = Path(path)
    runs = {group.label: [Results(folder).cells() for folder in group.runs] for group in comparison.groups}
    figures: dict[str, Figure] = {}
    if comparison.cells:
        figures = {"severity-curves": severity_curves(runs), "errors-by-corruption": errors_by_corruption(runs)}
    shown = section("Figures", caption(comparison), html_table(comparison_rows(comparison)))
    path.parent.mkdir(parents=True, exist_ok=True)
    return write_page(path, " · ".join(runs), [*shown, *pictures(figures, CAPTIONS)])


def _benchmark(suite: str, summary: dict[str, Any]) -> list[str]:
    heading = f"{summary['model']} on {summary['dataset']}, benchmark {suite}"
    notes = [footnote(summary), *([baseline_note(summary)] if summary["baseline"] else [])]
    shown = html_table(headline(summary))
    return [*section(heading, setting(summary), shown), *(f"<p>{escape(note)}</p>" for note in notes)]
