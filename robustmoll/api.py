"""The command line's trainings from Python: the same configs, the same weights, the same files."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from accelerate import PartialState

from robustmoll import checkpoint
from robustmoll.checks import Mistake
from robustmoll.cli.bench import SUITE
from robustmoll.cli.train import train_and_bench
from robustmoll.config import training_parser
from robustmoll.config_files import Source
from robustmoll.evaluate.cells import Cell
from robustmoll.evaluate.results import Results
from robustmoll.evaluate.summary import summarise
from robustmoll.tasks import Classifier, load_classifier

__all__ = ["Run", "train"]


class Run:
    """A training that has ended, as its folder tells.

    Args:
        folder: That `robustmoll train` or `train` wrote.

    Raises:
        ValueError: If it is none.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        if not (self.folder / "checkpoints").is_dir():
            raise ValueError(f"{folder} is no run, or has no checkpoint yet; give the folder that training wrote")

    @cached_property
    def saved(self) -> checkpoint.Checkpoint:
        """The checkpoint that the training ended in."""
        return checkpoint.load_final(self.folder / "checkpoints")[0]

    @cached_property
    def classifier(self) -> Classifier:
        """Images in [0, 1], or uint8, to logits; on the CPU, in eval mode."""
        return load_classifier(self.saved.config, self.saved.weights).eval()

    @property
    def cells(self) -> list[Cell]:
        """The finished cells of its benchmark."""
        return Results(self.folder / "bench" / SUITE).cells()

    @property
    def summary(self) -> dict[str, Any]:
        """Their means, see `robustmoll.evaluate.summary.summarise`."""
        return summarise(self.cells)

    def __repr__(self) -> str:
        return f"Run({str(self.folder)!r})"


def train(config: Source | Sequence[Source] = (), **overrides: Any) -> Run:  # noqa: ANN401
    """Trains, benchmarks and reports, as `robustmoll train` does.

    Args:
        config: YAML file, keys and values, or several of these, of which later ones override earlier ones.
        **overrides: Keys over those of the configs, groups as dicts: `epochs=3, optimizer={"lr": 0.1}`.

    Returns:
        The run. The same config gives the same weights, bit for bit, as on the command line.

    Raises:
        ValueError: For what the command line refuses, with the same line.
        FloatingPointError: If a loss is not finite.
        KeyboardInterrupt: After Ctrl-C; with `resume=True` the same call goes on.
    """
    sources = [config] if isinstance(config, str | Path | Mapping) else list(config)
    parser = training_parser()
    try:
        chosen = parser.parse_configs([*sources, overrides])
    except Mistake as mistake:
        raise ValueError(mistake.line) from None
    train_and_bench(parser, chosen)
    PartialState().wait_for_everyone()  # the first process writes the benchmark
    return Run(chosen.run)
