"""Summaries as Markdown."""

from collections.abc import Iterable, Sequence
from typing import Any

__all__ = ["markdown_table", "summary_text"]

HEADER = ("", "error % ↓", "NLL ↓", "Brier ↓", "ECE % ↓")


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
    clean, corrupted, without = summary["clean"], summary["corrupted"], summary["without"]
    head = [("clean", clean), (f"corrupted ({_size(corrupted)})", corrupted)]
    if without:
        head.append((f"without {' and '.join(without['families'])} ({_size(without)})", without))
    interval = f"{100 * clean['error_low']:.2f} to {100 * clean['error_high']:.2f}"
    parts = [
        f"# {summary['model']} on {summary['dataset']}",
        f"{summary['n']} images; corruptions {summary['mode']}, preset {summary['preset']},"
        f" seed {summary['seed']}.",
        *([f"**Not finished**: {len(summary['missing'])} cells are missing."] if summary["missing"] else []),
        _table(head),
        f"95 % interval of the clean error: {interval} % (Wilson). ECE: 15 bins of equal width, over the"
        " whole set. For comparison with papers that average it over batches of 100 only:"
        f" {100 * clean['ece_batch100']:.2f} % clean, {100 * corrupted['ece_batch100']:.2f} % corrupted.",
        *_baseline(summary["baseline"]),
        "## By family",
        _table(summary["groups"].items()),
        "## By severity",
        _table(summary["severities"].items()),
        "## By corruption",
        _table(summary["corruptions"].items()),
    ]
    return "\n\n".join(parts) + "\n"


def _size(part: dict[str, Any]) -> str:
    return f"{part['corruptions']} corruptions, {part['cells']} cells"


def _table(parts: Iterable[tuple[str, dict[str, Any]]]) -> str:
    rows = [
        (name, f"{100 * p['error']:.2f}", f"{p['nll']:.3f}", f"{p['brier']:.3f}", f"{100 * p['ece']:.2f}")
        for name, p in parts
    ]
    return markdown_table(HEADER, rows)


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
