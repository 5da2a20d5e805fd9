"""Random erasing."""

from typing import Literal

import torch
from torch import Generator, Tensor

from robustmoll.counter_rng import CounterRNG
from robustmoll.data.augment.base import AugmentDraw, ImageAugmentation, Size, rand
from robustmoll.data.augment.boxes import check_box, fitting_boxes, rectangles

__all__ = ["RandomErasing"]


class RandomErasing(ImageAugmentation):
    """Covers a rectangle of the image (Zhong et al., AAAI 2020).

    The rectangle is drawn as torchvision draws it: area and aspect ratio up to ten times, until it fits; if none does,
    the image stays as it is.

    Args:
        p: Probability, in [0, 1].
        scale: Least and greatest share of the area, in [0, 1].
        ratio: Least and greatest height over width, > 0; its logarithm is drawn uniformly.
        value: What covers it: a grey level in [0, 1], 0 black; or "noise", independent uniform levels.

    Raises:
        ValueError: If an argument is out of its range.
    """

    def __init__(
        self,
        p: float = 0.5,
        scale: tuple[float, float] = (0.02, 0.33),
        ratio: tuple[float, float] = (0.3, 3.3),
        value: float | Literal["noise"] = 0.0,
    ) -> None:
        if not 0 <= p <= 1 or not (value == "noise" if isinstance(value, str) else 0 <= value <= 1):
            raise ValueError(f'RandomErasing needs p in [0, 1] and value in [0, 1] or "noise", got {p=}, {value=}')
        check_box("RandomErasing", scale, ratio)
        self.p, self.scale, self.ratio, self.value = p, scale, ratio, value

    @property
    def families(self) -> tuple[str, ...]:
        return ("noise",) if self.value == "noise" and self.p > 0 else ()

    def draw(self, n: int, size: Size, generator: Generator | None = None) -> AugmentDraw:
        largest = (size[0] - 1, size[1] - 1)
        box, fits = fitting_boxes(n, size, largest, self.scale, self.ratio, generator)
        erased = fits & (rand(n, generator=generator) < self.p)
        seed = torch.randint(2**62, (n,), generator=generator, device="cpu")
        return {"box": box * erased[:, None], "seed": seed}

    def apply(self, x: Tensor, draw: AugmentDraw) -> Tensor:
        mask = rectangles(draw["box"], (x.shape[-2], x.shape[-1]), x.device, x.dtype)
        kept = x * (1 - mask)
        if self.value == "noise":
            ranks = CounterRNG("erase", draw["seed"].numpy(), x.device).ranks(*x.shape[1:])
            return kept.add_(ranks.bitwise_right_shift_(8).to(torch.uint8).mul_(mask))
        return kept.add_(mask * round(255 * float(self.value)))
