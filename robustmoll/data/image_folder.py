"""Any images in class sub-folders, decoded once and kept in memory as uint8."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor

from robustmoll.data.image_set import Data, ImageSet, split

__all__ = ["ImageFolder"]

TEST_FOLDERS = ("test", "val", "valid", "validation")


class ImageFolder(Data):
    """Images in one folder a class, in any format that Pillow reads.

    Either `root/train/<class>/*` and `root/test/<class>/*` (or val, valid, validation), or `root/<class>/*`, of which a
    stratified share is held out for the test, the same one in every run. Classes are the sorted folder names. Images of
    another size are scaled to cover `size` and cropped in the middle.

    Args:
        root: The folder.
        size: Height and width in pixels, at least 8. All images are kept in memory: 32 to 64 is what this is for.
        channels: 1 for grey, 3 for RGB; images of another mode are converted.
        test_fraction: Share held out for the test where there is no test folder, in (0, 1).
        name: Of the data set in results; None takes the folder's name.

    Raises:
        ValueError: If an argument is out of its range.
    """

    def __init__(
        self,
        root: str,
        size: int = 32,
        channels: int = 3,
        test_fraction: float = 0.2,
        name: str | None = None,
    ) -> None:
        if size < 8 or channels not in (1, 3) or not 0 < test_fraction < 1:
            raise ValueError(
                "ImageFolder needs size >= 8, channels 1 or 3 and 0 < test_fraction < 1,"
                f" got {size=}, {channels=}, {test_fraction=}"
            )
        self.root, self.size, self.channels = Path(root).expanduser(), size, channels
        self.test_fraction, self.name = test_fraction, name

    def classes(self) -> tuple[str, ...]:
        return class_folders(self._train_root())

    def load(self) -> tuple[ImageSet, ImageSet]:
        train_root, classes = self._train_root(), self.classes()
        test_root = next((path for name in TEST_FOLDERS if (path := self.root / name).is_dir()), None)
        if test_root is None or train_root == self.root:
            return split(self._read(train_root, "train", classes), self.test_fraction)
        if (test_classes := class_folders(test_root)) != classes:
            different = sorted(set(classes) ^ set(test_classes))
            raise ValueError(f"{train_root} and {test_root} must have the same classes, they differ in {different}")
        return self._read(train_root, "train", classes), self._read(test_root, "test", classes)

    def _train_root(self) -> Path:
        if not self.root.is_dir():
            raise ValueError(f"data folder {self.root} does not exist; give one with class sub-folders")
        return self.root / "train" if (self.root / "train").is_dir() else self.root

    def _read(self, root: Path, split: str, classes: tuple[str, ...]) -> ImageSet:
        files: list[Path] = []
        labels: list[int] = []
        for label, name in enumerate(classes):
            found = image_files(root / name)
            if not found:
                raise ValueError(f"class folder {root / name} holds no images; add some or remove the folder")
            files += found
            labels += [label] * len(found)
        return ImageSet(
            self.name or self.root.resolve().name, split, self._decode(files), torch.tensor(labels), classes
        )

    def _decode(self, files: list[Path]) -> Tensor:
        images = np.empty((len(files), self.size, self.size, self.channels), dtype=np.uint8)

        def read(row: int) -> None:
            images[row] = read_image(files[row], self.size, self.channels)

        with ThreadPoolExecutor() as pool:  # Pillow's decoders release the interpreter lock
            for _ in pool.map(read, range(len(files)), chunksize=64):
                pass
        return torch.from_numpy(images).permute(0, 3, 1, 2).contiguous()


def class_folders(root: Path) -> tuple[str, ...]:
    """Returns the sorted names of the sub-folders that `root` must have."""
    names = tuple(sorted(path.name for path in root.iterdir() if path.is_dir() and not path.name.startswith(".")))
    if len(names) < 2:
        raise ValueError(f"{root} has {len(names)} class sub-folders, at least 2 are needed")
    return names


def image_files(folder: Path) -> list[Path]:
    """Returns the files below `folder` whose suffix Pillow knows, sorted by path."""
    suffixes = Image.registered_extensions()
    return sorted(path for path in _files(folder) if path.suffix.lower() in suffixes)


def _files(folder: Path) -> Iterable[Path]:
    return (path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))


def read_image(path: Path, size: int, channels: int) -> NDArray[np.uint8]:
    """Decodes one image, covers size x size and crops the middle; uint8, shape (size, size, channels).

    Raises:
        ValueError: If the file is damaged or no image; the message names it.
    """
    try:
        with Image.open(path) as file:
            image = _eight_bits(ImageOps.exif_transpose(file)).convert("L" if channels == 1 else "RGB")
    except (OSError, UnidentifiedImageError, SyntaxError, Image.DecompressionBombError) as error:
        raise ValueError(f"cannot read image {path}: {error}; replace or remove the file") from error
    if image.size != (size, size):
        image = ImageOps.fit(image, (size, size), Image.Resampling.BICUBIC)
    return np.asarray(image, dtype=np.uint8).reshape(size, size, channels)


def _eight_bits(image: Image.Image) -> Image.Image:
    # Pillow would clip 16-bit grey levels at 255 instead of scaling them.
    return Image.fromarray((np.asarray(image) // 257).astype(np.uint8)) if image.mode.startswith("I;16") else image
