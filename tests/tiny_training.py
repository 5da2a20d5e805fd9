"""Trainings of a moment that can be stopped anywhere, and what they leave."""

import csv
import math
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from robustmoll import Mollify
from robustmoll.storage import checkpoint
from robustmoll.tasks import Classifier, Classify, ClassifyDraw, ModelArgs
from robustmoll.training import OptimizerArgs, SchedulerArgs, Trainer
from tests.tiny_data import FewDigits

NET = ModelArgs("digits_cnn")


class Stop(Exception):
    """Stands for whatever ends a process."""


class StoppingClassify(Classify):
    """Ends the training when it comes to a step."""

    stop_at = math.inf
    step = 0

    def draw(self, n: int, size: tuple[int, int], generator: torch.Generator, step: int) -> ClassifyDraw:
        self.step = step
        return super().draw(n, size, generator, step)

    def losses(self, classifier: Classifier, network: nn.Module, x: Tensor, y: Tensor) -> Tensor:
        if self.step >= self.stop_at:
            raise Stop
        return super().losses(classifier, network, x, y)


def trainer(run: Path, stop_at: float = math.inf, task: Classify | None = None, **kwargs: Any) -> Trainer:  # noqa: ANN401
    task = task or StoppingClassify(NET, Mollify(10))
    if isinstance(task, StoppingClassify):
        task.stop_at = stop_at
    return Trainer(FewDigits(), task, str(run), **{"epochs": 3, "batch_size": 32, "checkpoint_minutes": 0.0} | kwargs)


def weights(run: Path) -> dict[str, Tensor]:
    return checkpoint.load(run / "checkpoints" / "last").weights


def rows(run: Path) -> list[dict[str, str]]:
    with (run / "metrics.csv").open() as file:
        return list(csv.DictReader(file))


def assert_equal_runs(one: Path, other: Path) -> None:
    a, b = weights(one), weights(other)
    assert a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)
    timeless = [[{k: v for k, v in row.items() if k != "images_per_s"} for row in rows(run)] for run in (one, other)]
    assert timeless[0] == timeless[1]


VARIANTS: dict[str, dict[str, Any]] = {
    "plain": {},
    "ema and clipping": {"ema": 0.9, "clip_grad": 1.0},
    "swa": {"swa": 0.6},
    "adamw and steps": {
        "optimizer": OptimizerArgs("adamw", lr=1e-3),
        "scheduler": SchedulerArgs("step", args={"decay_epochs": 1}),
    },
    "bf16, channels last": {"precision": "bf16", "channels_last": True},
    "held-out images, parts of batches": {"validation": 0.25, "accumulate": 2, "ema": 0.5, "epochs": 4},
}
