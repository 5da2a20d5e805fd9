"""Optimizers and learning-rate schedules: timm's, by name."""

import math
from dataclasses import dataclass, field
from typing import Any

import timm.optim
from timm.scheduler import create_scheduler_v2
from timm.scheduler.scheduler import Scheduler
from torch import nn
from torch.optim import Optimizer

from robustmoll.checks import known_name

__all__ = ["OptimizerArgs", "SchedulerArgs", "restore_optimizer"]

SCHEDULERS = ("constant", "cosine", "multistep", "poly", "step", "tanh")
OWN = ("weight_decay", "momentum")  # what an optimizer does not take over from another


@dataclass(frozen=True)
class OptimizerArgs:
    """How weights are updated.

    Args:
        name: "momentum" (SGD), "sgd" (with Nesterov's momentum), or any other of timm's optimizers but those of second
            order.
        lr: Learning rate at its height, > 0.
        weight_decay: Decay of the weights, >= 0; biases and normalisation layers are left out.
        momentum: For the optimizers that have it, in [0, 1).
        args: Further arguments of that optimizer.

    Raises:
        ValueError: If timm has no such optimizer, it needs second derivatives, or a number is out of its range.
    """

    name: str = "sgd"
    lr: float = 0.05
    weight_decay: float = 5e-4
    momentum: float = 0.9
    args: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        known_name("optimizer", self.name, map(str, timm.optim.list_optimizers()))
        if timm.optim.get_optimizer_info(self.name).second_order:
            raise ValueError(f"optimizer {self.name!r} takes second derivatives, a training has none; choose another")
        if not (0 < self.lr < math.inf and 0 <= self.weight_decay < math.inf and 0 <= self.momentum < 1):
            raise ValueError(
                f"an optimizer needs a finite lr > 0, weight_decay >= 0 and momentum in [0, 1), got {self}"
            )

    def build(self, network: nn.Module) -> Optimizer:
        """Returns the optimizer of the network's weights.

        Raises:
            ValueError: If it does not take these arguments, or needs what is not there.
        """
        try:
            return timm.optim.create_optimizer_v2(
                network,
                opt=self.name,
                lr=self.lr,
                weight_decay=self.weight_decay,
                momentum=self.momentum,
                **self.args,
            )
        except (AssertionError, ImportError) as error:  # it is of a library or for a device that is not there
            raise ValueError(
                f"optimizer {self.name!r} cannot be had on this machine: {error}; choose another"
            ) from error
        except (TypeError, ValueError) as error:
            raise ValueError(f"optimizer {self.name!r} does not take these arguments: {error}") from error

    def fixed(self) -> dict[str, Any]:
        """What cannot change within a run: what is kept for each weight, and the groups of weights, depend on it."""
        return {
            "optimizer.name": self.name,
            "optimizer.args": self.args,
            "whether optimizer.weight_decay is 0": self.weight_decay == 0,
        }


def restore_optimizer(optimizer: Optimizer, state: dict[str, Any]) -> None:
    """Gives an optimizer, in place, the state of another; its own decay and momentum stay."""
    own = [{name: group[name] for name in OWN if name in group} for group in optimizer.param_groups]
    optimizer.load_state_dict(state)
    for group, values in zip(optimizer.param_groups, own, strict=True):
        group.update(values)


@dataclass(frozen=True)
class SchedulerArgs:
    """How the learning rate changes, update by update.

    Args:
        name: "cosine" (to zero), "constant", or another of timm's: "multistep", "poly", "step", "tanh".
        warmup_epochs: Epochs of linear growth at the start, fewer than all; None takes 1, or 0 if there is but one.
        args: Further arguments of `timm.scheduler.create_scheduler_v2`, such as `decay_milestones`.

    Raises:
        ValueError: If there is no such schedule.
    """

    name: str = "cosine"
    warmup_epochs: int | None = None
    args: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        known_name("scheduler", self.name, SCHEDULERS)

    def warmup(self, epochs: int) -> int:
        """Returns the epochs of linear growth in a training of so many.

        Raises:
            ValueError: If the warmup would not end.
        """
        warmup_epochs = min(1, epochs - 1) if self.warmup_epochs is None else self.warmup_epochs
        if not 0 <= warmup_epochs < epochs:
            raise ValueError(
                f"scheduler.warmup_epochs must be 0 or more and fewer than the {epochs} epoch(s), or the warmup"
                f" never ends, got {warmup_epochs}; choose 0, or more epochs"
            )
        return warmup_epochs

    def build(self, optimizer: Optimizer, epochs: int, steps_per_epoch: int) -> Scheduler:
        """Returns a schedule that is told the number of updates so far, and depends on nothing else.

        Raises:
            ValueError: If it does not take these arguments, or the warmup would not end.
        """
        constant = {"decay_epochs": 1, "decay_rate": 1.0}  # in steps of nothing: timm has no constant schedule
        name, args = ("step", constant | self.args) if self.name == "constant" else (self.name, self.args)
        try:
            scheduler, _ = create_scheduler_v2(
                optimizer,
                sched=name,
                num_epochs=epochs,
                warmup_epochs=self.warmup(epochs),
                warmup_lr=0.0,
                step_on_epochs=False,
                updates_per_epoch=steps_per_epoch,
                **args,
            )
        except TypeError as error:
            raise ValueError(f"scheduler {self.name!r} does not take these arguments: {error}") from error
        return scheduler
