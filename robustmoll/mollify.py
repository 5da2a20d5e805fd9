r"""Mollify: degrade the data by a known amount t, and tell the learner the truth about it.

`Mollify` is for classifiers, `Anneal` (told in `robustmoll.anneal`) for likelihood models. Each image of a batch gets a
*role* (clean, noise, blur, ...) and a time t; the role's degradation takes the image to t, and the label follows by the
gamma(t) that belongs to the degradation::

    mollify = Mollify(num_classes=10)
    for x, y in loader:                        # x standardised, y class indices or soft targets
        x, y = mollify(x, y)                   # the one line
        loss = F.cross_entropy(model(x), y)

Drawing is split from applying. `Mollify.draw` makes the few random numbers of a batch on the CPU: the same for every
device, and none waits for a count of roles. `Mollify.apply` is a function of the draw (`robustmoll.draw`).
"""

import math
from collections.abc import Callable, Iterable
from itertools import pairwise
from numbers import Integral
from typing import Any, Self, cast, overload

import numpy as np
import torch
from torch import Generator, Tensor, nn

from robustmoll.anneal import Anneal
from robustmoll.checks import known_name
from robustmoll.degradations import Degradation, HeatBlur, Noise, PureNoise
from robustmoll.draw import Draw
from robustmoll.labels import POLICIES, soft_targets
from robustmoll.times import Beta, Time

__all__ = ["DEFAULT_PROBABILITIES", "Anneal", "Draw", "Mollify"]

DEFAULT_PROBABILITIES: dict[str, float] = {"clean": 1, "noise": 1, "blur": 1}
"""The weights of the paper's roles."""


