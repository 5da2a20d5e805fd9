"""Summaries and comparisons as tables to read, in Markdown and in a terminal."""

from collections.abc import Iterable, Sequence
from statistics import fmean, stdev
from typing import Any

import numpy as np
from rich.table import Table

from robustmoll.evaluate.compare import Comparison, Group

__all__ = [
    "baseline_note",
    "caption",
    "comparison_rows",
    "comparison_table",
    "comparison_text",
    "count_seeds",
    "footnote",
    "headline",
    "markdown_table",
    "mean_and_deviation",
    "setting",
    "summary_text",
    "terminal_table",
]

HEADER = ("", "error % ↓", "NLL ↓", "Brier ↓", "ECE % ↓")
RESCALED = ("NLL, T ↓", "Brier, T ↓", "ECE %, T ↓")  # after temperature scaling
# Of a comparison's figures, in the order of its `FIGURES`: name, factor, digits.
COMPARED = (("error %", 100, 2), ("NLL", 1, 3), ("ECE %", 100, 2), ("NLL, T", 1, 3), ("ECE %, T", 100, 2))


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
        *_baseline(summary),
    ]
    for name, heading in (("groups", "family"), ("severities", "severity"), ("corruptions", "corruption")):
        parts += [f"## By {heading}", markdown_table(*_table(summary[name].items()))]
    return "\n\n".join(parts) + "\n"


def setting(summary: dict[str, Any]) -> str:
    """Says in a line what was measured."""
    missing = len(summary["missing"])
    what = f"corruptions {summary['mode']}, preset {summary['preset']}"
    what += "" if summary["seed"] is None else f", seed {summary['seed']}"
    if summary["resolution"]:
        where = {"model": "the size at which the model takes them", "source": "their own size, before scaling"}
        what += f", made at {summary['resolution']}, {where[summary['stage']]}"
    return f"{summary['n']} images; {what}." + (f" Not finished: {missing} cells are missing." if missing else "")


def footnote(summary: dict[str, Any]) -> str:
    """Says in a few lines how to read the first table."""
    clean, corrupted = summary["clean"], summary["corrupted"]
    return (
        f"95 % interval of the clean error: {100 * clean['error_low']:.2f} to"
        f" {100 * clean['error_high']:.2f} % (Wilson). ECE: 15 bins of equal width, over the whole set. For"
        " comparison with papers that average it over batches of 100 only:"
        f" {100 * clean['ece_batch100']:.2f} % clean, {100 * corrupted['ece_batch100']:.2f} % corrupted."
        f" {_temperature(summary)}"
    )


def _temperature(summary: dict[str, Any]) -> str:
    a, b = summary["temperature_a"], summary["temperature_b"]
    if a is None:
        return "No temperature could be fitted, so there are no figures after temperature scaling."
    if a == b:
        return f"T: after temperature scaling with T = {a:.3f}, fitted on held-out clean images."
    return (
        f"T: after temperature scaling. Each half of the images is judged with the T that suits the other half's"
        f" clean images best, {a:.3f} and {b:.3f}."
    )


def headline(summary: dict[str, Any]) -> tuple[Sequence[str], list[Sequence[str]]]:
    """Returns header and rows of the first table: clean, corrupted, without the families trained on."""
    corrupted, without = summary["corrupted"], summary["without"]
    parts = [("clean", summary["clean"]), (f"corrupted ({_size(corrupted)})", corrupted)]
    if without:
        parts.append((f"without {' and '.join(without['families'])} ({_size(without)})", without))
    return _table(parts)


def _size(part: dict[str, Any]) -> str:
    return f"{part['corruptions']} corruptions, {part['cells']} cells"


def _table(parts: Iterable[tuple[str, dict[str, Any]]]) -> tuple[Sequence[str], list[Sequence[str]]]:
    """Returns header and rows, with the columns after temperature scaling where there are such figures."""
    parts = list(parts)
    scaled = all(part["nll_ts"] is not None for _, part in parts)
    rows: list[Sequence[str]] = [
        (name, *_figures(p, ""), *(_figures(p, "_ts")[1:] if scaled else ())) for name, p in parts
    ]
    return (*HEADER, *(RESCALED if scaled else ())), rows


def _figures(part: dict[str, Any], suffix: str) -> Sequence[str]:
    nll, brier, ece = (part[name + suffix] for name in ("nll", "brier", "ece"))
    return f"{100 * part['error']:.2f}", f"{nll:.3f}", f"{brier:.3f}", f"{100 * ece:.2f}"


def _baseline(summary: dict[str, Any]) -> list[str]:
    baseline = summary["baseline"]
    if not baseline:
        return []
    rows = [("mean", baseline["mce"], baseline["relative_mce"])]
    rows += [(name, ce, baseline["relative_ce"][name]) for name, ce in baseline["ce"].items()]
    table = markdown_table(
        ("", "CE % ↓", "relative CE % ↓"),
        [(name, _percent(ce), _percent(relative)) for name, ce, relative in rows],
    )
    return [f"## Against {baseline['name']}", baseline_note(summary), table]


