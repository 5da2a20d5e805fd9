"""The command line's trainings from Python: the same configs, the same weights, the same files."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import torch
from accelerate import PartialState

from robustmoll.checks import Mistake
from robustmoll.config import training_parser
from robustmoll.config.files import ConfigSource
from robustmoll.evaluate.finished import Run
from robustmoll.runs.train import train_and_measure

__all__ = ["Run", "train"]


def train(config: ConfigSource | Sequence[ConfigSource] = (), **overrides: Any) -> Run:  # noqa: ANN401
    """Trains, benchmarks and reports, as `robustmoll train` does.

    Args:
        config: YAML file, keys and values, or several of these, of which later ones override earlier ones.
        **overrides: Keys over those of the configs, groups as dicts: `epochs=3, optimizer={"lr": 0.1}`.

    Returns:
        The run, of which `classifier`, or with `task="density"` `likelihood`, is the trained model. The same config
            gives the same weights, bit for bit, as on the command line, and PyTorch's global generators, of the CPU
            and of CUDA, are afterwards as they were before.

    Raises:
        ValueError: For what the command line refuses, with the same line.
        FloatingPointError: If a loss is not finite, or a figure of held-out data no number.
        KeyboardInterrupt: After Ctrl-C; with `resume=True` the same call goes on.
    """
    sources = [config] if isinstance(config, str | Path | Mapping) else list(config)
    parser = training_parser()
    try:
        chosen = parser.parse_configs([*sources, overrides])
    except Mistake as mistake:
        raise ValueError(mistake.line) from None
    # The caller's draws are none of ours, nor is the device that he may have made the default.
    with torch.random.fork_rng(devices=range(torch.cuda.device_count())), _cpu_by_default():
        train_and_measure(parser, chosen)
    PartialState().wait_for_everyone()  # the first process writes the benchmark
    return Run(chosen.run)


def _cpu_by_default() -> AbstractContextManager[object]:
    # Only where it is needed: PyTorch then looks at every one of its functions that is called.
    return nullcontext() if torch.get_default_device().type == "cpu" else torch.device("cpu")
