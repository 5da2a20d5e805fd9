"""A data set of a few real digits, for tests of the training; it stands in configs by its import path."""

from dataclasses import replace

import torch

from robustmoll.data import Data, Digits, ImageSet

__all__ = ["FewDigits"]


class FewDigits(Data):
    """The first images of the digits, small enough for a training within a second.

    Args:
        train: Number of training images.
        test: Number of test images.
        size: Height and width in pixels.
    """

    def __init__(self, train: int = 96, test: int = 40, size: int = 16) -> None:
        self.train, self.test, self.size = train, test, size

    def classes(self) -> tuple[str, ...]:
        return Digits().classes()

    def load(self) -> tuple[ImageSet, ImageSet]:
        train, test = Digits(self.size).load()
        return _first(train, self.train), _first(test, self.test)


def _first(images: ImageSet, n: int) -> ImageSet:
    return replace(images.select(torch.arange(n)), name="few_digits")
