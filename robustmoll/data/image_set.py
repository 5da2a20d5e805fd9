"""What a data set is here: images and labels in memory, and where they come from."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace

import torch
from sklearn.model_selection import train_test_split
from torch import Tensor

__all__ = ["Data", "ImageSet", "split"]


@dataclass(frozen=True)
class ImageSet:
    """Labelled images of one size, in memory.

    Attributes:
        name: Of the data set, as it stands in results.
        split: "train" or "test".
        images: Shape (N, C, H, W), uint8, C = 1 or 3.
        labels: Class indices, shape (N,), int64.
        classes: Name of each class, in the order of the indices.

    Raises:
        ValueError: If the parts do not fit each other.
    """

    name: str
    split: str
    images: Tensor
    labels: Tensor
    classes: tuple[str, ...]

    def __post_init__(self) -> None:
        images, labels = self.images, self.labels
        if images.dtype != torch.uint8 or images.dim() != 4 or images.shape[1] not in (1, 3):
            raise ValueError(
                f"{self.name}: images must be uint8 of shape (N, C, H, W) with 1 or 3 channels,"
                f" got {images.dtype} of shape {tuple(images.shape)}"
            )
        if len(images) == 0 or labels.shape != (len(images),) or labels.dtype != torch.int64:
            raise ValueError(
                f"{self.name}: need one int64 label an image and at least one image,"
                f" got {len(images)} images and {labels.dtype} labels of shape {tuple(labels.shape)}"
            )
        low, high = int(labels.min()), int(labels.max())
        if low < 0 or high >= len(self.classes):
            raise ValueError(f"{self.name}: labels {low}..{high} do not fit {len(self.classes)} classes")

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def channels(self) -> int:
        return self.images.shape[1]

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return self.images.shape[2], self.images.shape[3]

    def moments(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Returns the mean and the standard deviation of each channel over all pixels, on the scale [0, 1]."""
        # Counts of the 256 grey levels are exact; a running float32 sum over 10^8 pixels is not.
        levels = torch.arange(256, dtype=torch.float64) / 255
        means, stds = [], []
        for channel in self.images.unbind(1):
            shares = torch.bincount(channel.flatten(), minlength=256).double() / channel.numel()
            mean = (shares * levels).sum()
            means.append(float(mean))
            stds.append(float((shares * (levels - mean).square()).sum().sqrt()))
        return tuple(means), tuple(stds)


def split(images: ImageSet, test_fraction: float) -> tuple[ImageSet, ImageSet]:
    """Holds out a share of each class for the test, always the same images.

    Args:
        images: All of them.
        test_fraction: Share to hold out, in (0, 1).

    Raises:
        ValueError: If a class has fewer than 2 images.
    """
    counts = torch.bincount(images.labels, minlength=len(images.classes))
    if int(counts.min()) < 2:
        name = images.classes[int(counts.argmin())]
        raise ValueError(f"class {name!r} has {int(counts.min())} image; a train/test split needs 2 of each")
    rows = torch.arange(len(images)).numpy()
    parts = train_test_split(rows, test_size=test_fraction, stratify=images.labels.numpy(), random_state=0)
    train, test = (
        replace(images, split=name, images=images.images[part], labels=images.labels[part])
        for name, part in zip(("train", "test"), map(torch.from_numpy, parts), strict=True)
    )
    return train, test


class Data(ABC):
    """A data set that a config names; a new one is a subclass with `load`, in a file of its own.

    Constructor arguments are the config's keys. Nothing is decoded before `load`.
    """

    @abstractmethod
    def classes(self) -> tuple[str, ...]:
        """Returns the names of the classes, in the order of the labels, without reading the images."""

    @abstractmethod
    def load(self) -> tuple[ImageSet, ImageSet]:
        """Returns the training and the test set.

        Raises:
            ValueError: If the files are not what they should be; the message names the file and the remedy.
        """
