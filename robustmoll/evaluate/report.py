"""One page about a run, a benchmark or a comparison, that stands alone: it loads nothing from anywhere."""

import json
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from robustmoll.evaluate.compare import Comparison
from robustmoll.evaluate.plots import errors_by_corruption, severity_curves
from robustmoll.evaluate.plots.style import data_uri, save_pictures
from robustmoll.evaluate.results import Results
from robustmoll.evaluate.tables import baseline_note, caption, comparison_rows, footnote, headline, setting
from robustmoll.files import write_whole

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

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; color: #222; background: #fff }}
main {{ max-width: 60rem; margin: 2.5rem auto; padding: 0 1.2rem }}
h1 {{ font-size: 1.7rem; margin: 0 }}
h2 {{ font-size: 1.15rem; margin: 2.4rem 0 0 }}
p {{ margin: .2rem 0 .8rem; color: #555 }}
table {{ border-collapse: collapse; font-variant-numeric: tabular-nums; margin: .6rem 0 }}
th, td {{ padding: .3rem .9rem; text-align: right; border-bottom: 1px solid #e4e4e4 }}
th:first-child, td:first-child {{ text-align: left; padding-left: 0 }}
thead th {{ border-bottom: 2px solid #999 }}
img {{ max-width: 100%; height: auto }}
pre {{ background: #f6f6f6; padding: .9rem 1.1rem; overflow-x: auto; font-size: .8rem; line-height: 1.45 }}
</style>
</head>
<body>
<main>
{body}
</main>
</body>
</html>
"""


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
        body += _benchmark(path.parent.name, json.loads(path.read_text(encoding="utf-8")))
    body += _pictures(figures)
    for name in ("config.yaml", "env.json"):
        if (folder / name).exists():
            text = (folder / name).read_text(encoding="utf-8")
            body += _section(name, "", f"<pre>{escape(text.rstrip())}</pre>")
    save_pictures(figures, folder / "plots")
    return _write_page(folder / "report.html", folder.resolve().name, body)


def write_comparison(path: str | Path, comparison: Comparison) -> Path:
    """Writes a comparison as a page: its table, severity curves laid over each other, and errors by corruption.

    Args:
        path: Of the page.
        comparison: What to show.

    Returns:
        The path.
    """
    path = Path(path)
    runs = {group.label: [Results(folder).cells() for folder in group.runs] for group in comparison.groups}
    figures = {"severity-curves": severity_curves(runs), "errors-by-corruption": errors_by_corruption(runs)}
    table = _section("Figures", caption(comparison), _table(*comparison_rows(comparison)))
    path.parent.mkdir(parents=True, exist_ok=True)
    return _write_page(path, " · ".join(runs), [*table, *_pictures(figures)])


def _write_page(path: Path, title: str, body: Sequence[str]) -> Path:
    page = PAGE.format(title=escape(title), body="\n".join([f"<h1>{escape(title)}</h1>", *body]))
    write_whole(path, page.encode())
    return path


def _pictures(figures: Mapping[str, Figure]) -> list[str]:
    body: list[str] = []
    for name, drawn in figures.items():
        heading, line = CAPTIONS.get(name, (name, ""))
        body += _section(heading, line, f'<img src="{data_uri(drawn)}" alt="{escape(heading)}">')
    return body


def _benchmark(suite: str, summary: dict[str, Any]) -> list[str]:
    heading = f"{summary['model']} on {summary['dataset']}, benchmark {suite}"
    notes = [footnote(summary), *([baseline_note(summary)] if summary["baseline"] else [])]
    table = _table(*headline(summary))
    return [*_section(heading, setting(summary), table), *(f"<p>{escape(note)}</p>" for note in notes)]


def _section(heading: str, line: str, content: str) -> list[str]:
    return [f"<h2>{escape(heading)}</h2>", *([f"<p>{escape(line)}</p>"] if line else []), content]


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    def cells(kind: str, row: Sequence[str]) -> str:
        return "<tr>" + "".join(f"<{kind}>{escape(cell)}</{kind}>" for cell in row) + "</tr>"

    body = "\n".join(cells("td", row) for row in rows)
    return f"<table>\n<thead>{cells('th', header)}</thead>\n<tbody>\n{body}\n</tbody>\n</table>"
