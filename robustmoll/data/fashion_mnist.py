"""Fashion-MNIST from its four IDX files."""

import gzip
import zlib
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from robustmoll.data.image_set import ImageSet, Split, SplitData
from robustmoll.data.images import Fit

__all__ = ["FashionMNIST"]

STANDARD = (0.2860,), (0.3530,)
PREFIXES = {"train": "train", "test": "t10k"}


class FashionMNIST(SplitData):
    """60,000 + 10,000 grey pictures of clothes in 10 classes, 28 x 28 pixels. H. Xiao, K. Rasul, R. Vollgraf (2017).

    Args:
        root: The folder of the files `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`, `t10k-images-idx3-ubyte` and
            `t10k-labels-idx1-ubyte`, as they are or with the suffix .gz.
    """

    def __init__(self, root: str) -> None:
        self.root = Path(root).expanduser()

    def classes(self) -> tuple[str, ...]:
        return (
            *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
            *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
        )

    def part(self, split: Split, fit: Fit | None = None) -> ImageSet:
        images = torch.from_numpy(self._read(f"{PREFIXES[split]}-images-idx3-ubyte", 3)[:, None])
        labels = torch.from_numpy(self._read(f"{PREFIXES[split]}-labels-idx1-ubyte", 1).astype(np.int64))
        return ImageSet("fashion_mnist", split, images, labels, self.classes(), standard=STANDARD)

    def _read(self, name: str, dimensions: int) -> NDArray[np.uint8]:
        """Reads an IDX file: two zeros, 8 for uint8, the number of dimensions, each as four bytes, the numbers."""
        path = next((path for path in (self.root / name, self.root / f"{name}.gz") if path.is_file()), None)
        if path is None:
            raise ValueError(
                f"{self.root / name} is missing, and so is {name}.gz;"
                f" `robustmoll data get FashionMNIST --root {self.root}` gets it"
            )
        try:
            content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        except (OSError, EOFError, zlib.error) as error:
            raise ValueError(f"{path} is damaged: {error}; get it anew") from error
        start = 4 + 4 * dimensions
        shape = np.frombuffer(content[4:start], ">u4").tolist()
        if content[:4] != bytes((0, 0, 8, dimensions)) or len(content) != start + np.prod(shape, dtype=np.int64):
            raise ValueError(f"{path} is no IDX file of uint8 in {dimensions} dimensions, or cut off; get it anew")
        return np.frombuffer(content, np.uint8, offset=start).reshape(shape).copy()
