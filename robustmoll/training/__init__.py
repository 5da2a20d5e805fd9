"""Training: `trainer` holds what it can be told, `loop` is what it does, `optim` how weights are updated."""

from robustmoll.training.optim import OptimizerArgs, SchedulerArgs
from robustmoll.training.trainer import Trainer

__all__ = ["OptimizerArgs", "SchedulerArgs", "Trainer"]
