"""One page about a run that stands alone: it loads nothing from anywhere."""

import json
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from robustmoll.evaluate.plots.style import data_uri, save_pictures
from robustmoll.evaluate.tables import footnote, headline, setting
from robustmoll.files import write_whole

__all__ = ["CAPTIONS", "write_report"]

# By the name of the picture: its heading, and what to look for.
CAPTIONS = {
    "heat-map": (
        "Every cell",
        "Dark cells are where the classifier fails (left) and where its confidence is wrong (right).",
    ),
    "severity-curves": (
        "From clean to severity 5",
        "A robust classifier has flat curves in the upper row, an honest one low curves in the lower row.",
    ),
    "errors-by-corruption": (
        "Corruption by corruption",
        "The longer the line, the further the runs are apart.",
    ),
    "reliability": (
        "Confidence against accuracy",
        "Bars should end on the diagonal: red is confidence not earned, amber is confidence withheld.",
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


def write_report(
    run: str | Path,
    figures: Mapping[str, Figure],
    captions: Mapping[str, tuple[str, str]] = CAPTIONS,
) -> Path:
    """Writes report.html into a run's folder, and its pictures as PNG into plots/.

    The page holds the headline figures of each benchmark that has a summary.json, the pictures in the order
    given, and at the end config.yaml and env.json, so far as the folder has them.

    Args:
        run: The run's folder.
        figures: Pictures by name.
        captions: By a picture's name, its heading and a line on what to look for. Others show their name only.

    Returns:
        The report's path.
    """
    run = Path(run)
    title = run.resolve().name
    body = [f"<h1>{escape(title)}</h1>"]
    for path in sorted(run.glob("bench/*/summary.json")):
        body += _benchmark(path.parent.name, json.loads(path.read_text(encoding="utf-8")))
    for name, drawn in figures.items():
        heading, caption = captions.get(name, (name, ""))
        body += _section(heading, caption, f'<img src="{data_uri(drawn)}" alt="{escape(heading)}">')
    for name in ("config.yaml", "env.json"):
        if (run / name).exists():
            text = (run / name).read_text(encoding="utf-8")
            body += _section(name, "", f"<pre>{escape(text.rstrip())}</pre>")
    save_pictures(figures, run / "plots")
    write_whole(run / "report.html", PAGE.format(title=escape(title), body="\n".join(body)).encode())
    return run / "report.html"


def _benchmark(suite: str, summary: dict[str, Any]) -> list[str]:
    heading = f"{summary['model']} on {summary['dataset']}, benchmark {suite}"
    table = _table(*headline(summary))
    return [*_section(heading, setting(summary), table), f"<p>{escape(footnote(summary))}</p>"]


def _section(heading: str, line: str, content: str) -> list[str]:
    return [f"<h2>{escape(heading)}</h2>", *([f"<p>{escape(line)}</p>"] if line else []), content]


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    def cells(kind: str, row: Sequence[str]) -> str:
        return "<tr>" + "".join(f"<{kind}>{escape(cell)}</{kind}>" for cell in row) + "</tr>"

    body = "\n".join(cells("td", row) for row in rows)
    return f"<table>\n<thead>{cells('th', header)}</thead>\n<tbody>\n{body}\n</tbody>\n</table>"
