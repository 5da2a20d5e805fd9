"""Summaries and comparisons as tables to read, in Markdown and in a terminal."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from rich.table import Table

from robustmoll.evaluate.classifiers.compare import COMPARED_FIGURES, Comparison, Group
from robustmoll.evaluate.text import TextTable, markdown_table, mean_and_deviation, terminal_table

__all__ = [
    "baseline_note",
    "caption",
    "comparison_rows",
    "comparison_table",
    "footnote",
    "headline",
    "setting",
    "summary_text",
]

HEADER = ("", "error % ↓", "NLL ↓", "Brier ↓", "ECE % ↓")
SCALED_HEADER = ("NLL, T ↓", "Brier, T ↓", "ECE %, T ↓")  # after temperature scaling
# Of each figure that is compared: name, factor, digits.
COMPARED: dict[str, tuple[str, float, int]] = {
    "error": ("error %", 100, 2),
    "nll": ("NLL", 1, 3),
    "ece": ("ECE %", 100, 2),
    "nll_ts": ("NLL, T", 1, 3),
    "ece_ts": ("ECE %, T", 100, 2),
}


def summary_text(summary: dict[str, Any]) -> str:
    """Returns a summary, as `robustmoll.evaluate.classifiers.summary.summarise` gives it, as a Markdown document."""
    parts = [
        f"# {summary['model']} on {summary['dataset']}",
        setting(summary),
        markdown_table(headline(summary)),
        footnote(summary),
        *_baseline(summary),
    ]
    for name, heading in (("groups", "family"), ("severities", "severity"), ("corruptions", "corruption")):
        parts += [f"## By {heading}", markdown_table(_table(summary[name].items()))] if summary[name] else []
    return "\n\n".join(parts) + "\n"


def setting(summary: dict[str, Any]) -> str:
    """Says in a line what was measured."""
    missing = len(summary["missing"])
    if not summary["corruptions"]:
        return f"{summary['n']} images, none of them corrupted."
    what = f"corruptions {summary['mode']}, preset {summary['preset']}"
    what += "" if summary["seed"] is None else f", seed {summary['seed']}"
    if summary["resolution"]:
        where = {"model": "the size at which the model takes them", "source": "their own size, before scaling"}
        what += f", made at {summary['resolution']}, {where[summary['stage']]}"
    return f"{summary['n']} images; {what}." + (f" Not finished: {missing} cells are missing." if missing else "")


def footnote(summary: dict[str, Any]) -> str:
    """Says in a few lines how to read the first table."""
    clean, corrupted = summary["clean"], summary["corrupted"]
    batches = f"{100 * clean['ece_batch100']:.2f} % clean"
    batches += f", {100 * corrupted['ece_batch100']:.2f} % corrupted" if corrupted else ""
    return (
        f"95 % interval of the clean error: {100 * clean['error_low']:.2f} to"
        f" {100 * clean['error_high']:.2f} % (Wilson). ECE: 15 bins of equal width, over the whole set. For"
        " comparison with papers that average it over batches of 100 only:"
        f" {batches}. {_temperature(summary)}"
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


def headline(summary: dict[str, Any]) -> TextTable:
    """Returns the first table: clean, corrupted, without the families trained on."""
    corrupted, without = summary["corrupted"], summary["without"]
    parts = [("clean", summary["clean"])]
    if corrupted:
        parts.append((f"corrupted ({_size(corrupted)})", corrupted))
    if without:
        parts.append((f"without {' and '.join(without['families'])} ({_size(without)})", without))
    return _table(parts)


def _size(part: dict[str, Any]) -> str:
    return f"{part['corruptions']} corruptions, {part['cells']} cells"


def _table(parts: Iterable[tuple[str, dict[str, Any]]]) -> TextTable:
    """Returns a row a part, with the columns after temperature scaling where there are such figures."""
    parts = list(parts)
    scaled = all(part["nll_ts"] is not None for _, part in parts)
    rows: list[Sequence[str]] = [
        (name, *_figures(p, ""), *(_figures(p, "_ts")[1:] if scaled else ())) for name, p in parts
    ]
    return TextTable((*HEADER, *(SCALED_HEADER if scaled else ())), rows)


def _figures(part: dict[str, Any], suffix: str) -> Sequence[str]:
    nll, brier, ece = (part[name + suffix] for name in ("nll", "brier", "ece"))
    return f"{100 * part['error']:.2f}", f"{nll:.3f}", f"{brier:.3f}", f"{100 * ece:.2f}"


def _baseline(summary: dict[str, Any]) -> list[str]:
    baseline = summary["baseline"]
    if not baseline:
        return []
    rows = [("mean", baseline["mce"], baseline["relative_mce"])]
    rows += [(name, ce, baseline["relative_ce"][name]) for name, ce in baseline["ce"].items()]
    shown = [(name, _percent(ce), _percent(relative)) for name, ce, relative in rows]
    table = TextTable(("", "CE % ↓", "relative CE % ↓"), shown)
    return [f"## Against {baseline['name']}", baseline_note(summary), markdown_table(table)]


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


def comparison_table(comparison: Comparison) -> Table:
    """Returns a comparison as a table for the terminal."""
    return terminal_table(comparison_rows(comparison), caption(comparison))


def comparison_rows(comparison: Comparison) -> TextTable:
    """Returns a comparison's table: below each figure, one row a group."""
    first = comparison.groups[0]
    others = [f"minus {first.label}"] if len(comparison.groups) > 1 else []
    rows = []
    for column, figure in enumerate(COMPARED_FIGURES):
        name, factor, digits = COMPARED[figure]
        for part, state in enumerate(("clean", "corrupted")):
            if any(np.isnan(group.values[:, part, column]).any() for group in comparison.groups):
                continue  # someone has no temperature, or all have clean images alone
            for group in comparison.groups:
                row = [f"{state} {name} ↓" if group is first else "", group.label]
                row.append(mean_and_deviation(list(factor * group.values[:, part, column]), digits))
                if others:
                    row.append("" if group is first else _difference(group, (part, column), factor, digits))
                rows.append(row)
    return TextTable(["", "", "", *others], rows)


