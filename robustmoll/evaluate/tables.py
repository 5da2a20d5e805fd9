"""Summaries and comparisons as tables to read, in Markdown and in a terminal."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from rich.table import Table

from robustmoll.evaluate.compare import Comparison, Group

__all__ = [
    "comparison_table",
    "comparison_text",
    "footnote",
    "headline",
    "markdown_table",
    "setting",
    "summary_text",
]

HEADER = ("", "error % ↓", "NLL ↓", "Brier ↓", "ECE % ↓")
# Of a comparison's figures: name, factor, digits.
ERROR, NLL, ECE = ("error %", 100, 2), ("NLL", 1, 3), ("ECE %", 100, 2)


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Returns a Markdown table, padded to be read as text too, with figures to the right.

    Example:
        >>> print(markdown_table(["", "error"], [["clean", "3.1"]]))
        |       | error |
        | :---- | ----: |
        | clean |   3.1 |
    """
    lines = [[cell.replace("|", "\\|") for cell in row] for row in (header, *rows)]
    widths = [max(3, *map(len, column)) for column in zip(*lines, strict=True)]
    rule = [":" + "-" * (widths[0] - 1), *("-" * (width - 1) + ":" for width in widths[1:])]
    aligned = [
        [
            line[0].ljust(widths[0]),
            *(cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True)),
        ]
        for line in lines
    ]
    return "\n".join("| " + " | ".join(line) + " |" for line in (aligned[0], rule, *aligned[1:]))


def summary_text(summary: dict[str, Any]) -> str:
    """Returns a summary, as `robustmoll.evaluate.summary.summarise` gives it, as a Markdown document."""
    parts = [
        f"# {summary['model']} on {summary['dataset']}",
        setting(summary),
        markdown_table(*headline(summary)),
        footnote(summary),
        *_baseline(summary["baseline"]),
    ]
    for name, heading in (("groups", "family"), ("severities", "severity"), ("corruptions", "corruption")):
        parts += [f"## By {heading}", markdown_table(HEADER, _rows(summary[name].items()))]
    return "\n\n".join(parts) + "\n"


def setting(summary: dict[str, Any]) -> str:
    """Says in a line what was measured."""
    missing = len(summary["missing"])
    what = f"corruptions {summary['mode']}, preset {summary['preset']}, seed {summary['seed']}"
    return f"{summary['n']} images; {what}." + (f" Not finished: {missing} cells are missing." if missing else "")


def footnote(summary: dict[str, Any]) -> str:
    """Says in a few lines how to read the first table."""
    clean, corrupted = summary["clean"], summary["corrupted"]
    return (
        f"95 % interval of the clean error: {100 * clean['error_low']:.2f} to"
        f" {100 * clean['error_high']:.2f} % (Wilson). ECE: 15 bins of equal width, over the whole set. For"
        " comparison with papers that average it over batches of 100 only:"
        f" {100 * clean['ece_batch100']:.2f} % clean, {100 * corrupted['ece_batch100']:.2f} % corrupted."
    )


def headline(summary: dict[str, Any]) -> tuple[Sequence[str], list[Sequence[str]]]:
    """Returns header and rows of the first table: clean, corrupted, without the families trained on."""
    corrupted, without = summary["corrupted"], summary["without"]
    parts = [("clean", summary["clean"]), (f"corrupted ({_size(corrupted)})", corrupted)]
    if without:
        parts.append((f"without {' and '.join(without['families'])} ({_size(without)})", without))
    return HEADER, _rows(parts)


def _size(part: dict[str, Any]) -> str:
    return f"{part['corruptions']} corruptions, {part['cells']} cells"


def _rows(parts: Iterable[tuple[str, dict[str, Any]]]) -> list[Sequence[str]]:
    return [
        (name, f"{100 * p['error']:.2f}", f"{p['nll']:.3f}", f"{p['brier']:.3f}", f"{100 * p['ece']:.2f}")
        for name, p in parts
    ]


def _baseline(baseline: dict[str, Any] | None) -> list[str]:
    if not baseline:
        return []
    rows = [("mean", baseline["mce"], baseline["relative_mce"])]
    rows += [(name, ce, baseline["relative_ce"][name]) for name, ce in baseline["ce"].items()]
    table = markdown_table(
        ("", "CE % ↓", "relative CE % ↓"),
        [(name, _percent(ce), _percent(relative)) for name, ce, relative in rows],
    )
    return [f"## Against {baseline['name']}", table]


def _percent(ratio: float | None) -> str:
    return "undefined" if ratio is None else f"{100 * ratio:.1f}"


def comparison_text(comparison: Comparison) -> str:
    """Returns a comparison as Markdown."""
    header, rows = _side_by_side(comparison)
    return f"{markdown_table(header, rows)}\n\n{_caption(comparison)}\n"


def comparison_table(comparison: Comparison) -> Table:
    """Returns a comparison as a table for `rich.print`."""
    header, rows = _side_by_side(comparison)
    table = Table(caption=_caption(comparison), caption_justify="left")
    for column, name in enumerate(header):
        table.add_column(name, justify="right" if column else "left")
    for row in rows:
        table.add_row(*row)
    return table


def _side_by_side(comparison: Comparison) -> tuple[list[str], list[list[str]]]:
    first, *others = comparison.groups
    header = ["", first.label, *(name for group in others for name in (group.label, f"minus {first.label}"))]
    rows = []
    for column, (figure, factor, digits) in enumerate((ERROR, NLL, ECE)):
        for part, state in enumerate(("clean", "corrupted")):
            row = [f"{state} {figure} ↓"]
            for group in comparison.groups:
                row.append(_value(factor * group.values[:, part, column], digits))
                if group is not first:
                    row.append(_difference(group, (part, column), factor, digits))
            rows.append(row)
    return header, rows


def _value(values: np.ndarray, digits: int) -> str:
    deviation = f" ± {values.std(ddof=1):.{digits}f}" if len(values) > 1 else ""
    return f"{values.mean():.{digits}f}{deviation}"


def _difference(group: Group, figure: tuple[int, int], factor: float, digits: int) -> str:
    value, low, high = (factor * part[figure] for part in (group.difference, group.low, group.high))
    return f"{value:+.{digits}f} ({low:+.{digits}f}, {high:+.{digits}f})"


def _caption(comparison: Comparison) -> str:
    seeds = {len(group.values) for group in comparison.groups}
    parts = [f"Corrupted: mean over {len(comparison.cells)} cells. {comparison.images} images."]
    if len(comparison.groups) > 1:
        parts.append("In brackets: 95 % interval of the difference, paired bootstrap over images.")
    if seeds != {1}:
        parts.append(f"±: standard deviation over {' or '.join(map(str, sorted(seeds)))} runs.")
    if comparison.left_out:
        parts.append(f"Left out, as not all runs have them: {', '.join(comparison.left_out)}.")
    return " ".join(parts)
