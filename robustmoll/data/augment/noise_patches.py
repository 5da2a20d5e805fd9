"""Patches of noise from balls of a random Lp norm."""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Generator, Tensor

from robustmoll.counter_rng import CounterRNG
from robustmoll.data.augment.base import AugmentDraw, ImageAugmentation, Size, rand
from robustmoll.data.augment.boxes import check_box, cut_boxes, rectangles
from robustmoll.data.augment.tables import to_levels

__all__ = ["NoisePatches"]


def _uniform(rng: CounterRNG, shape: torch.Size) -> Tensor:
    return rng.uniform(*shape).mul_(2).sub_(1).mul_(math.sqrt(3))


def _normal(rng: CounterRNG, shape: torch.Size) -> Tensor:
    return rng.normal(*shape)


def _laplace(rng: CounterRNG, shape: torch.Size) -> Tensor:
    return _with_sign(rng, rng.uniform(*shape).log_()).mul_(1 / math.sqrt(2))


def _root(rng: CounterRNG, shape: torch.Size) -> Tensor:
    # The square root of such a number's size is Gamma(2), the sum of two exponential numbers.
    size = (rng.uniform(*shape) * rng.uniform(*shape)).log_().square_()
    return _with_sign(rng, size).mul_(1 / math.sqrt(120))


def _with_sign(rng: CounterRNG, size: Tensor) -> Tensor:
    return size.mul_(rng.integers(2, *size.shape[1:]).mul_(2).sub_(1))


NOISES: dict[float, Callable[[CounterRNG, torch.Size], Tensor]] = {
    0.5: _root,
    1.0: _laplace,
    2.0: _normal,
    math.inf: _uniform,
}
"""Independent numbers of mean 0 and variance 1 with density proportional to exp(-|u / c|^p), shape (n, *shape)."""


class NoisePatches(ImageAugmentation):
    r"""Noise of a random norm and strength in a rectangle of each image.

    For p > 0 pixels get independent numbers with density proportional to :math:`e^{-|u / c|^p}`. In the many
    dimensions of an image these are, but for small fluctuations of the radius, uniform in an Lp ball (Calafiore et al.,
    1998); its radius is given by the standard deviation, which means the same at every p and size of image. p = 0
    replaces a share of the values by uniform ones. After Siedel et al. (2025), who draw norm, strength and patch once
    for several images and give radii; here each image draws its own.

    Args:
        norms: The p that can be drawn, all alike: of 0, 0.5, 1, 2 and infinity.
        std: Greatest standard deviation for p > 0, on the scale [0, 1], > 0; drawn uniformly from 0 to it.
        share: Greatest share of values replaced for p = 0, in (0, 1]; drawn uniformly from 0 to it.
        sparsity: Greatest share of values in the patch that are spared, in [0, 1]; drawn uniformly from 0 to it.
        scale: Least and greatest share of the patch in the area, in [0, 1].
        ratio: Least and greatest height over width, > 0; its logarithm is drawn uniformly. A patch too high or too wide
            is cut at the image and becomes longer, to keep its area.

    Raises:
        ValueError: If an argument is out of its range.
    """

    def __init__(
        self,
        norms: Sequence[float] = (0.0, 0.5, 1.0, 2.0, math.inf),
        std: float = 0.15,
        share: float = 0.2,
        sparsity: float = 1.0,
        scale: tuple[float, float] = (0.2, 0.7),
        ratio: tuple[float, float] = (0.3, 3.3),
    ) -> None:
        if not norms or not {float(p) for p in norms} <= {0.0, *NOISES}:
            raise ValueError(f"NoisePatches needs norms out of 0, {', '.join(map(str, NOISES))}, got {list(norms)}")
        if not (std > 0 and 0 < share <= 1 and 0 <= sparsity <= 1):
            raise ValueError(
                f"NoisePatches needs std > 0, share in (0, 1] and sparsity in [0, 1], got {std=}, {share=}, {sparsity=}"
            )
        check_box("NoisePatches", scale, ratio)
        self.norms, self.std, self.share, self.sparsity = tuple(map(float, norms)), std, share, sparsity
        self.scale, self.ratio = scale, ratio

    @property
    def families(self) -> tuple[str, ...]:
        return ("noise",)

    def draw(self, n: int, size: Size, generator: Generator | None = None) -> AugmentDraw:
        norms = torch.tensor(self.norms, device="cpu")
        norm = norms[torch.randint(len(norms), (n,), generator=generator, device="cpu")]
        strength, spared = rand(2, n, generator=generator)
        return {
            "norm": norm,
            "strength": strength * torch.where(norm == 0, self.share, self.std),
            "spared": spared * self.sparsity,
            "box": cut_boxes(n, size, self.scale, self.ratio, generator),
            "seed": torch.randint(2**62, (n,), generator=generator, device="cpu"),
        }

    def apply(self, x: Tensor, draw: AugmentDraw) -> Tensor:
        noisy = x.clone()
        for p in dict.fromkeys(self.norms):
            members = (draw["norm"] == p).nonzero()[:, 0]  # on the CPU, so that nobody waits for a device's answer
            if len(members):
                chosen = members.to(x.device, non_blocking=True)
                images = _with_noise(x.index_select(0, chosen), p, {key: part[members] for key, part in draw.items()})
                noisy.index_copy_(0, chosen, images)
        return noisy


def _with_noise(x: Tensor, p: float, draw: AugmentDraw) -> Tensor:
    """Images with the noise of one norm, uint8."""
    rng = CounterRNG("noise_patches", draw["seed"].numpy(), x.device)
    strength, spared = (
        draw[key].to(x.device, non_blocking=True)[:, None, None, None] for key in ("strength", "spared")
    )
    shape, levels = x.shape[1:], x.float()
    if p == 0:
        hit = _below(rng.uniform(*shape), strength)
        change = rng.uniform(*shape).mul_(255).sub_(levels).mul_(hit)
    else:
        change = NOISES[p](rng, shape).mul_(255 * strength)
    change.mul_(1 - _below(rng.uniform(*shape), spared))
    change.mul_(rectangles(draw["box"], (x.shape[-2], x.shape[-1]), x.device, levels.dtype))
    return to_levels(levels.add_(change).round_())


def _below(chance: Tensor, bound: Tensor) -> Tensor:
    """1 where a number is below its bound, else 0; overwrites the numbers."""
    return chance.lt_(bound)
