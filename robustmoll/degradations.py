r"""Degradations: (x, t) -> x_t, per image and batched, on the device of x.

The maths are two functions of an explicit strength, `add_noise` and `heat_blur` (see `robustmoll.heat`). The classes
hold a schedule from t to that strength and the label schedule gamma(t) that belongs to it, so that one t degrades image
and label alike. For every one of them t = 0 returns the image bit for bit where its schedule has no noise at t = 0.
A new degradation is one subclass of `Degradation` with one method.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable

import torch
from kornia.filters import filter2d_separable, get_gaussian_kernel1d
from torch import Generator, Tensor, nn

from robustmoll.checks import check_t
from robustmoll.heat import heat_blur, image_shape, no_autocast
from robustmoll.schedules import (
    BlurSchedule,
    CosineNoise,
    LabelSchedule,
    LogBlur,
    NoiseSchedule,
    PowerLabel,
    SnrLabel,
)

__all__ = [
    "Blur",
    "Degradation",
    "GaussianBlur",
    "HeatBlur",
    "Noise",
    "NoiseSource",
    "PureNoise",
    "add_noise",
    "heat_blur",
]

REACH = 4  # standard deviations of a Gaussian, beyond which less than 1e-4 of it lies

NoiseSource = Callable[[Tensor], Tensor]
"""Gives fresh standard normal numbers of the shape, dtype and device of its argument."""


def add_noise(x: Tensor, alpha: Tensor, sigma: Tensor, noise: Tensor) -> Tensor:
    """Returns alpha x + sigma noise, with one alpha and sigma per image (or table row).

    Args:
        x: Data, float, shape (B, ...).
        alpha: Share of the signal, shape (B,).
        sigma: Standard deviation of the noise, shape (B,), in units of `noise`.
        noise: Shaped as x.
    """
    return _add_noise_(x, alpha, sigma, noise.clone())


def _add_noise_(x: Tensor, alpha: Tensor, sigma: Tensor, noise: Tensor) -> Tensor:
    """As `add_noise`, in the memory of `noise`."""
    return noise.mul_(_per_image(sigma, x)).addcmul_(x, _per_image(alpha, x))


def _per_image(factor: Tensor, x: Tensor) -> Tensor:
    """One factor for each of x, so that it multiplies all of its pixels."""
    return factor.to(x.dtype).view((-1,) + (1,) * (x.dim() - 1))


class Degradation(nn.Module, ABC):
    """A way to degrade images, with the label schedule that tells the truth about it.

    Args:
        label: Schedule gamma(t) of the label.

    Attributes:
        families: Families of the corruption benchmark that it resembles, such as "noise".
        fixed_t: The one t at which this degradation is drawn, or None if it is drawn at any.
    """

    families: tuple[str, ...] = ()
    fixed_t: float | None = None

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "degrade" in vars(cls) and not vars(cls).keys() & {"alpha", "rest"}:
            # What it inherits of them would tell of another degradation than its own.
            cls.alpha, cls.rest = Degradation.alpha, Degradation.rest  # type: ignore[method-assign]

    def __init__(self, label: LabelSchedule) -> None:
        super().__init__()
        self.label = label

    @abstractmethod
    def degrade(self, x: Tensor, t: Tensor, noise: NoiseSource) -> Tensor:
        """Returns x at t as a new tensor.

        Args:
            x: Data, as for `forward`, checked already.
            t: Time of each, as for `forward`, checked already.
            noise: Source of what is random.
        """

    def alpha(self, t: Tensor) -> Tensor:
        """Returns the share of the image that stays in x_t as it is, shaped as t: none, unless a subclass has some."""
        return torch.zeros_like(t)

    def rest(self, x: Tensor, members: Tensor, t: Tensor, noise: NoiseSource) -> Tensor:
        """Returns x_t - alpha(t) x of some images, whose places in the batch x are `members`.

        `Mollify` asks for this in place of `degrade`, so that images which are needed for nothing else but to stay
        are not copied. A subclass that defines `alpha` defines this to match.
        """
        return self.degrade(x.index_select(0, members), t, noise).to(x.dtype)  # autocast may have made it another

    def gamma(self, t: Tensor) -> Tensor:
        """Returns the label's lost share of certainty at t, in [0, 1], shaped as t."""
        return self.label(t)

    def forward(self, x: Tensor, t: Tensor, generator: Generator | None = None) -> Tensor:
        """Degrades each image by its own t.

        Args:
            x: Standardised float images, shape (B, C, H, W); noise also takes table rows (B, D).
            t: Time of each, shape (B,), in [0, 1], on the device of x.
            generator: Source of noise, on the device of x; None takes PyTorch's own.

        Returns:
            x_t, shape and dtype of x.

        Raises:
            ValueError: If x is no float tensor, t does not fit it, or t leaves [0, 1].
        """
        if not x.is_floating_point():
            raise ValueError(
                f"{type(self).__name__} degrades float data, got {x.dtype}; scale and standardise it first"
            )
        if t.shape != x.shape[:1]:
            raise ValueError(f"t must have shape ({len(x)},), one for each of x, got {tuple(t.shape)}")

        def noise(like: Tensor) -> Tensor:
            # Unlike `torch.randn` this can be compiled for batches of any size.
            return torch.empty_like(like, memory_format=torch.contiguous_format).normal_(generator=generator)

        return self.degrade(x, check_t(t), noise)

    def extra_repr(self) -> str:
        own = {name: value for name, value in vars(self).items() if not name.startswith("_")}
        return ", ".join(f"{name}={value}" for name, value in own.items() if name != "training")


