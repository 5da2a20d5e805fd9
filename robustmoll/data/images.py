"""Images behind an index: in memory, mapped from a file, or in files that are decoded when they are asked for."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor

__all__ = ["Fit", "FolderImages", "Images", "as_it_is", "cover", "crop", "read_picture", "subset"]

SIXTEEN_BITS = ("PNG", "PPM")  # formats of which Pillow gives levels 0 to 65535 in mode I
Fit = Callable[[Image.Image], Tensor]
"""Brings a picture of any size to the one size of its set: uint8, shape (C, H, W)."""


class Images(Protocol):
    """Images of one size behind an index.

    `len`, `shape` (N, C, H, W) and `dtype` (uint8) cost nothing; only `images[rows]` reads, and what it gives is a
    tensor of shape (B, C, H, W).
    """

    @property
    def shape(self) -> Sequence[int]: ...

    @property
    def dtype(self) -> torch.dtype: ...

    def __len__(self) -> int: ...

    def __getitem__(self, rows: slice | Tensor, /) -> Tensor: ...


def subset(images: Images, rows: Tensor) -> Images:
    """Returns some of the images, decoded only if all are."""
    if isinstance(images, FolderImages):
        return FolderImages([images.files[row] for row in rows.tolist()], images.fit, images.channels)
    return images[rows]


class FolderImages:
    """Images in files, of one size once they are fitted; they never have to fit in memory. See `Images`.

    Args:
        files: Their paths, at least one. The first is decoded at once, which tells the size of all.
        fit: Brings a picture to that size.
        channels: 1 for grey, 3 for RGB; images of another mode are converted.

    Raises:
        ValueError: If a file is no image, or has another size than the first; the message names it.
    """

    dtype = torch.uint8

    def __init__(self, files: Sequence[str], fit: Fit, channels: int = 3) -> None:
        self.files, self.fit, self.channels = list(files), fit, channels
        self.shape = torch.Size((len(self.files), *self._fitted(self.files[0]).shape))

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, rows: slice | Tensor) -> Tensor:
        """Decodes images; uint8, shape (B, C, H, W)."""
        chosen = range(len(self))[rows] if isinstance(rows, slice) else torch.arange(len(self))[rows].tolist()
        images = torch.empty((len(chosen), *self.shape[1:]), dtype=torch.uint8)

        with ThreadPoolExecutor() as pool:  # Pillow's decoders release the interpreter lock
            # Written here, as the pool's threads know nothing of an inference mode around this call.
            for place, image in enumerate(pool.map(self._checked, [self.files[row] for row in chosen])):
                images[place] = image
        return images

    def _fitted(self, file: str) -> Tensor:
        return self.fit(read_picture(file, self.channels))

    def _checked(self, file: str) -> Tensor:
        image = self._fitted(file)
        if image.shape != self.shape[1:]:
            (_, height, width), (_, first_height, first_width) = image.shape, self.shape[1:]
            raise ValueError(
                f"{file} is {height} x {width} pixels, but {self.files[0]} is {first_height} x {first_width};"
                " images of a set must have one size"
            )
        return image


def read_picture(file: str | Path, channels: int = 3) -> Image.Image:
    """Decodes an image file, upright, in mode L or RGB.

    Grey levels of 16 bits are scaled to 8. Those of 32 bits or in floating point have no level that is known to be
    white, and are refused.

    Raises:
        ValueError: If the file is damaged, no image, or of such levels; the message names it.
    """
    try:
        with Image.open(file) as picture:
            upright = _eight_bits(ImageOps.exif_transpose(picture), picture.format)
            return upright.convert("L" if channels == 1 else "RGB")
    except Exception as error:  # of a damaged file, a decoder can raise anything
        told = " ".join(str(error).split()) or type(error).__name__
        raise ValueError(f"cannot read image {file}: {told}; replace or remove the file") from error


def _eight_bits(picture: Image.Image, kind: str | None) -> Image.Image:
    # Pillow would clip grey levels at 255 instead of scaling them.
    if picture.mode.startswith("I;16") or (picture.mode == "I" and kind in SIXTEEN_BITS):
        return Image.fromarray((np.asarray(picture) // 257).astype(np.uint8))
    if picture.mode in ("I", "F"):
        raise ValueError(f"in Pillow's mode {picture.mode} no grey level is known to be white, convert it to 8 bits")
    return picture


def as_it_is(picture: Image.Image) -> Tensor:
    """Returns a picture as a uint8 tensor of shape (C, H, W)."""
    pixels = np.array(picture, dtype=np.uint8)
    return torch.from_numpy(pixels.reshape(*pixels.shape[:2], -1)).permute(2, 0, 1)


def cover(size: int) -> Fit:
    """Returns a function that scales a picture until it covers size x size, and crops the middle (bicubic)."""
    return partial(_covering, (size, size))  # processes that decode may have to pickle it, so it is no local function


def _covering(size: tuple[int, int], picture: Image.Image) -> Tensor:
    return as_it_is(picture if picture.size == size else ImageOps.fit(picture, size, Image.Resampling.BICUBIC))


def crop(size: int, crop_pct: float, interpolation: str) -> Fit:
    """Returns timm's transform of evaluation: the shorter side to floor(size / crop_pct), then the middle.

    Args:
        size: Height and width of the crop in pixels.
        crop_pct: Share of the shorter side that it keeps, in (0, 1].
        interpolation: "bilinear" or "bicubic".
    """
    from timm.data import create_transform  # imports all networks

    transform: Callable[[Image.Image], Tensor] = create_transform(
        (3, size, size), interpolation=interpolation, crop_pct=crop_pct, crop_mode="center", normalize=False
    )
    return transform
