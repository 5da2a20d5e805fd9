"""The summary of a likelihood model on clean test data: what was measured how, as records that JSON can hold."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

from torch import Tensor

from robustmoll.data.examples import Examples
from robustmoll.data.image_set import ImageSet
from robustmoll.data.tables import Columns
from robustmoll.evaluate.densities.frechet import FrechetRecord
from robustmoll.evaluate.densities.gaussian import GAUSSIAN
from robustmoll.evaluate.fingerprint import fingerprint, fingerprint_images
from robustmoll.tasks.likelihood import Likelihood

__all__ = ["DISTANCES", "SHOWN", "DensitySummary", "Distance", "Line", "shared_distances", "summarise_density"]

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

# What a distance is called, by its metric. Their values have nothing to do with each other.
DISTANCES = {"classifier_frechet_distance": "Fréchet distance (classifier features)", "fid": "FID"}


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


@dataclass(frozen=True)
class Distance(FrechetRecord):
    """How far a checkpoint's images are from test images.

    Attributes:
        name: Of the checkpoint.
        step: Of the checkpoint.
        precision: See `PrecisionRecall`, like recall.
        recall: In the same features.
        seed: Of the generated images.
    """

    name: str
    step: int
    precision: float
    recall: float
    seed: int

    def setting(self) -> tuple[str, str, int, int, int]:
        """Returns what must be the same for two distances to compare."""
        return self.sha256, self.resize, self.real, self.generated, self.seed


@dataclass(frozen=True)
class DensitySummary:
    """What was measured of a run.

    Attributes:
        run: Its name.
        model: Name of the model.
        dataset: Name of the data.
        data: Fingerprint of the test data, as the model sees them.
        figure: What is told of them, see `SHOWN`.
        nll_name: Of the mean negative log-likelihood behind it.
        samples: Latent variables of a bound, None of an exact likelihood.
        unit: What an example is: rows, images.
        n_train: Number of training examples.
        n_test: Number of test examples.
        lines: The figures; the first one is of the checkpoint that counts.
        distances: Of generated images, in the same order of checkpoints.
        remarks: Sentences on what is missing.
    """

    run: str
    model: str
    dataset: str
    data: str
    figure: str
    nll_name: str
    samples: int | None
    unit: str
    n_train: int
    n_test: int
    lines: list[Line]
    distances: list[Distance]
    remarks: list[str]

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> Self:
        """Returns the summary of what `dataclasses.asdict` made of it; a KeyError or TypeError if it did not."""
        records = {
            "lines": [Line(**line) for line in fields["lines"]],
            "distances": [Distance(**distance) for distance in fields["distances"]],
        }
        return cls(**{**fields, **records})

    @property
    def chosen(self) -> Line:
        """The figure of the checkpoint that counts."""
        return self.lines[0]

    @property
    def heading(self) -> str:
        """Of a column of its figures."""
        return SHOWN[self.nll_name].heading

    def distance(self, metric: str, name: str | None = None) -> Distance | None:
        """Returns the distance of a checkpoint, without a name of the one that counts; None if it was not measured."""
        found = (one for one in self.distances if one.metric == metric and name in (None, one.name))
        return next(found, None)


def summarise_density(
    run: str,
    name: str,
    models: Mapping[str, tuple[int, Likelihood]],
    figures: Mapping[str, Tensor],
    distances: list[Distance],
    train: Examples,
    test: Examples,
    samples: int,
) -> DensitySummary:
    """Summarises what was measured of one run.

    Args:
        run: Its name.
        name: Of the model.
        models: By what they are called: step and model.
        figures: See `example_figures`.
        distances: See `measure_distances`.
        train: What the models were trained on.
        test: What they were measured on.
        samples: Of a bound.
    """
    model = next(iter(models.values()))[1]
    steps = {label: step for label, (step, _) in models.items()}
    return DensitySummary(
        run=run,
        model=name,
        dataset=test.name,
        data=fingerprint_images(test) if isinstance(test, ImageSet) else fingerprint([test.inputs[:]]),
        figure=SHOWN[model.figure].figure,
        nll_name=model.figure,
        samples=None if model.density.exact else samples,
        unit=test.unit,
        n_train=len(train),
        n_test=len(test),
        lines=[Line.of(label, values, steps.get(label)) for label, values in figures.items()],
        distances=distances,
        remarks=[*_without_gaussian(figures, train), *_without_mean(figures, test.unit)],
    )


def shared_distances(summaries: Sequence[DensitySummary]) -> list[str]:
    """Returns the metrics of the distances that all runs have, in the same features and of as many images."""
    shared = []
    for metric in DISTANCES:
        found = [summary.distance(metric) for summary in summaries]
        if len({one and one.setting() for one in found}) == 1 and None not in found:
            shared.append(metric)
    return shared


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


def _finite(figure: float) -> float | None:
    """What JSON can hold of it."""
    return figure if math.isfinite(figure) else None
