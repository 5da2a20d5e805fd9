r"""Anneal: data that begin as smooth as noise and end as they are, for likelihood models.

All data of a step share one t (or have their own around it), which falls from 1 to 0 while training goes on::

    anneal = Anneal(steps=30_000)
    for step, x in enumerate(batches):         # images or table rows
        loss = -flow().log_prob(anneal(x, step)).mean()

t is a function of the step, so there is no state to save: a resumed training goes on at its step.
"""

import copy
import math
from typing import Self

import torch
from torch import Generator, Tensor, nn

from robustmoll.checks import known_name
from robustmoll.degradations import Degradation, HeatBlur, Noise
from robustmoll.schedules import BlurSchedule, NoiseSchedule, SigmoidNoise
from robustmoll.times import Annealed

__all__ = ["Anneal"]


class Anneal(nn.Module):
    r"""Degrades all data by a t that falls from 1 to 0 over training; afterwards returns what it is given.

    Tran et al. (NeurIPS 2023): a likelihood model first meets data as smooth as noise and ends on the data itself.

    Args:
        steps: Number of steps of the training, at least 1. None takes those of the `Trainer`; a loop of your own must
            tell them.
        schedule: From t to strength; None takes `SigmoidNoise(0, 3, 0.7)` for noise and `LogBlur()` for blur.
        degradation: "noise" (images or table rows), "blur" (images), or a degradation with a schedule of its own.
        fraction: Share of the steps that are mollified, in [0, 1]; with 1, t reaches 0 just behind the last step,
            and with 0 all data stay as they are.
        spread: 0 for one t a step; else each of x has its own, uniform within this distance of the step's and in
            [0, 1].
        shape: Exponent of :math:`t = (1 - \mathrm{step} / (\mathrm{fraction} \cdot \mathrm{steps}))^{shape}`.

    Raises:
        ValueError: If the schedule does not belong to the degradation, or a number is out of its range.

    Example:
        >>> import torch
        >>> x = torch.randn(4, 2)
        >>> anneal = Anneal(steps=10, fraction=0.5)
        >>> torch.equal(anneal(x, step=0), x), torch.equal(anneal(x, step=5), x)
        (False, True)
    """

    def __init__(
        self,
        steps: int | None = None,
        schedule: NoiseSchedule | BlurSchedule | None = None,
        degradation: Degradation | str = "noise",
        fraction: float = 1.0,
        spread: float = 0.0,
        shape: float = 1.0,
    ) -> None:
        super().__init__()
        if not (steps is None or 1 <= steps < math.inf) or not 0 <= fraction <= 1:
            raise ValueError(f"Anneal needs finite steps >= 1 and fraction in [0, 1], got {steps=}, {fraction=}")
        self.steps, self.fraction = steps, fraction
        self.time = Annealed(max(1, round(fraction * (steps or 1))), shape, spread)
        self.degradation = _degradation(degradation, schedule)

    def for_length(self, epochs: int, steps_per_epoch: int) -> Self:
        """Returns the same annealing for a training of that length; `steps`, if they were given, stay.

        Raises:
            ValueError: If the mollified steps are less than an epoch, or more than there are: the training would end on
                mollified data.
        """
        steps = epochs * steps_per_epoch if self.steps is None else self.steps
        mollified, least = round(self.fraction * steps), steps_per_epoch if self.fraction else 0
        if not least <= mollified <= epochs * steps_per_epoch:
            raise ValueError(
                f"anneal would mollify {mollified} steps; choose fraction or steps so that they are at least an epoch"
                f" ({steps_per_epoch} steps) and at most the training ({epochs * steps_per_epoch})"
            )
        bound = copy.copy(self)
        bound.steps, bound.time = steps, Annealed(max(1, mollified), self.time.shape, self.time.spread)
        return bound

    def at(self, step: int) -> float:
        """Returns the step's t.

        Raises:
            ValueError: If the step is negative, or nobody has told the number of steps.
        """
        if self.steps is None:
            raise ValueError("Anneal does not know how long the training is; give it the number: Anneal(steps=...)")
        return self.time.at(step) if self.fraction else 0.0

    def times(
        self, n: int, step: int, generator: Generator | None = None, device: torch.device | None = None
    ) -> Tensor:
        """Returns the t of each of n data at a step, shape (n,).

        Args:
            n: Number of data.
            step: Training step, counted from 0.
            generator: On the device; None takes PyTorch's own. It is asked only if the times spread.
            device: Of the result; None for the CPU.

        Raises:
            ValueError: As for `at`.
        """
        device = device or torch.device("cpu")
        if self.at(step) == 0:
            return torch.zeros(n, device=device)
        return self.time.sample_on(device, n, generator, step)

    def forward(self, x: Tensor, step: int, generator: Generator | None = None) -> Tensor:
        """Returns the data at this step's t.

        Args:
            x: Float images, shape (B, C, H, W), or table rows, shape (B, D).
            step: Training step, counted from 0.
            generator: Source of noise, on the device of x; None takes PyTorch's own.

        Raises:
            ValueError: If x is no data of that kind, the step is negative, or nobody has told the number of steps.
        """
        if self.at(step) == 0:
            return x
        return self.degradation(x, self.times(len(x), step, generator, x.device), generator)

    def extra_repr(self) -> str:
        return f"steps={self.steps}, fraction={self.fraction}, spread={self.time.spread}, shape={self.time.shape}"


def _degradation(degradation: Degradation | str, schedule: NoiseSchedule | BlurSchedule | None) -> Degradation:
    if isinstance(degradation, Degradation):
        if schedule is not None:
            raise ValueError("give Anneal either a schedule or a degradation that has its own, not both")
        return degradation
    name = known_name("degradation", degradation, ("noise", "blur"))
    if name == "noise" and (schedule is None or isinstance(schedule, NoiseSchedule)):
        return Noise(schedule or SigmoidNoise())
    if name == "blur" and (schedule is None or isinstance(schedule, BlurSchedule)):
        return HeatBlur(schedule)
    if isinstance(schedule, type):
        raise ValueError(f"the schedule must be an object, got the class; say {schedule.__name__}()")
    raise ValueError(f"{type(schedule).__name__} is no schedule for {name}")
