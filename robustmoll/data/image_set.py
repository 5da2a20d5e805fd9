"""What a data set is here: images behind an index, their labels, and where they come from."""

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import KW_ONLY, dataclass, replace
from functools import cached_property
from typing import Literal

import torch
from torch import Tensor

from robustmoll.data.examples import DataSource
from robustmoll.data.images import Fit, Images, subset
from robustmoll.data.pixels import Pixels

__all__ = ["Data", "ImageSet", "Split", "SplitData", "split", "split_rows"]

CHUNK = 1024  # images at a time, where all are looked at
Split = Literal["train", "test"]


@dataclass(frozen=True)
class ImageSet:
    """Labelled images of one size.

    Attributes:
        name: Of the data set, as it stands in results.
        split: "train", "test", or what was held out of the training, such as "validation".
        images: Shape (N, C, H, W), uint8, C = 1 or 3. `images[:]` is a tensor of all of them, whatever they are.
        labels: Class indices, shape (N,), int64.
        classes: Name of each class, in the order of the indices.
        files: Where images come from files, the path of each below its class, without the suffix; else empty.
        standard: Mean and standard deviation of each channel on the scale [0, 1] that the field standardises these
            images with; None if there is no such convention.

    Raises:
        ValueError: If the parts do not fit each other.
    """

    name: str
    split: str
    images: Images
    labels: Tensor
    classes: tuple[str, ...]
    _: KW_ONLY
    files: tuple[str, ...] = ()
    standard: tuple[tuple[float, ...], tuple[float, ...]] | None = None

    unit = "images"

    def __post_init__(self) -> None:
        images, labels = self.images, self.labels
        if images.dtype != torch.uint8 or len(images.shape) != 4 or images.shape[1] not in (1, 3):
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
        if len(self.files) not in (0, len(images)):
            raise ValueError(f"{self.name}: {len(images)} images, but {len(self.files)} file names")

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def inputs(self) -> Images:
        return self.images

    @property
    def domain(self) -> Pixels:
        return Pixels(tuple(self.images.shape[1:]))

    @property
    def channels(self) -> int:
        return self.images.shape[1]

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return self.images.shape[2], self.images.shape[3]

    def batches(self, size: int = CHUNK) -> Iterator[Tensor]:
        """Yields all images in order, `size` at a time."""
        return (self.images[start : start + size] for start in range(0, len(self), size))

    def select(self, rows: Tensor) -> "ImageSet":
        """Returns the images of some rows, decoded only if all are."""
        files = tuple(self.files[row] for row in rows.tolist()) if self.files else ()
        return replace(self, images=subset(self.images, rows), labels=self.labels[rows], files=files)

    def hold_out(self, fraction: float) -> tuple["ImageSet", "ImageSet"]:
        """Returns what is left for the training, and a share of each class as "validation"; see `split`."""
        return split(self, fraction, "validation")

    def moments(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Returns the mean and the standard deviation of each channel on the scale [0, 1].

        They are the `standard` ones, or else those of all pixels, which are read once.
        """
        return self.standard or self._moments

    @cached_property
    def _moments(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        # Counts of the 256 grey levels are exact; a running float32 sum over 10^8 pixels is not.
        counts = torch.zeros(self.channels, 256, dtype=torch.int64)
        for images in self.batches():
            for count, channel in zip(counts, images.unbind(1), strict=True):
                count += torch.bincount(channel.flatten(), minlength=256)
        levels = torch.arange(256, dtype=torch.float64) / 255
        shares = counts.double() / counts.sum(1, keepdim=True)
        means = (shares * levels).sum(1)
        variances = (shares * (levels - means[:, None]).square()).sum(1)
        return tuple(means.tolist()), tuple(variances.sqrt().tolist())


def split(images: ImageSet, fraction: float, held_out: str = "test") -> tuple[ImageSet, ImageSet]:
    """Holds out a share of each class, always the same images.

    Args:
        images: All of them.
        fraction: Share to hold out, in (0, 1).
        held_out: What the second part's split is called.

    Returns:
        What is left for the training, and what is held out.

    Raises:
        ValueError: If a class has fewer than 2 images, or the share is too small or too large for one image of each.
    """
    left, rows = split_rows(images.labels, images.classes, fraction)
    return replace(images.select(left), split="train"), replace(images.select(rows), split=held_out)


def split_rows(labels: Tensor, classes: Sequence[str], fraction: float) -> tuple[Tensor, Tensor]:
    """Returns the rows of the training images and of those held out; arguments and errors as for `split`."""
    from sklearn.model_selection import train_test_split  # takes a second, which few commands need to wait for

    counts = torch.bincount(labels, minlength=len(classes))
    if int(counts.min()) < 2:
        name = classes[int(counts.argmin())]
        raise ValueError(f"class {name!r} has {int(counts.min())} image; a split needs 2 of each")
    rows = torch.arange(len(labels)).numpy()
    try:
        left, held_out = train_test_split(rows, test_size=fraction, stratify=labels.numpy(), random_state=0)
    except ValueError as error:
        raise ValueError(
            f"a share of {fraction:g} of {len(rows)} images leaves less than one for each of {len(classes)} classes,"
            " held out or not; choose another share"
        ) from error
    for part, place in ((left, "for the training"), (held_out, "held out")):
        there = torch.bincount(labels[part], minlength=len(classes))
        if int(there.min()) == 0:
            label = int(there.argmin())
            raise ValueError(
                f"a share of {fraction:g} leaves none of the {int(counts[label])} images of class {classes[label]!r}"
                f" {place}; choose another share, or add images of that class"
            )
    return torch.from_numpy(left), torch.from_numpy(held_out)


class Data(DataSource):
    """A data set of images that a config names; a new one is a subclass with `classes` and `load`.

    Where training and test images can be read apart, make it one of `SplitData`. Constructor arguments are the config's
    keys. Nothing is read before it is asked for.
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

    def test(self, fit: Fit | None = None) -> ImageSet:
        """Returns the test set, without reading the training images where they lie apart.

        Args:
            fit: How a network wants its pictures: they are decoded when they are asked for, and brought to one size
                by it. Data whose pictures have one size already leave it aside; None takes the data's own size.

        Raises:
            ValueError: As for `load`.
        """
        return self.load()[1]


class SplitData(Data):
    """A data set whose training and test images lie apart; a new one is a subclass with `classes` and `part`."""

    @abstractmethod
    def part(self, split: Split, fit: Fit | None = None) -> ImageSet:
        """Returns one of the two sets, without reading the other.

        Args:
            split: Which one.
            fit: As for `test`.

        Raises:
            ValueError: As for `load`.
        """

    def load(self) -> tuple[ImageSet, ImageSet]:
        return self.part("train"), self.part("test")

    def test(self, fit: Fit | None = None) -> ImageSet:
        return self.part("test", fit)
