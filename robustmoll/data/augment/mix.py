"""MixUp and CutMix on standardised images and soft targets, any batch size.

Each image is mixed with the one before it in the batch, the first with the last, so batches must be shuffled. Views of
one image are mixed alike, each with the same view of the other image, so that one target fits them all.
"""

from abc import abstractmethod

import torch
from torch import Generator, Tensor

from robustmoll.data.augment.base import AugmentDraw, MixAugmentation, Size, rand
from robustmoll.data.augment.boxes import rectangles
from robustmoll.times import Beta

__all__ = ["CutMix", "MixUp"]


class Mix(MixAugmentation):
    """What MixUp and CutMix share.

    Args:
        alpha: Of the Beta(alpha, alpha) distribution of the share that an image keeps, > 0.
        per_image: Whether each image draws its own share; otherwise all of a batch have one, as in torchvision.
        p: Probability that an image (or batch) is mixed at all, in [0, 1].

    Raises:
        ValueError: If an argument is out of its range.
    """

    def __init__(self, alpha: float = 1.0, per_image: bool = True, p: float = 1.0) -> None:
        if not (alpha > 0 and 0 <= p <= 1):
            raise ValueError(f"{type(self).__name__} needs alpha > 0 and p in [0, 1], got {alpha=}, {p=}")
        self.alpha, self.per_image, self.p = alpha, per_image, p

    def draw(self, n: int, size: Size, generator: Generator | None = None) -> AugmentDraw:
        draws = n if self.per_image else 1
        kept = Beta(self.alpha, self.alpha).sample(draws, generator)
        kept = torch.where(rand(draws, generator=generator) < self.p, kept, 1.0)
        draw = self.draw_kept(kept, size, generator)
        return {name: values.expand(n, *values.shape[1:]) for name, values in draw.items()}

    @abstractmethod
    def draw_kept(self, kept: Tensor, size: Size, generator: Generator | None) -> AugmentDraw:
        """Returns the draw of images that are to keep these shares, shape (n,)."""

    def apply(self, x: Tensor, y: Tensor, draw: AugmentDraw) -> tuple[Tensor, Tensor]:
        images = x.view(len(y), -1, *x.shape[1:])  # the views of an image side by side
        mixed = self.mix_images(images, images.roll(1, 0), draw)
        return mixed.view_as(x), torch.lerp(y.roll(1, 0), y, draw["kept"].to(y, non_blocking=True)[:, None])

    @abstractmethod
    def mix_images(self, images: Tensor, others: Tensor, draw: AugmentDraw) -> Tensor:
        """Returns mixtures of the images, shape (B, views, C, H, W), with the others."""


class MixUp(Mix):
    """Averages of two images and of their targets (Zhang et al., ICLR 2018). Arguments as for `Mix`."""

    def draw_kept(self, kept: Tensor, size: Size, generator: Generator | None) -> AugmentDraw:
        return {"kept": kept}

    def mix_images(self, images: Tensor, others: Tensor, draw: AugmentDraw) -> Tensor:
        return torch.lerp(others, images, draw["kept"].to(images, non_blocking=True)[:, None, None, None, None])


class CutMix(Mix):
    """A rectangle of another image put into each; targets mix by area (Yun et al., ICCV 2019). Arguments as for `Mix`.

    The middle of the rectangle lies anywhere in the image; what reaches beyond it is cut off, and the share kept is
    counted afterwards.
    """

    def draw_kept(self, kept: Tensor, size: Size, generator: Generator | None) -> AugmentDraw:
        full = torch.tensor(size, device="cpu")
        middle = (torch.rand(len(kept), 2, generator=generator, device="cpu") * full).long()
        half = (0.5 * (1 - kept).sqrt()[:, None] * full).long()
        start, stop = (middle - half).clamp(min=0), torch.minimum(middle + half, full)
        return {"box": torch.cat([start, stop], 1), "kept": 1 - (stop - start).prod(1) / (size[0] * size[1])}

    def mix_images(self, images: Tensor, others: Tensor, draw: AugmentDraw) -> Tensor:
        inside = rectangles(draw["box"], (images.shape[-2], images.shape[-1]), images.device, images.dtype)
        return torch.lerp(images, others, inside[:, None])
