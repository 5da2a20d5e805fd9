"""The summary of a likelihood model as text: lines for the terminal, tables and notes for Markdown and the report."""

from robustmoll.evaluate.densities.distances import NEIGHBOUR
from robustmoll.evaluate.densities.summary import DISTANCES, DensitySummary, Distance
from robustmoll.evaluate.text import MISSING, TextTable, markdown_table

__all__ = ["density_lines", "density_note", "density_rows", "density_text", "distance_sections", "distance_setting"]

READING = (
    "Fewer images give a larger distance, so compare only equal numbers, and only the same features. Precision: share"
    f" of generated images within reach of real ones (their {NEIGHBOUR}rd neighbour); recall: the other way round."
)


def density_lines(summary: DensitySummary) -> str:
    """Returns the figures of a summary, a line each, and its remarks."""
    lines = [f"{line.name} {_shown(line.value)} ± {_shown(line.standard_error)}" for line in summary.lines]
    text = [f"{summary.run}: test {summary.figure.replace('_', ' ')}: {'; '.join(lines)}"]
    for heading, _, table in distance_sections(summary):
        text.append(f"{heading}: {'; '.join(f'{name} {value}' for name, value, *_ in table.rows)}")
    return "\n".join([*text, *summary.remarks])


def density_rows(summary: DensitySummary) -> TextTable:
    """Returns the table of a summary."""
    rows = [
        [line.name, _shown(line.value), _shown(line.standard_error), "" if line.step is None else f"{line.step:,}"]
        for line in summary.lines
    ]
    return TextTable(["", summary.heading, "± standard error", "step"], rows)


def density_note(summary: DensitySummary) -> str:
    """Says in a few lines what was measured and how to read it."""
    parts = [f"{summary.n_test:,} clean test {summary.unit}, {summary.n_train:,} for the training."]
    if summary.samples:
        parts.append(f"The bound has {summary.samples} latent variables for each of them: more would tighten it.")
    if summary.figure.startswith("log_likelihood"):
        parts.append("Rows are standardised with the statistics of the training part; other units shift all figures.")
    else:
        parts.append("Of images with 256 grey levels, dequantised uniformly.")
    parts.append("The standard error is that of the mean over test data, not over seeds.")
    return " ".join([*parts, *summary.remarks])


def density_text(summary: DensitySummary) -> str:
    """Returns a summary as a Markdown document."""
    parts = [
        f"# {summary.run}: {summary.model} on {summary.dataset}",
        markdown_table(density_rows(summary)),
        density_note(summary),
    ]
    for heading, said, table in distance_sections(summary):
        parts += [f"## {heading}", markdown_table(table), said]
    return "\n\n".join(parts) + "\n"


def distance_sections(summary: DensitySummary) -> list[tuple[str, str, TextTable]]:
    """Returns, for each distance of a summary: heading, what it was computed with, and its table."""
    sections = []
    for metric, heading in DISTANCES.items():
        found = [one for one in summary.distances if one.metric == metric]
        if found:
            rows = [
                [one.name, *(f"{figure:.3f}" for figure in (one.value, one.precision, one.recall)), f"{one.step:,}"]
                for one in found
            ]
            header = ["", f"{heading} ↓", "precision ↑", "recall ↑", "step"]
            sections.append((heading, f"{distance_setting(found[0])} {READING}", TextTable(header, rows)))
    return sections


def distance_setting(distance: Distance) -> str:
    """Says what a distance was computed with."""
    return (
        f"{distance.generated:,} generated images (seed {distance.seed}) and {distance.real:,} test images."
        f" {distance.features:,} features of {distance.extractor}, resize: {distance.resize}; SHA-256 of its weights"
        f" {distance.sha256}."
    )


def _shown(figure: float | None) -> str:
    return MISSING if figure is None else f"{figure:.3f}"
