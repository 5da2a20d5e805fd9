"""The two CIFAR sets (A. Krizhevsky, 2009), from the official archives or from class folders."""

import tarfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from robustmoll.data.folders import class_folders, find_images
from robustmoll.data.image_set import ImageSet, Split, SplitData
from robustmoll.data.images import Fit, FolderImages, as_it_is
from robustmoll.data.pickles import load_pickled

__all__ = ["CIFAR10", "CIFAR100"]

SIZE = 32


class _Cifar(SplitData):
    """What CIFAR-10 and CIFAR-100 have in common: the layout of their archives.

    Args:
        root: The archive, the folder in which it was unpacked, one that holds either of them, or one with the images as
            `train/<class>/*` and `test/<class>/*`.
    """

    NAME: str
    ARCHIVE: str
    FOLDER: str
    TRAIN: tuple[str, ...]
    TEST: tuple[str, ...]
    META: str
    LABELS: bytes
    LABEL_NAMES: bytes
    CLASSES: tuple[str, ...]
    STANDARD: tuple[tuple[float, ...], tuple[float, ...]]

    def __init__(self, root: str) -> None:
        self.root = Path(root).expanduser()

    def classes(self) -> tuple[str, ...]:
        return self.CLASSES

    def part(self, split: Split, fit: Fit | None = None) -> ImageSet:
        if (self.root / split).is_dir():
            return self._from_folders(split)
        names = (self.META, *(self.TRAIN if split == "train" else self.TEST))
        meta, *batches = map(load_pickled, read_files(self._archive(), names), names)
        if [name.decode() for name in meta.get(self.LABEL_NAMES, [])] != list(self.CLASSES):
            raise ValueError(f"{self.META} in {self.root} does not name the classes of {self.NAME} in their order")
        parts = [self._checked(batch, name) for batch, name in zip(batches, names[1:], strict=True)]
        images, labels = (np.concatenate(part) for part in zip(*parts, strict=True))
        tensors = torch.from_numpy(images).view(-1, 3, SIZE, SIZE), torch.from_numpy(labels)
        return ImageSet(self.NAME, split, *tensors, self.CLASSES, standard=self.STANDARD)

    def _checked(self, batch: dict[bytes, Any], name: str) -> tuple[np.ndarray, np.ndarray]:
        images, labels = batch.get(b"data"), batch.get(self.LABELS)
        if not isinstance(images, np.ndarray) or images.dtype != np.uint8 or images.shape[1:] != (3 * SIZE * SIZE,):
            raise ValueError(f"{name} in {self.root} does not hold images as {self.NAME} does; get the archive anew")
        if not isinstance(labels, list) or len(labels) != len(images):
            raise ValueError(f"{name} in {self.root} does not hold one label for each of its {len(images)} images")
        return images, np.array(labels, dtype=np.int64)

    def _from_folders(self, split: str) -> ImageSet:
        folder = self.root / split
        if (found := class_folders(folder)) != tuple(sorted(self.CLASSES)):
            different = ", ".join(sorted(set(found) ^ set(self.CLASSES))[:5])
            raise ValueError(f"{folder} must hold the {len(self.CLASSES)} classes of {self.NAME}; wrong: {different}")
        files, labels, stems = find_images(folder, self.CLASSES)
        images = FolderImages(files, as_it_is)
        if images.shape[2:] != (SIZE, SIZE):
            raise ValueError(
                f"{files[0]} is not of {SIZE} x {SIZE} pixels; for images of another size take ImageFolder"
            )
        return ImageSet(self.NAME, split, images[:], labels, self.CLASSES, files=stems, standard=self.STANDARD)

    def _archive(self) -> Path:
        """Returns the archive or the unpacked folder."""
        if self.root.is_file() or (self.root / self.META).is_file():
            return self.root
        for name in (self.FOLDER, self.ARCHIVE):
            if (self.root / name).exists():
                return self.root / name
        raise ValueError(
            f"{self.root} holds neither {self.FOLDER}/ nor {self.ARCHIVE} nor train/ and test/;"
            f" `robustmoll data get {type(self).__name__} --root {self.root}` gets it"
        )


class CIFAR10(_Cifar):
    """60,000 photographs of 10 classes, 32 x 32 pixels, 10,000 of them for the test. A. Krizhevsky (2009)."""

    NAME = "cifar10"
    ARCHIVE = "cifar-10-python.tar.gz"
    FOLDER = "cifar-10-batches-py"
    TRAIN = ("data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5")
    TEST = ("test_batch",)
    META = "batches.meta"
    LABELS = b"labels"
    LABEL_NAMES = b"label_names"
    CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
    STANDARD = ((0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616))


class CIFAR100(_Cifar):
    """60,000 photographs of 100 classes, 32 x 32 pixels, 10,000 of them for the test. A. Krizhevsky (2009).

    The labels are the fine ones.
    """

    NAME = "cifar100"
    ARCHIVE = "cifar-100-python.tar.gz"
    FOLDER = "cifar-100-python"
    TRAIN = ("train",)
    TEST = ("test",)
    META = "meta"
    LABELS = b"fine_labels"
    LABEL_NAMES = b"fine_label_names"
    CLASSES = (
        *("apple", "aquarium_fish", "baby", "bear", "beaver", "bed", "bee", "beetle", "bicycle", "bottle"),
        *("bowl", "boy", "bridge", "bus", "butterfly", "camel", "can", "castle", "caterpillar", "cattle"),
        *("chair", "chimpanzee", "clock", "cloud", "cockroach", "couch", "crab", "crocodile", "cup", "dinosaur"),
        *("dolphin", "elephant", "flatfish", "forest", "fox", "girl", "hamster", "house", "kangaroo", "keyboard"),
        *("lamp", "lawn_mower", "leopard", "lion", "lizard", "lobster", "man", "maple_tree", "motorcycle", "mountain"),
        *("mouse", "mushroom", "oak_tree", "orange", "orchid", "otter", "palm_tree", "pear", "pickup_truck"),
        *("pine_tree", "plain", "plate", "poppy", "porcupine", "possum", "rabbit", "raccoon", "ray", "road"),
        *("rocket", "rose", "sea", "seal", "shark", "shrew", "skunk", "skyscraper", "snail", "snake", "spider"),
        *("squirrel", "streetcar", "sunflower", "sweet_pepper", "table", "tank", "telephone", "television"),
        *("tiger", "tractor", "train", "trout", "tulip", "turtle", "wardrobe", "whale", "willow_tree", "wolf"),
        *("woman", "worm"),
    )
    STANDARD = ((0.5071, 0.4865, 0.4409), (0.2673, 0.2564, 0.2762))


def read_files(place: Path, names: Sequence[str]) -> list[bytes]:
    """Reads files of a folder, or of an archive without unpacking it.

    Raises:
        ValueError: If one is missing, or the archive is damaged.
    """
    if place.is_dir():
        for name in names:
            if not (place / name).is_file():
                raise ValueError(f"{place / name} is missing; unpack the official archive again")
        return [(place / name).read_bytes() for name in names]
    try:
        with tarfile.open(place) as archive:
            found = {}
            for member in archive:
                if member.isfile() and (name := Path(member.name).name) in names:
                    found[name] = archive.extractfile(member).read()  # type: ignore[union-attr]
    except (tarfile.TarError, zlib.error, EOFError, OSError) as error:
        raise ValueError(f"{place} is no archive, or damaged: {error}; get it anew") from error
    if missing := [name for name in names if name not in found]:
        raise ValueError(f"{place} holds no {missing[0]}: it is not the official archive")
    return [found[name] for name in names]
