"""A finished training, as its folder tells: the model, and what was found when it was measured."""

from functools import cached_property
from pathlib import Path
from typing import Any

from robustmoll.evaluate.classifiers.cells import Cell
from robustmoll.evaluate.classifiers.results import Results
from robustmoll.storage import checkpoint
from robustmoll.storage.files import read_object
from robustmoll.storage.run_folder import RunFolder
from robustmoll.tasks import Classifier, Likelihood, load_classifier, load_likelihood

__all__ = ["Run"]


class Run:
    """A training that has ended, as its folder tells.

    Args:
        folder: A folder that `robustmoll train` or `rm.train` wrote.

    Raises:
        ValueError: If it is none.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        if not RunFolder(self.folder).checkpoints.is_dir():
            raise ValueError(f"{folder} is no run, or has no checkpoint yet; give the folder that training wrote")

    @cached_property
    def saved(self) -> checkpoint.Checkpoint:
        """The checkpoint that the training ended in."""
        return checkpoint.load_final(RunFolder(self.folder).checkpoints)

    @cached_property
    def classifier(self) -> Classifier:
        """Images in [0, 1], or uint8, to logits; on the CPU, in eval mode."""
        if "label_names" not in self.saved.config:
            raise ValueError(f"{self.folder} is no classifier, but a {self.saved.config.get('architecture', 'model')}")
        return load_classifier(self.saved.config, self.saved.weights).eval()

    @cached_property
    def likelihood(self) -> Likelihood:
        """Standardised rows, or uint8 images, to negative log-likelihoods, and `sample` to draw; CPU, in eval mode."""
        return load_likelihood(self.saved.config, self.saved.weights).eval()

    @property
    def results(self) -> Results:
        """Its benchmark under generated corruptions."""
        return Results(RunFolder(self.folder).bench())

    @property
    def cells(self) -> list[Cell]:
        """The finished cells of its benchmark."""
        return self.results.cells()

    @property
    def summary(self) -> dict[str, Any]:
        """What was measured, as it was written: see `robustmoll.evaluate.summarise` for a classifier, and for a
        likelihood model `robustmoll.evaluate.densities.DensitySummary`.

        Raises:
            ValueError: If nothing was measured yet, or the file is damaged.
        """
        for path in (self.results.summary, RunFolder(self.folder).density_summary):
            if path.exists():
                return read_object(path)
        raise ValueError(f"{self.folder} was not measured yet; do it with `robustmoll bench {self.folder}`")

    def __repr__(self) -> str:
        return f"Run({str(self.folder)!r})"