def _difference(group: Group, figure: tuple[int, int], factor: float, digits: int) -> str:
    value, low, high = (factor * part[figure] for part in (group.difference, group.low, group.high))
    return f"{value:+.{digits}f} ({low:+.{digits}f}, {high:+.{digits}f})"


def caption(comparison: Comparison) -> str:
    """Says in a few lines what a comparison compares."""
    seeds = {len(group.values) for group in comparison.groups}
    parts = [f"Corrupted: mean over {len(comparison.cells)} cells."] if comparison.cells else []
    parts.append(f"{comparison.images} images.")
    if len(comparison.groups) > 1:
        parts.append("In brackets: 95 % interval of the difference, paired bootstrap over images.")
    if seeds != {1}:
        parts.append(f"±: standard deviation over {' or '.join(map(str, sorted(seeds)))} runs.")
    unscaled = [group.label for group in comparison.groups if np.isnan(group.values[:, 0]).any()]
    parts.append(
        f"Nothing after temperature scaling, as none was fitted for {', '.join(unscaled)}: see its temperature.json."
        if unscaled
        else "T: after temperature scaling."
    )
    if comparison.temperatures and not unscaled:
        parts.append(
            f"T was not fitted alike for all: {', '.join(comparison.temperatures)}; compare T figures with care."
        )
    if comparison.resolutions:
        parts.append(
            f"Each model sees, and its images are corrupted at, its own size: {', '.join(comparison.resolutions)}."
        )
    if comparison.left_out:
        parts.append(f"Left out, as not all runs have them: {', '.join(comparison.left_out)}.")
    return " ".join(parts)
