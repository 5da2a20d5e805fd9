"""Training: `settings` says what it can be told, `trainer` starts it, `loop` runs it, `optim` changes the weights."""

from robustmoll.training.optim import OptimizerArgs, SchedulerArgs
from robustmoll.training.trainer import Trainer

__all__ = ["OptimizerArgs", "SchedulerArgs", "Trainer"]
