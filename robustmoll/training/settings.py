"""What a training can be told."""

from collections.abc import Iterable
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar

from robustmoll.data.examples import DataSource
from robustmoll.storage.run_folder import Resume
from robustmoll.tasks import Task
from robustmoll.training.optim import OptimizerArgs, SchedulerArgs

__all__ = ["Settings", "TaskT"]

TaskT = TypeVar("TaskT", bound=Task[Any, Any, Any])


class Settings(Generic[TaskT]):
    """A task to be trained on a data set, into a run folder.

    Args:
        data: The data set.
        task: What a step computes.
        run: Folder of the run: checkpoints, metrics, benchmark, report.
        epochs: Number of passes over the training data.
        batch_size: Images or rows a step, over all processes together. A last incomplete batch is left out.
        accumulate: In how many parts a process takes its share of a batch, one after the other, to save memory. The
            gradient is that of the whole batch, but batch normalisation sees the parts.
        seed: Of the weights, the order of the data, and all draws.
        optimizer: How weights are updated.
        scheduler: How the learning rate changes.
        validation: Share of the training data that is held out, [0, 1); the same in every run. The epoch of least error
            (of a likelihood model: least negative log-likelihood) on these is kept as checkpoints/best. With 0, all
            train, the test set is looked at after every epoch, and the last epoch counts.
        start_from: Folder of a checkpoint whose weights the training starts from; a last layer for another number of
            classes starts afresh.
        freeze: Modules of the network whose weights and statistics stay as they are, by name ("stem", "stages.0").
        workers: Processes that decode images, for data that are not kept in memory.
        ema: Decay of the weights' moving average, in [0, 1); the average is what is evaluated. None for none.
        swa: Share of the steps, (0, 1], the last ones, whose weights' plain average is evaluated.
            None for none; not together with `ema`.
        clip_grad: Greatest norm of the gradient, > 0. None for any.
        precision: "no" (float32), or autocast to "bf16", or, with a GPU, to "fp16".
        channels_last: Whether weights, and with them what convolutions give, are laid out channels last.
        compile: Whether the network is compiled by `torch.compile`.
        trackers: Loggers besides metrics.csv: "tensorboard", "wandb" (extra `tracking`).
        checkpoint_minutes: A checkpoint is written after every epoch, and within one after this many minutes.
        resume: Whether to go on with the run that is in the folder, which must have the same config; "changed" goes on
            with another one (of the same data, `validation`, `batch_size`, `freeze`, kind of average, and optimizer,
            whose rate, decay and momentum may differ), and the weights are then those of no single config.

    Raises:
        ValueError: If a number is out of its range, the run has no name, or a tracker is not installed.
    """

    def __init__(
        self,
        data: DataSource,
        task: TaskT,
        run: str,
        epochs: int = 30,
        batch_size: int = 128,
        accumulate: int = 1,
        seed: int = 0,
        optimizer: OptimizerArgs = OptimizerArgs(),  # noqa: B008 (frozen)
        scheduler: SchedulerArgs = SchedulerArgs(),  # noqa: B008 (frozen)
        validation: float = 0.0,
        start_from: str | None = None,
        freeze: list[str] | None = None,
        workers: int = 2,
        ema: float | None = None,
        swa: float | None = None,
        clip_grad: float | None = None,
        precision: Literal["no", "bf16", "fp16"] = "no",
        channels_last: bool = False,
        compile: bool = False,
        trackers: list[Literal["tensorboard", "wandb"]] | None = None,
        checkpoint_minutes: float = 10.0,
        resume: Resume = False,
    ) -> None:
        if min(epochs, batch_size, accumulate) < 1 or workers < 0:
            raise ValueError(
                "training needs epochs, batch_size and accumulate of at least 1 and workers >= 0,"
                f" got {epochs=}, {batch_size=}, {accumulate=}, {workers=}"
            )
        if not 0 <= validation < 1:
            raise ValueError(f"validation must lie in [0, 1), got {validation}")
        if ema is not None and not 0 <= ema < 1:
            raise ValueError(f"ema must lie in [0, 1), got {ema}")
        if swa is not None and (ema is not None or not 0 < swa <= 1):
            raise ValueError(f"swa must lie in (0, 1] and stand without ema, got {swa=}, {ema=}")
        if clip_grad is not None and not clip_grad > 0:
            raise ValueError(f"clip_grad must be positive, got {clip_grad}; leave it out for gradients of any norm")
        scheduler.warmup(epochs)  # refuses one that would not end
        if not str(run):
            raise ValueError("run is an empty name; name a folder, or '.' for this one")
        self.data = data
        self.task = task
        self.run = Path(run)
        self.epochs = epochs
        self.batch_size = batch_size
        self.accumulate = accumulate
        self.seed = seed
        self.optimizer = optimizer
        self.scheduler = scheduler
        self.validation = validation
        self.start_from = start_from
        self.freeze = freeze or []
        self.workers = workers
        self.ema = ema
        self.swa = swa
        self.clip_grad = clip_grad
        self.precision = precision
        self.channels_last = channels_last
        self.compile = compile
        self.trackers = trackers or []
        self.checkpoint_minutes = checkpoint_minutes
        self.resume = resume
        _check_trackers(self.trackers)

    @property
    def train_set(self) -> Any:  # noqa: ANN401 (the task's kind of examples)
        """What is trained on: the training data without those that are held out."""
        return self._split[0]

    @property
    def validation_set(self) -> Any:  # noqa: ANN401
        """What is held out of the training data; None if nothing is."""
        return self._split[1]

    @property
    def test_set(self) -> Any:  # noqa: ANN401
        """The test data."""
        return self._read[1]

    @cached_property
    def _read(self) -> tuple[Any, Any]:
        return self.data.load()

    @cached_property
    def _split(self) -> tuple[Any, Any | None]:
        train, _ = self._read
        return train.hold_out(self.validation) if self.validation else (train, None)

    def fixed(self, steps_per_epoch: int) -> dict[str, Any]:
        """What cannot change within a run, not even by `resume="changed"`, as the state of a training depends on it."""
        average = "ema" if self.ema is not None else "swa" if self.swa is not None else None
        return {
            "validation": self.validation,  # what is held out must not have been trained on
            "batch_size": self.batch_size,
            "the number of steps an epoch": steps_per_epoch,
            "freeze": sorted(self.freeze),
            **self.optimizer.fixed(),
            "the average of weights (ema, swa)": average,
        }


def _check_trackers(names: Iterable[str]) -> None:
    """Raises a ValueError if a tracker's package is not installed."""
    for name in names:
        if find_spec(name) is None:
            raise ValueError(f"tracker {name!r} is not installed; pip install 'robustmoll[tracking]'")
