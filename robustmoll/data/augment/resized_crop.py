"""Random resized crop: a rectangle of each image, scaled to one size."""

import torch
from torch import Generator, Tensor

from robustmoll.data.augment.base import AugmentDraw, ImageAugmentation, Size
from robustmoll.data.augment.boxes import check_box, fitting_boxes
from robustmoll.data.augment.tables import to_levels

__all__ = ["RandomResizedCrop"]


class RandomResizedCrop(ImageAugmentation):
    """Cuts a random rectangle out of each image and scales it, with antialiasing (Szegedy et al., CVPR 2015).

    Area and aspect ratio are drawn as torchvision draws them: up to ten times, until the rectangle fits; if none does,
    it is the largest in the middle that keeps to `ratio`. Scaling is bilinear, within one grey level of torchvision's.

    Args:
        size: Height and width of the results; None keeps the images' size.
        scale: Least and greatest share of the area, in [0, 1].
        ratio: Least and greatest width over height, > 0; its logarithm is drawn uniformly.

    Raises:
        ValueError: If an argument is out of its range.
    """

    def __init__(
        self,
        size: int | None = None,
        scale: tuple[float, float] = (0.08, 1.0),
        ratio: tuple[float, float] = (3 / 4, 4 / 3),
    ) -> None:
        if size is not None and size < 1:
            raise ValueError(f"RandomResizedCrop needs size >= 1, got {size}")
        check_box("RandomResizedCrop", scale, ratio)
        self.size, self.scale, self.ratio = size, scale, ratio

    def output_size(self, size: Size) -> Size:
        return size if self.size is None else (self.size, self.size)

    def draw(self, n: int, size: Size, generator: Generator | None = None) -> AugmentDraw:
        low, high = self.ratio
        box, fits = fitting_boxes(n, size, size, self.scale, (1 / high, 1 / low), generator)
        return {"box": torch.where(fits[:, None], box, _middle_box(size, self.ratio))}

    def apply(self, x: Tensor, draw: AugmentDraw) -> Tensor:
        top, left, bottom, right = draw["box"].to(x.device, torch.float32, non_blocking=True).unbind(1)
        height, width = self.output_size((x.shape[-2], x.shape[-1]))
        across = resizing(left, right, x.shape[-1], width)
        down = resizing(top, bottom, x.shape[-2], height)
        rows = x.float() @ across.mT[:, None]
        return to_levels((down[:, None] @ rows).round_())


def resizing(start: Tensor, stop: Tensor, source: int, target: int) -> Tensor:
    """Returns the matrices that scale a part of an axis, linear with antialiasing.

    Args:
        start: First pixel of the part, shape (n,), float32.
        stop: The one after its last, shape (n,).
        source: Pixels of the axis.
        target: Pixels of the result.

    Returns:
        Matrices whose rows sum to 1, shape (n, target, source).
    """
    places = torch.arange(source, dtype=start.dtype, device=start.device) + 0.5
    scale = ((stop - start) / target)[:, None]
    middles = start[:, None] + scale * (torch.arange(target, dtype=start.dtype, device=start.device) + 0.5)
    # A triangle around the middle of each new pixel; as wide as that pixel where it is wider than an old one.
    weights = (1 - (places - middles[:, :, None]).abs() / scale.clamp(min=1)[:, :, None]).clamp_(min=0)
    inside = (places > start[:, None]) & (places < stop[:, None])
    weights *= inside[:, None]
    return weights / weights.sum(2, keepdim=True)


def _middle_box(size: Size, ratio: tuple[float, float]) -> Tensor:
    """The largest rectangle in the middle whose width over height keeps to the ratio, shape (4,)."""
    height, width = size
    if width / height < ratio[0]:
        height = round(width / ratio[0])
    elif width / height > ratio[1]:
        width = round(height * ratio[1])
    top, left = (size[0] - height) // 2, (size[1] - width) // 2
    return torch.tensor([top, left, top + height, left + width], device="cpu")
