"""Training: `trainer` holds what it can be told, `loop` is what it does, `optim` how weights are updated."""

from robustmoll.train.optim import OptimizerArgs, SchedulerArgs
from robustmoll.train.trainer import Trainer

__all__ = ["OptimizerArgs", "SchedulerArgs", "Trainer"]