class Mollify(nn.Module):
    """Degrades images and their labels together (Heinonen et al., AISTATS 2025). The defaults are the paper's.

    Args:
        num_classes: Number of classes of the labels, at least 2.
        probabilities: Weight of each role, "clean" or a key of `degradations`; they are divided by their sum.
            None gives a third each to clean, noise and blur.
        time: Where t comes from; None takes `Beta(1, 2)`.
        degradations: What the roles do, in addition to or in place of "noise" (`Noise()`), "blur" (`HeatBlur()`)
            and "pure_noise" (`PureNoise()`, not used unless given a weight).
        policy: What becomes of labels: "smooth", "degrade", "sink" or "sink_smooth", see `robustmoll.labels`.
        repeats: How many independent draws each image gets; the batch grows by that factor, copies side by side.

    Attributes:
        roles: Names of the roles, "clean" first; `Draw.roles` are indices into it.
        num_outputs: How many outputs the classifier needs: `num_classes`, and one more with a sink policy.

    Raises:
        ValueError: If a name is unknown or a number out of its range.

    Example:
        >>> x, y = torch.randn(6, 3, 8, 8), torch.tensor([0, 1, 2, 3, 4, 5])
        >>> x_t, y_t = Mollify(num_classes=10)(x, y, generator=torch.Generator().manual_seed(0))
        >>> x_t.shape, y_t.shape, torch.allclose(y_t.sum(1), torch.ones(6))
        (torch.Size([6, 3, 8, 8]), torch.Size([6, 10]), True)
    """

    def __init__(
        self,
        num_classes: int,
        probabilities: dict[str, float] | None = None,
        time: Time | None = None,
        degradations: dict[str, Degradation] | None = None,
        policy: str = "smooth",
        repeats: int = 1,
    ) -> None:
        super().__init__()
        if not all(isinstance(n, Integral) and n >= least for n, least in ((num_classes, 2), (repeats, 1))):
            raise ValueError(f"Mollify needs whole num_classes >= 2 and repeats >= 1, got {num_classes=}, {repeats=}")
        if not isinstance(time, Time | None):
            raise ValueError(f"time must be a source of times, as Beta(1, 2) or Fixed(0.5), got {time!r}")
        self.num_classes = num_classes
        self.time = time or Beta(1, 2)
        self.policy = known_name("label policy", policy, POLICIES)
        self.repeats = repeats
        defaults: dict[str, Degradation] = {"noise": Noise(), "blur": HeatBlur(), "pure_noise": PureNoise()}
        self.degradations = nn.ModuleDict(_checked(defaults | (degradations or {})))
        self.roles = ("clean", *self.degradations)
        if probabilities is None:
            probabilities = DEFAULT_PROBABILITIES
        self.probabilities = _normalised(probabilities, self.roles)  # no buffer: draws are made on the CPU
        fixed = {0: 0.0} | {role: part.fixed_t for role, part in self._parts() if part.fixed_t is not None}
        self._fixed_t = {role: t for role, t in fixed.items() if self.probabilities[role] > 0}

    @property
    def num_outputs(self) -> int:
        return self.num_classes + POLICIES[self.policy].sink

    @property
    def drawn_roles(self) -> tuple[str, ...]:
        """The roles of positive probability."""
        return tuple(role for role, p in zip(self.roles, self.probabilities.tolist(), strict=True) if p > 0)

    @property
    def drawn_degradations(self) -> tuple[Degradation, ...]:
        """What these roles do to images; nothing for "clean"."""
        return tuple(degradation for role, degradation in self._parts() if self.probabilities[role] > 0)

    def draw(self, n: int, generator: Generator | None = None, step: int | None = None) -> Draw:
        """Draws roles and times.

        Args:
            n: Number of images, before `repeats`.
            generator: On the CPU; None takes PyTorch's own, which `torch.manual_seed` seeds.
            step: Training step, counted from 0; time sources that depend on it need it.

        Returns:
            A draw for n * repeats images.

        Raises:
            ValueError: If n is 0, or the time source needs the step and is not told.
        """
        if n < 1:
            raise ValueError(f"a draw is for at least 1 image, got {n}: is the batch empty?")
        n *= self.repeats
        roles = torch.multinomial(self.probabilities, n, replacement=True, generator=generator)
        t = self.time.sample(n, generator, step)
        for role, fixed_t in self._fixed_t.items():
            t = t.masked_fill(roles == role, fixed_t)
        seed = int(torch.randint(2**62, (), generator=generator, device="cpu"))
        return Draw(roles, t, seed)

    @overload
    def apply(self, x: Tensor, y: Tensor, draw: Draw) -> tuple[Tensor, Tensor]: ...
    @overload
    def apply(self, x: Callable[[nn.Module], None]) -> Self: ...
    @torch._disable_dynamo  # as `torch.compiler.disable`, which takes seconds to import: the host decides here
    def apply(self, x: Any, y: Any = None, draw: Any = None) -> Any:
        """Applies a draw; a pure function of its arguments.

        Args:
            x: Standardised float images, shape (B, C, H, W).
            y: Class indices, shape (B,), or soft targets, shape (B, num_classes).
            draw: For B * repeats images.

        Returns:
            Images, shape (B * repeats, C, H, W), and soft targets, shape (B * repeats, num_outputs), on the
            device of x. The caller's tensors are left as they are.

        Raises:
            ValueError: If images, labels and draw do not fit each other.
        """
        if callable(x):  # `nn.Module.apply`, by which a model initialises all of its parts
            return super().apply(x)
        _check_batch(x, y, len(draw.t), self.repeats)
        y = soft_targets(y, self.num_classes).to(x.device, non_blocking=True)
        if self.repeats > 1:
            copies = torch.arange(len(x), device=x.device).repeat_interleave(self.repeats)
            x, y = x[copies], y[copies]  # unlike `repeat_interleave` of x, this keeps channels last
        places = self._places(draw.roles.numpy())
        alpha = (draw.roles == 0).to(x.device, draw.t.dtype, non_blocking=True)
        gamma, parts = torch.zeros_like(alpha), []
        for role, degradation in self._parts():
            if len(places[role]):
                here = torch.from_numpy(places[role])
                t = draw.t.index_select(0, here).to(x.device, non_blocking=True)
                members = here.to(x.device, non_blocking=True)
                alpha.index_add_(0, members, degradation.alpha(t))
                gamma.index_add_(0, members, degradation.gamma(t))
                parts.append((degradation, members, t, draw.noise(places[role], x.device)))
        # Added role by role to what stays of the images, so that little memory is in use at once; on CPUs `index_add_`
        # takes less than half the time of `index_copy_`.
        x_t = x * alpha.to(x.dtype).view(-1, 1, 1, 1)
        for degradation, members, t, noise in parts:
            x_t.index_add_(0, members, degradation.rest(x, members, t, noise))
        return x_t, POLICIES[self.policy].function(y, gamma)

    @torch._disable_dynamo
    def forward(
        self, x: Tensor, y: Tensor, generator: Generator | None = None, step: int | None = None
    ) -> tuple[Tensor, Tensor]:
        """Draws and applies; arguments and results as for `draw` and `apply`."""
        return self.apply(x, y, self.draw(len(x), generator, step))

    def _places(self, roles: np.ndarray) -> list[np.ndarray]:
        """The places of the batch that each role has; on the CPU, so that nobody waits for a device's answer."""
        by_role = roles.argsort(kind="stable")
        if roles[by_role[0]] < 0 or roles[by_role[-1]] >= len(self.roles):
            raise ValueError(f"the draw has roles {roles.min()}..{roles.max()}, there are 0..{len(self.roles) - 1}")
        ends = np.bincount(roles, minlength=len(self.roles)).cumsum().tolist()
        return [by_role[start:end] for start, end in pairwise([0, *ends])]

    def _parts(self) -> Iterable[tuple[int, Degradation]]:
        """The degradations, each with the index of its role."""
        return enumerate(cast(Iterable[Degradation], self.degradations.values()), start=1)

    def extra_repr(self) -> str:
        shares = {role: round(float(p), 3) for role, p in zip(self.roles, self.probabilities, strict=True) if p}
        return f"num_classes={self.num_classes}, probabilities={shares}, policy={self.policy!r}, repeats={self.repeats}"


