"""The figures of a likelihood model on clean test data, as plain values and as text."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import torch
from torch import Tensor

from robustmoll.data.examples import Examples
from robustmoll.data.loader import Loader
from robustmoll.evaluate.densities.gaussian import gaussian_nll
from robustmoll.evaluate.tables import markdown_table
from robustmoll.tasks.likelihood import Likelihood, told_likelihoods

__all__ = ["Line", "density_line", "density_rows", "density_text", "note", "summarise_density"]

# By the name of the mean negative log-likelihood: how it is told, its sign there, and the head of the column.
TOLD = {
    "nll": ("log_likelihood", -1, "log-likelihood in nats ↑"),
    "nll_bound": ("log_likelihood_bound", -1, "lower bound of the log-likelihood in nats ↑"),
    "bits_per_dim": ("bits_per_dim", 1, "bits/dim ↓"),
    "bits_per_dim_bound": ("bits_per_dim_bound", 1, "upper bound of bits/dim ↓"),
}


@dataclass(frozen=True)
class Line:
    """A figure of the test set.

    Attributes:
        name: Of what was measured: a checkpoint, or the Gaussian.
        value: Mean over the test set.
        standard_error: Of that mean over test sets of this size: it knows nothing of other seeds.
        step: Of the checkpoint.
    """

    name: str
    value: float
    standard_error: float
    step: int | None = None

    @classmethod
    def of(cls, name: str, values: Tensor, step: int | None = None) -> Self:
        """Returns the line of values, shape (N,)."""
        error = float(values.std() / math.sqrt(len(values))) if len(values) > 1 else math.nan
        return cls(name, float(values.mean()), error, step)


def summarise_density(
    run: str,
    name: str,
    models: Mapping[str, tuple[int, Likelihood]],
    train: Examples,
    test: Examples,
    samples: int,
) -> dict[str, Any]:
    """Measures checkpoints of one run on clean test data.

    Args:
        run: Its name.
        name: Of the model.
        models: By what they are called: step and model, in eval mode, on the CPU.
        train: What they were trained on, to which the Gaussian of a table is fitted.
        test: What they are measured on.
        samples: Latent variables of a bound for each of these.

    Returns:
        Plain values: what was measured how, and `lines`, a `Line` each.
    """
    model = next(iter(models.values()))[1]
    figure, sign, _ = TOLD[model.figure]
    loader = Loader(test, torch.device("cpu"), workers=0)
    batches = torch.arange(len(test)).split(256)
    lines = []
    with torch.inference_mode():
        for label, (step, one) in models.items():
            told = told_likelihoods(one, (x for x, _ in loader(batches)), samples)
            lines.append(Line.of(label, sign * told, step))
    if isinstance(train.inputs, Tensor) and not train.domain.discrete:
        gaussian = gaussian_nll(train.inputs, test.inputs[:])
        if gaussian is not None:
            lines.append(Line.of("full-covariance Gaussian", -gaussian))
    return {
        "run": run,
        "model": name,
        "dataset": test.name,
        "figure": figure,
        "told": model.figure,
        "samples": None if model.density.exact else samples,
        "unit": test.unit,
        "n_train": len(train),
        "n_test": len(test),
        "lines": [asdict(line) for line in lines],
    }


def density_line(summary: dict[str, Any]) -> str:
    """Returns the figures of a summary in one line."""
    figures = [f"{line['name']} {line['value']:.3f} ± {line['standard_error']:.3f}" for line in summary["lines"]]
    return f"{summary['run']}: test {summary['figure'].replace('_', ' ')}: {'; '.join(figures)}"


def density_rows(summary: dict[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Returns header and rows of the table of a summary."""
    header = ["", TOLD[summary["told"]][2], "± standard error", "step"]
    rows = [
        [
            line["name"],
            f"{line['value']:.3f}",
            f"{line['standard_error']:.3f}",
            "" if line["step"] is None else f"{line['step']:,}",
        ]
        for line in summary["lines"]
    ]
    return header, rows


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
    return " ".join(parts)


def density_text(summary: dict[str, Any]) -> str:
    """Returns a summary as a Markdown document."""
    table = markdown_table(*density_rows(summary))
    return f"# {summary['run']}: {summary['model']} on {summary['dataset']}\n\n{table}\n\n{note(summary)}\n"
