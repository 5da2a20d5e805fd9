"""The figures of a likelihood model on clean test data, as plain values and as text."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple, Self

import torch
from torch import Tensor

from robustmoll.data.examples import Examples
from robustmoll.data.image_set import ImageSet
from robustmoll.data.loader import Loader
from robustmoll.data.tables import Columns
from robustmoll.evaluate.densities.distances import distance_sections
from robustmoll.evaluate.densities.gaussian import gaussian_nll
from robustmoll.evaluate.fingerprint import fingerprint, fingerprint_images
from robustmoll.evaluate.text import TextTable, markdown_table
from robustmoll.tasks.likelihood import Likelihood, negative_log_likelihoods

__all__ = [
    "MISSING",
    "SHOWN",
    "Line",
    "density_lines",
    "density_rows",
    "density_text",
    "example_figures",
    "note",
    "summarise_density",
]

GAUSSIAN = "full-covariance Gaussian"
MISSING = "-"  # what stands in place of a figure
TOLD = 5  # examples that are named


class Shown(NamedTuple):
    """How a negative log-likelihood is shown.

    Attributes:
        figure: What it is called then.
        sign: 1, or -1 where the likelihood itself is shown.
        heading: Of its column.
    """

    figure: str
    sign: int
    heading: str


# By the name of the mean negative log-likelihood, see `Likelihood.figure`.
SHOWN = {
    "nll": Shown("log_likelihood", -1, "log-likelihood in nats ↑"),
    "nll_bound": Shown("log_likelihood_bound", -1, "lower bound of the log-likelihood in nats ↑"),
    "bits_per_dim": Shown("bits_per_dim", 1, "bits/dim ↓"),
    "bits_per_dim_bound": Shown("bits_per_dim_bound", 1, "upper bound of bits/dim ↓"),
}


@dataclass(frozen=True)
class Line:
    """A figure of the test set.

    Attributes:
        name: Of what was measured: a checkpoint, or the Gaussian.
        value: Mean over the test set; None if it is infinite or no number.
        standard_error: Of that mean over test sets of this size: it knows nothing of other seeds. None without a mean,
            or of a single value.
        step: Of the checkpoint.
    """

    name: str
    value: float | None
    standard_error: float | None
    step: int | None = None

    @classmethod
    def of(cls, name: str, values: Tensor, step: int | None = None) -> Self:
        """Returns the line of values, shape (N,)."""
        error = float(values.std() / math.sqrt(len(values))) if len(values) > 1 else math.nan
        return cls(name, _finite(float(values.mean())), _finite(error), step)


def example_figures(
    models: Mapping[str, tuple[int, Likelihood]], train: Examples, test: Examples, samples: int
) -> dict[str, Tensor]:
    """Measures checkpoints of one run on clean test data, example by example.

    Args:
        models: By what they are called: step and model, in eval mode, on the CPU.
        train: What they were trained on, to which the Gaussian of a table is fitted.
        test: What they are measured on.
        samples: Latent variables of a bound for each of these.

    Returns:
        Their figure of each example, by what they and the Gaussian are called: shape (N,), float64, on the CPU.
    """
    loader = Loader(test, torch.device("cpu"), workers=0)
    batches = torch.arange(len(test)).split(256)
    figures = {}
    with torch.inference_mode():
        for label, (_, model) in models.items():
            sign = SHOWN[model.figure].sign
            figures[label] = sign * negative_log_likelihoods(model, (x for x, _ in loader(batches)), samples)
    if isinstance(train.domain, Columns):
        gaussian = gaussian_nll(train.inputs[:], test.inputs[:])
        if gaussian is not None:
            figures[GAUSSIAN] = -gaussian
    return figures


def summarise_density(
    run: str,
    name: str,
    models: Mapping[str, tuple[int, Likelihood]],
    figures: Mapping[str, Tensor],
    train: Examples,
    test: Examples,
    samples: int,
) -> dict[str, Any]:
    """Summarises what was measured of one run.

    Args:
        run: Its name.
        name: Of the model.
        models: See `example_figures`, like the last three.
        figures: What that returned.
        train: What the models were trained on.
        test: What they were measured on.
        samples: Of a bound.

    Returns:
        Plain values: what was measured how, `lines`, a `Line` each, and `remarks`, sentences on what is missing there.
    """
    model = next(iter(models.values()))[1]
    steps = {label: step for label, (step, _) in models.items()}
    return {
        "run": run,
        "model": name,
        "dataset": test.name,
        "data": fingerprint_images(test) if isinstance(test, ImageSet) else fingerprint([test.inputs[:]]),
        "figure": SHOWN[model.figure].figure,
        "nll_name": model.figure,
        "samples": None if model.density.exact else samples,
        "unit": test.unit,
        "n_train": len(train),
        "n_test": len(test),
        "lines": [asdict(Line.of(label, values, steps.get(label))) for label, values in figures.items()],
        "remarks": [*_without_gaussian(figures, train), *_without_mean(figures, test.unit)],
    }


def _without_gaussian(figures: Mapping[str, Tensor], train: Examples) -> Iterator[str]:
    if isinstance(train.domain, Columns) and GAUSSIAN not in figures:
        yield (
            f"No {GAUSSIAN} beside it: the covariance of {len(train.domain.names)} columns in {len(train)} training"
            " rows is singular, as rows are too few or columns follow from others."
        )


def _without_mean(figures: Mapping[str, Tensor], unit: str) -> Iterator[str]:
    for label, values in figures.items():
        places = [str(place + 1) for place in (~values.isfinite()).nonzero().flatten().tolist()]
        if places:
            named = ", ".join(places[:TOLD]) + ", ..." * (len(places) > TOLD)
            yield (
                f"{label}: no mean, as the log-likelihood of {len(places)} of the {len(values)} test {unit} is not"
                f" finite: number {named}, counted from 1."
            )


def density_lines(summary: dict[str, Any]) -> str:
    """Returns the figures of a summary, a line each, and its remarks."""
    lines = [f"{line['name']} {_shown(line['value'])} ± {_shown(line['standard_error'])}" for line in summary["lines"]]
    text = [f"{summary['run']}: test {summary['figure'].replace('_', ' ')}: {'; '.join(lines)}"]
    for heading, _, table in distance_sections(summary):
        text.append(f"{heading}: {'; '.join(f'{name} {value}' for name, value, *_ in table.rows)}")
    return "\n".join([*text, *summary["remarks"]])


def density_rows(summary: dict[str, Any]) -> TextTable:
    """Returns the table of a summary."""
    header = ["", SHOWN[summary["nll_name"]].heading, "± standard error", "step"]
    rows = [
        [
            line["name"],
            _shown(line["value"]),
            _shown(line["standard_error"]),
            "" if line["step"] is None else f"{line['step']:,}",
        ]
        for line in summary["lines"]
    ]
    return TextTable(header, rows)


def note(summary: dict[str, Any]) -> str:
    """Says in a few lines what was measured and how to read it."""
    parts = [f"{summary['n_test']:,} clean test {summary['unit']}, {summary['n_train']:,} for the training."]
    if summary["samples"]:
        parts.append(f"The bound has {summary['samples']} latent variables for each of them: more would tighten it.")
    if summary["figure"].startswith("log_likelihood"):
        parts.append("Rows are standardised with the statistics of the training part; other units shift all figures.")
    else:
        parts.append("Of images with 256 grey levels, dequantised uniformly.")
    parts.append("The standard error is that of the mean over test data, not over seeds.")
    return " ".join([*parts, *summary["remarks"]])


def density_text(summary: dict[str, Any]) -> str:
    """Returns a summary as a Markdown document."""
    parts = [
        f"# {summary['run']}: {summary['model']} on {summary['dataset']}",
        markdown_table(density_rows(summary)),
        note(summary),
    ]
    for heading, said, table in distance_sections(summary):
        parts += [f"## {heading}", markdown_table(table), said]
    return "\n\n".join(parts) + "\n"


def _finite(figure: float) -> float | None:
    """What JSON can hold of it."""
    return figure if math.isfinite(figure) else None


def _shown(figure: float | None) -> str:
    return MISSING if figure is None else f"{figure:.3f}"