def _kind(value: object) -> str:
    return f"one of shape {tuple(value.shape)}" if isinstance(value, Tensor) else type(value).__name__


def _normalised(weights: dict[str, float], roles: tuple[str, ...]) -> Tensor:
    for name, weight in weights.items():
        known_name("role", name, roles)
        if not 0 <= weight < math.inf:
            raise ValueError(f"the weight of role {name!r} must be finite and not negative, got {weight}")
    probabilities = torch.tensor([float(weights.get(role, 0)) for role in roles], device="cpu")
    if not probabilities.sum() > 0:
        raise ValueError(f"at least one role needs a positive weight, got {weights}")
    return probabilities / probabilities.sum()


def _checked(degradations: dict[str, Degradation]) -> dict[str, Degradation]:
    for role, degradation in degradations.items():
        if role == "clean":
            raise ValueError("the role 'clean' leaves images as they are; give the degradation another name")
        if hasattr(nn.ModuleDict, role) or "." in role or not role:
            raise ValueError(f"PyTorch keeps the name {role!r} for itself; give the degradation another one")
        if not isinstance(degradation, Degradation):
            raise ValueError(f"the role {role!r} needs a degradation, as Noise() or HeatBlur(), got {degradation!r}")
    return degradations


def _check_batch(x: Tensor, y: Tensor, drawn: int, repeats: int) -> None:
    if not (isinstance(x, Tensor) and isinstance(y, Tensor)) or y.dim() == 0:
        raise ValueError(f"Mollify needs tensors of images and labels, got {_kind(x)} and {_kind(y)}")
    if not x.is_floating_point() or x.dim() != 4 or not x.numel():
        raise ValueError(
            f"Mollify needs standardised float images of shape (B, C, H, W), got {x.dtype} of shape {tuple(x.shape)};"
            " scale to [0, 1] and standardise first"
        )
    if len(x) != len(y):
        raise ValueError(f"images and labels must go together, got {len(x)} images and {len(y)} labels")
    if drawn != len(x) * repeats:
        raise ValueError(f"the draw is for {drawn} images, the batch has {len(x)} x {repeats} repeats")