def baseline_note(summary: dict[str, Any]) -> str:
    """Says how to read figures against a baseline, and in what the images that it saw were others."""
    baseline = summary["baseline"]
    frost = next((label for label in summary["corruptions"] if label.startswith("frost")), None)
    pairs = (
        ("images were", baseline["mode"], "these are", summary["mode"]),
        ("data set was", baseline.get("dataset"), "this is", summary["dataset"]),
        ("frost was", baseline.get("frost"), "this is", frost),
    )
    unlike = [
        f"Its {was} {there}, {now} {here}." for was, there, now, here in pairs if there and here and there != here
    ]
    note = f"Errors divided by those of {baseline['name']}: below 100 % is better. The means are mCE and relative mCE."
    return " ".join([note, *unlike, "So the ratios are approximate at best."]) if unlike else note


def _percent(ratio: float | None) -> str:
    return "undefined" if ratio is None else f"{100 * ratio:.1f}"


def comparison_text(comparison: Comparison) -> str:
    """Returns a comparison as Markdown."""
    header, rows = comparison_rows(comparison)
    return f"{markdown_table(header, rows)}\n\n{caption(comparison)}\n"


def comparison_table(comparison: Comparison) -> Table:
    """Returns a comparison as a table for `rich.print`."""
    return terminal_table(*comparison_rows(comparison), caption(comparison))


def terminal_table(header: Sequence[str], rows: Iterable[Sequence[str]], said: str) -> Table:
    """Returns a table for `rich.print`: two columns of names, figures to the right, and below it what is said."""
    table = Table(caption=said, caption_justify="left")
    for column, name in enumerate(header):
        table.add_column(name, justify="right" if column > 1 else "left")
    for row in rows:
        table.add_row(*row)
    return table


def comparison_rows(comparison: Comparison) -> tuple[list[str], list[list[str]]]:
    """Returns header and rows of a comparison's table: below each figure, one row a group."""
    first = comparison.groups[0]
    others = [f"minus {first.label}"] if len(comparison.groups) > 1 else []
    rows = []
    for column, (figure, factor, digits) in enumerate(COMPARED):
        if any(np.isnan(group.values[:, :, column]).any() for group in comparison.groups):
            continue  # someone has no temperature
        for part, state in enumerate(("clean", "corrupted")):
            for group in comparison.groups:
                row = [f"{state} {figure} ↓" if group is first else "", group.label]
                row.append(mean_and_deviation(list(factor * group.values[:, part, column]), digits))
                if others:
                    row.append("" if group is first else _difference(group, (part, column), factor, digits))
                rows.append(row)
    return ["", "", "", *others], rows


def mean_and_deviation(values: Sequence[float], digits: int, sign: str = "") -> str:
    """Returns the mean of values, and their standard deviation if there are several.

    Example:
        >>> mean_and_deviation([1.0, 2.0], digits=1), mean_and_deviation([1.0], digits=2, sign="+")
        ('1.5 ± 0.7', '+1.00')
    """
    deviation = f" ± {stdev(values):.{digits}f}" if len(values) > 1 else ""
    return f"{fmean(values):{sign}.{digits}f}{deviation}"


def count_seeds(n: int) -> str:
    """Returns "1 seed", "2 seeds", ..."""
    return f"{n} seed{'s' * (n > 1)}"


def _difference(group: Group, figure: tuple[int, int], factor: float, digits: int) -> str:
    value, low, high = (factor * part[figure] for part in (group.difference, group.low, group.high))
    return f"{value:+.{digits}f} ({low:+.{digits}f}, {high:+.{digits}f})"


def caption(comparison: Comparison) -> str:
    """Says in a few lines what a comparison compares."""
    seeds = {len(group.values) for group in comparison.groups}
    parts = [f"Corrupted: mean over {len(comparison.cells)} cells. {comparison.images} images."]
    if len(comparison.groups) > 1:
        parts.append("In brackets: 95 % interval of the difference, paired bootstrap over images.")
    if seeds != {1}:
        parts.append(f"±: standard deviation over {' or '.join(map(str, sorted(seeds)))} runs.")
    unscaled = [group.label for group in comparison.groups if np.isnan(group.values).any()]
    parts.append(
        f"Nothing after temperature scaling, as none was fitted for {', '.join(unscaled)}: see its temperature.json."
        if unscaled
        else "T: after temperature scaling."
    )
    if comparison.resolutions:
        parts.append(
            f"Each model sees, and its images are corrupted at, its own size: {', '.join(comparison.resolutions)}."
        )
    if comparison.left_out:
        parts.append(f"Left out, as not all runs have them: {', '.join(comparison.left_out)}.")
    return " ".join(parts)
