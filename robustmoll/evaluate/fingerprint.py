"""What a benchmark depends on, in 16 digits."""

import hashlib
from collections.abc import Iterable

import torch
from torch import Tensor

from robustmoll.data.image_set import ImageSet

__all__ = ["fingerprint", "fingerprint_images"]

PIECE = 256  # images at a time


def fingerprint(tensors: Iterable[Tensor]) -> str:
    """Returns the first digits of a hash of dtypes, shapes and values."""
    digest = hashlib.sha256()
    for tensor in tensors:
        _add(digest, tensor)
    return digest.hexdigest()[:16]


def fingerprint_images(data: ImageSet) -> str:
    """Returns the same of a set's images.

    Of images that are decoded when they are asked for, one piece in the middle stands for all: reading them all
    would take as long as a cell.
    """
    digest = hashlib.sha256(f"{data.images.dtype}{tuple(data.images.shape)}".encode())
    starts = range(0, len(data), PIECE) if isinstance(data.images, Tensor) else [max(len(data) - PIECE, 0) // 2]
    for start in starts:
        _add(digest, data.images[start : min(start + PIECE, len(data))])
    return digest.hexdigest()[:16]


def _add(digest: "hashlib._Hash", tensor: Tensor) -> None:
    digest.update(f"{tensor.dtype}{tuple(tensor.shape)}".encode())
    digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
