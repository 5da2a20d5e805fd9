"""The figure of each test example: its likelihood under checkpoints of a run, and under a Gaussian."""

from collections.abc import Mapping

import torch
from torch import Tensor

from robustmoll.data.examples import Examples
from robustmoll.data.loader import Loader
from robustmoll.data.tables import Columns
from robustmoll.evaluate.densities.gaussian import GAUSSIAN, gaussian_nll
from robustmoll.evaluate.densities.summary import SHOWN
from robustmoll.tasks.likelihood import Likelihood, negative_log_likelihoods

__all__ = ["example_figures"]


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
        Their figure of each example, see `SHOWN`, by what they and the Gaussian are called: shape (N,), float64, on the
        CPU.
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
