"""A list of augmentations as one: what a config names in order, and a training step calls."""

from collections.abc import Sequence

from torch import Generator, Tensor

from robustmoll.data.augment.base import Augmentation, AugmentDraw, ImageAugmentation, MixAugmentation, Size
from robustmoll.data.augment.geometry import merge_moves

__all__ = ["Augmentations"]


class Augmentations:
    """Augmentations in order: those of images first, on uint8; then, after standardising, those that mix.

    Args:
        steps: In the order in which they are applied.

    Raises:
        ValueError: If a mixing one stands before one of images.

    Example:
        >>> import torch
        >>> from robustmoll.data.augment import CutMix, RandomCrop, RandomHorizontalFlip, TrivialAugmentWide
        >>> steps = Augmentations([RandomHorizontalFlip(), RandomCrop(padding=4), TrivialAugmentWide(), CutMix()])
        >>> x, y = torch.randint(256, (8, 3, 32, 32)).byte(), torch.eye(10)[:8]
        >>> draws = steps.draw(len(x), (32, 32), torch.Generator().manual_seed(0))
        >>> x = steps.augment(x, draws) / 255
        >>> x, y = steps.mix(x, y, draws)
        >>> x.shape, torch.allclose(y.sum(1), torch.ones(8))
        (torch.Size([8, 3, 32, 32]), True)
    """

    def __init__(self, steps: Sequence[Augmentation] = ()) -> None:
        images = [step for step in steps if isinstance(step, ImageAugmentation)]
        mixing = [step for step in steps if isinstance(step, MixAugmentation)]
        if [*images, *mixing] != list(steps):
            names = ", ".join(type(step).__name__ for step in steps)
            raise ValueError(f"augmentations of images must stand before those that mix: reorder {names}")
        self.steps = tuple(steps)
        self._images, self._mixing = merge_moves(images), mixing

    @property
    def repeats(self) -> int:
        """By which factor the batch grows; the views of an image lie side by side."""
        factor = 1
        for step in self._images:
            factor *= step.repeats
        return factor

    def output_size(self, size: Size) -> Size:
        """Returns the height and width of the results from those of the images."""
        for step in self._images:
            size = step.output_size(size)
        return size

    def draw(self, n: int, size: Size, generator: Generator | None = None) -> list[AugmentDraw]:
        """Draws the random numbers of a batch, for `augment` and `mix`.

        Args:
            n: Number of images.
            size: Their height and width.
            generator: On the CPU; None takes PyTorch's own, which `torch.manual_seed` seeds.

        Raises:
            ValueError: If images of that size cannot be augmented so.
        """
        draws, views = [], n
        for step in self._images:
            draws.append(step.draw(views, size, generator))
            views, size = views * step.repeats, step.output_size(size)
        return draws + [step.draw(n, size, generator) for step in self._mixing]

    def augment(self, x: Tensor, draws: Sequence[AugmentDraw]) -> Tensor:
        """Returns augmented images, shape (B * repeats, C, H', W'), uint8, of images (B, C, H, W), uint8."""
        for step, draw in zip(self._images, draws, strict=False):
            x = step.apply(x, draw)
        return x

    def mix(self, x: Tensor, y: Tensor, draws: Sequence[AugmentDraw]) -> tuple[Tensor, Tensor]:
        """Returns mixed images and targets of standardised images (B * repeats, C, H, W) and soft targets (B, K)."""
        for step, draw in zip(self._mixing, draws[len(self._images) :], strict=True):
            x, y = step.apply(x, y, draw)
        return x, y

    def __repr__(self) -> str:
        return f"{type(self).__name__}({list(self.steps)})"


def share_of(draws: Sequence[AugmentDraw], n: int, share: slice) -> list[AugmentDraw]:
    """Returns the draws of a part of a batch of n images, such as another process's share."""

    def part(values: Tensor) -> Tensor:
        views = len(values) // n
        return values[share.start * views : share.stop * views]

    return [{name: part(values) for name, values in draw.items()} for draw in draws]
