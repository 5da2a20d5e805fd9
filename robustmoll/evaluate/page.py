"""Pages that stand alone: they load nothing from anywhere."""

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

from matplotlib.figure import Figure

from robustmoll.evaluate.style import data_uri, save_pictures
from robustmoll.evaluate.text import TextTable
from robustmoll.storage.files import write_whole
from robustmoll.storage.run_folder import RunFolder

__all__ = ["html_table", "pictures", "section", "write_page", "write_report_page"]

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


def write_page(path: Path, title: str, body: Sequence[str]) -> Path:
    """Writes a page with a title over parts of HTML, and returns its path."""
    page = PAGE.format(title=escape(title), body="\n".join([f"<h1>{escape(title)}</h1>", *body]))
    write_whole(path, page.encode())
    return path


def section(heading: str, line: str, content: str) -> list[str]:
    """Returns a heading, a line below it unless that is empty, and content, which is HTML already."""
    return [f"<h2>{escape(heading)}</h2>", *([f"<p>{escape(line)}</p>"] if line else []), content]


def html_table(table: TextTable) -> str:
    """Returns a table as HTML."""

    def cells(kind: str, row: Sequence[str]) -> str:
        return "<tr>" + "".join(f"<{kind}>{escape(cell)}</{kind}>" for cell in row) + "</tr>"

    body = "\n".join(cells("td", row) for row in table.rows)
    return f"<table>\n<thead>{cells('th', table.header)}</thead>\n<tbody>\n{body}\n</tbody>\n</table>"


def pictures(figures: Mapping[str, Figure], captions: Mapping[str, tuple[str, str]]) -> list[str]:
    """Returns a section for each picture, under the heading and the line that `captions` has for its name."""
    body: list[str] = []
    for name, drawn in figures.items():
        heading, line = captions.get(name, (name, ""))
        body += section(heading, line, f'<img src="{data_uri(drawn)}" alt="{escape(heading)}">')
    return body


def write_report_page(
    folder: RunFolder,
    title: str,
    body: Sequence[str],
    figures: Mapping[str, Figure],
    captions: Mapping[str, tuple[str, str]],
) -> Path:
    """Writes the report of a run or a benchmark: what `body` says, pictures, and how it came about.

    Args:
        folder: Where; the pictures go there as PNG too.
        title: Of the page.
        body: Parts of HTML.
        figures: Pictures by name.
        captions: See `pictures`.

    Returns:
        The page's path.
    """
    save_pictures(figures, folder.plots)
    return write_page(folder.report, title, [*body, *pictures(figures, captions), *_how_it_came_about(folder)])


def _how_it_came_about(folder: RunFolder) -> list[str]:
    """Config and environment of a run, so far as it has them."""
    body: list[str] = []
    for path in (folder.config, folder.environment):
        if path.exists():
            text = path.read_text(encoding="utf-8")
            body += section(path.name, "", f"<pre>{escape(text.rstrip())}</pre>")
    return body
