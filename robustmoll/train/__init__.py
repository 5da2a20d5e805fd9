"""Training: `trainer` holds what it can be told, `loop` is what it does, `optim` how weights are updated.

The package is a function too, `rm.train(config)`, see `robustmoll.api.train`.
"""

import sys
from types import ModuleType
from typing import Any

from robustmoll.train.optim import OptimizerArgs, SchedulerArgs
from robustmoll.train.trainer import Trainer

__all__ = ["OptimizerArgs", "SchedulerArgs", "Trainer"]


class _Package(ModuleType):
    """A package that is called as the function of its name in `robustmoll.api`."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        from robustmoll.api import train  # above this package

        return train(*args, **kwargs)


sys.modules[__name__].__class__ = _Package