class Noise(Degradation):
    """Gaussian noise, x_t = alpha(t) x + sigma(t) eps with eps ~ N(0, I).

    Args:
        schedule: Noise schedule; None takes `CosineNoise()`.
        label: Label schedule; None takes `SnrLabel(1)`, the noise's share of the power.
    """

    families = ("noise",)

    def __init__(self, schedule: NoiseSchedule | None = None, label: LabelSchedule | None = None) -> None:
        super().__init__(label or SnrLabel())
        self.schedule = schedule or CosineNoise()

    def gamma(self, t: Tensor) -> Tensor:
        return self.label(t, self.schedule)

    def alpha(self, t: Tensor) -> Tensor:
        return self.schedule.alpha(t)

    def rest(self, x: Tensor, members: Tensor, t: Tensor, noise: NoiseSource) -> Tensor:
        return noise(x[: len(t)]).mul_(_per_image(self.schedule.sigma(t), x))  # of x, noise takes the shape alone

    def degrade(self, x: Tensor, t: Tensor, noise: NoiseSource) -> Tensor:
        return _add_noise_(x, *self.schedule(t), noise(x))


class PureNoise(Noise):
    """Nothing but noise under a label that says so: `Noise`, always drawn at t = 1. Arguments as there."""

    fixed_t = 1.0


class Blur(Degradation, ABC):
    """What blurs have in common.

    Args:
        schedule: Blur schedule; None takes `LogBlur()`, from 0.3 pixels to the image's width. At t = 0 itself
            there is no blur at all: the clean image is clean.
        label: Label schedule; None takes `PowerLabel(1)`.
    """

    families = ("blur",)

    def __init__(self, schedule: BlurSchedule | None = None, label: LabelSchedule | None = None) -> None:
        super().__init__(label or PowerLabel())
        self.schedule = schedule or LogBlur()

    def sigma(self, t: Tensor, width: int) -> Tensor:
        """Returns the blur at t in pixels, shaped as t: the schedule's, and 0 at t = 0."""
        return self.schedule.sigma(t, width) * t.sign()


class HeatBlur(Blur):
    """Exact heat dissipation, see `heat_blur`. Arguments as for `Blur`."""

    def degrade(self, x: Tensor, t: Tensor, noise: NoiseSource) -> Tensor:
        return heat_blur(x, self.sigma(t, image_shape(x)[-1]))


class GaussianBlur(Blur):
    """Gaussian convolution with reflected borders (kornia), the well-known cousin of `HeatBlur`.

    It agrees with the heat equation away from the edges. A reflection reaches no farther than the image, so the kernel
    is cut off at the image's size and a blur beyond a third of it comes out weaker than its sigma says.

    Kernels have the length that the schedule's largest sigma needs. With a small one, such as `LogBlur(sigma_max=2)`,
    this is the cheaper blur for large images; with the default, which blurs up to the image's width, `HeatBlur` is.

    Arguments as for `Blur`.
    """

    def degrade(self, x: Tensor, t: Tensor, noise: NoiseSource) -> Tensor:
        height, width = image_shape(x)[-2:]
        dtype = torch.promote_types(x.dtype, torch.float32)
        sigma = self.sigma(t, width).to(dtype).clamp(min=1e-2)[:, None]  # at most this is a delta already
        # By the schedule's largest sigma: to fit kernels to that of the batch, the host had to wait for the device.
        # For the same reason not kornia's `gaussian_blur2d`, which looks at the sign of sigma.
        reach = math.ceil(REACH * self.schedule.largest(width))
        across, down = (get_gaussian_kernel1d(2 * min(reach, n - 1) + 1, sigma) for n in (width, height))
        with no_autocast(x.device):
            return filter2d_separable(x.to(dtype), across, down, border_type="reflect").to(x.dtype)
