"""The call of the original package `imagenet_c`, for one NumPy array or PIL image at a time.

    from robustmoll.corruptions.compat import corrupt

    y = corrupt(image, severity=3, corruption_name="fog")

Differences: the draws do not come from NumPy's global generator but from the seed and the pixels of the
image, so that the same image is always corrupted alike and two images never are; images of any size from 16
pixels, grey ones and fractions of severities are accepted; a PIL image comes back as one.
"""

import hashlib
from typing import TypeVar

import numpy as np
import torch
from PIL import Image

from robustmoll.corruptions import ALL, engine

Picture = TypeVar("Picture", np.ndarray, Image.Image)


def corrupt(
    image: Picture,
    severity: float = 1,
    corruption_name: str | None = None,
    corruption_number: int = -1,
    *,
    preset: str = "imagenet",
    seed: int = 0,
) -> Picture:
    """Corrupts one image.

    Args:
        image: uint8 array of shape (H, W, 3), (H, W, 1) or (H, W), or a PIL image, which is read as RGB or
            grey.
        severity: 0 (the identity) to 5.
        corruption_name: One of `ALL`; it goes before the number.
        corruption_number: Position in `ALL`, where the original's come in its order, if no name is given.
        preset: Table of constants; the package has those of "imagenet" only.
        seed: Any integer.

    Returns:
        A corrupted copy: array for array, PIL image for PIL image.

    Raises:
        ValueError: If neither name nor number says which corruption, or an argument is not as described.

    Example:
        >>> grey = np.full((32, 32, 3), 100, dtype=np.uint8)
        >>> corrupt(grey, severity=3, corruption_name="brightness")[0, 0].tolist()
        [176, 176, 176]
    """
    if corruption_name is None:
        if not 0 <= corruption_number < len(ALL):
            last = len(ALL) - 1
            raise ValueError(
                f"give a corruption_name, or a corruption_number from 0 to {last}, got {corruption_number}"
            )
        corruption_name = ALL[corruption_number]
    if isinstance(image, Image.Image):
        readable = image if image.mode in ("L", "RGB") else image.convert("RGB")
        return Image.fromarray(corrupt_array(np.asarray(readable), corruption_name, severity, preset, seed))
    return corrupt_array(np.asarray(image), corruption_name, severity, preset, seed)


def corrupt_array(image: np.ndarray, name: str, severity: float, preset: str, seed: int) -> np.ndarray:
    """Corrupts one uint8 array of shape (H, W) or (H, W, C)."""
    if image.dtype != np.uint8 or image.ndim not in (2, 3):
        raise ValueError(f"expected a uint8 image of shape (H, W, C), got {image.dtype} {image.shape}")
    pixels = np.ascontiguousarray(image)
    digest = hashlib.blake2b(pixels.tobytes(), digest_size=8).digest()
    x = torch.from_numpy(pixels.reshape(*image.shape[:2], -1).copy()).permute(2, 0, 1)[None]
    y = engine.corrupt(x, name, severity, preset, seed, ids=[int.from_bytes(digest, "little", signed=True)])
    return y[0].permute(1, 2, 0).contiguous().numpy().reshape(image.shape)
