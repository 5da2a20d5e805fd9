"""What an augmentation is: numbers drawn for each image on the CPU, and a function of images and numbers."""

from abc import ABC, abstractmethod

import torch
from torch import Generator, Tensor

__all__ = ["AugmentDraw", "Augmentation", "ImageAugmentation", "MixAugmentation", "Size", "check_images", "rand"]

Size = tuple[int, int]
"""Height and width in pixels."""

AugmentDraw = dict[str, Tensor]
"""The random numbers for a batch: named tensors on the CPU whose first axis is the image. A slice of all of them is the
draw of a part of the batch; applying the same draw again gives the same result."""


class Augmentation(ABC):
    """A random change of a batch in which each image has a draw of its own. A new one is a subclass of a subclass.

    Constructor arguments are the config's keys.
    """

    @property
    def repeats(self) -> int:
        """By which factor the batch grows; the views of an image lie side by side."""
        return 1

    @property
    def families(self) -> tuple[str, ...]:
        """Families of the corruption benchmark, such as "noise", that resemble what it does to images."""
        return ()

    @abstractmethod
    def draw(self, n: int, size: Size, generator: Generator | None = None) -> AugmentDraw:
        """Draws the random numbers of a batch.

        Args:
            n: Number of images.
            size: Their height and width.
            generator: On the CPU; None takes PyTorch's own, which `torch.manual_seed` seeds.

        Raises:
            ValueError: If images of that size cannot be augmented so.
        """

    def output_size(self, size: Size) -> Size:
        """Returns the height and width of the results from those of the images."""
        return size

    def __repr__(self) -> str:
        own = {name: value for name, value in vars(self).items() if not name.startswith("_")}
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in own.items())})"


class ImageAugmentation(Augmentation):
    """Images to images: uint8 in, uint8 out, as they are read from a file; labels stay as they are.

    Each image's result depends on that image and its draw alone, not on the others in the batch.
    """

    @abstractmethod
    def apply(self, x: Tensor, draw: AugmentDraw) -> Tensor:
        """Applies a draw; a pure function of its arguments.

        Args:
            x: Images, uint8, shape (B, C, H, W) with C = 1 or 3, on any device.
            draw: For B images of that size.

        Returns:
            Images, uint8, shape (B * repeats, C, H', W'), in memory of their own or, if nothing changes, x itself.
        """

    def __call__(self, x: Tensor, generator: Generator | None = None) -> Tensor:
        """Draws and applies; arguments and results as for `draw` and `apply`.

        Raises:
            ValueError: If x is no batch of uint8 images, or their size does not fit.
        """
        return self.apply(check_images(x), self.draw(len(x), _size(x), generator))


class MixAugmentation(Augmentation):
    """Standardised images and soft targets to both: each image is mixed with its neighbour in the batch."""

    @abstractmethod
    def apply(self, x: Tensor, y: Tensor, draw: AugmentDraw) -> tuple[Tensor, Tensor]:
        """Applies a draw; a pure function of its arguments.

        Args:
            x: Float images, shape (B * r, C, H, W), r views of each image side by side; r = 1 without views.
            y: Soft targets of the images, shape (B, K).
            draw: For B images of that size.

        Returns:
            Images and soft targets of the shapes given; the views of an image are mixed alike.
        """

    def __call__(self, x: Tensor, y: Tensor, generator: Generator | None = None) -> tuple[Tensor, Tensor]:
        """Draws and applies; arguments and results as for `draw` and `apply`.

        Raises:
            ValueError: If x are no float images, or y no soft targets for them.
        """
        if not (x.dim() == 4 and x.is_floating_point() and y.dim() == 2 and y.is_floating_point()):
            raise ValueError(
                f"{type(self).__name__} mixes float images (B, C, H, W) and soft targets (B, K),"
                f" got {x.dtype} of shape {tuple(x.shape)} and {y.dtype} of shape {tuple(y.shape)}"
            )
        if len(y) == 0 or len(x) % len(y):
            raise ValueError(f"{type(self).__name__} needs a soft target for each image, got {len(y)} for {len(x)}")
        return self.apply(x, y, self.draw(len(y), _size(x), generator))


def check_images(x: Tensor) -> Tensor:
    """Returns x if it is a batch of images.

    Raises:
        ValueError: If it is not.
    """
    if x.dtype != torch.uint8 or x.dim() != 4 or x.shape[1] not in (1, 3):
        raise ValueError(
            "augmentations take uint8 images of shape (B, C, H, W) with 1 or 3 channels,"
            f" got {x.dtype} of shape {tuple(x.shape)}; augment before scaling and standardising"
        )
    return x


def rand(*shape: int, generator: Generator | None = None) -> Tensor:
    """Returns uniform numbers in [0, 1), float32, on the CPU."""
    return torch.rand(shape, generator=generator, dtype=torch.float32, device="cpu")


def _size(x: Tensor) -> Size:
    return x.shape[-2], x.shape[-1]
