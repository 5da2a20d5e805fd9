"""ImageNet (ILSVRC 2012) in class folders."""

import re
from pathlib import Path

from robustmoll.data.folders import class_folders, find_images
from robustmoll.data.image_set import ImageSet, Split, SplitData
from robustmoll.data.images import Fit, FolderImages, crop

__all__ = ["ImageNet"]

STANDARD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
CLASSES = 1000
FOLDERS = {"train": "train", "test": "val"}


class ImageNet(SplitData):
    """1,281,167 photographs of 1,000 classes and 50,000 for the test. O. Russakovsky et al. (2015).

    The folders are `train/<WordNet id>/*` and `val/<WordNet id>/*`; labels are positions in the sorted list of ids, as
    in every published network. Pictures are decoded when they are asked for: their shorter side is scaled to
    size / crop_pct and the middle is cropped, which with the defaults is what ImageNet-C was made from.

    Training pictures are cropped so as well, since an augmentation takes batches of one size: `RandomResizedCrop` draws
    its box from that square, where the usual recipe draws it from the whole photograph. The sides of a photograph are
    never seen in training; `crop_pct=1.0` keeps the most of it.

    Args:
        root: The folder that holds `train` and `val`.
        size: Height and width in pixels, at least 16.
        crop_pct: Share of the scaled picture's shorter side that the crop keeps, in (0, 1].
        interpolation: "bilinear" or "bicubic".

    Raises:
        ValueError: If an argument is out of its range.
    """

    def __init__(self, root: str, size: int = 224, crop_pct: float = 0.875, interpolation: str = "bilinear") -> None:
        if size < 16 or not 0 < crop_pct <= 1 or interpolation not in ("bilinear", "bicubic"):
            raise ValueError(
                "ImageNet needs size >= 16, 0 < crop_pct <= 1 and interpolation bilinear or bicubic,"
                f" got {size=}, {crop_pct=}, {interpolation=}"
            )
        self.root, self.size = Path(root).expanduser(), size
        self.crop_pct, self.interpolation = crop_pct, interpolation

    def classes(self) -> tuple[str, ...]:
        return class_ids(self.root / FOLDERS["test"])

    def part(self, split: Split, fit: Fit | None = None) -> ImageSet:
        classes, folder = self.classes(), self.root / FOLDERS[split]
        if different := sorted(set(class_ids(folder)) ^ set(classes)):
            raise ValueError(f"train and val in {self.root} differ in the classes {different[:5]}")
        files, labels, stems = find_images(folder, classes)
        images = FolderImages(files, fit or crop(self.size, self.crop_pct, self.interpolation))
        return ImageSet("imagenet", split, images, labels, classes, files=stems, standard=STANDARD)


def class_ids(folder: Path) -> tuple[str, ...]:
    """Returns the sorted WordNet ids that are the names of a folder's sub-folders.

    Raises:
        ValueError: If they are not 1,000 of them, or one is no such id.
    """
    names = class_folders(folder)
    if wrong := [name for name in names if not re.fullmatch(r"n\d{8}", name)]:
        raise ValueError(f"{folder / wrong[0]} is not named by a WordNet id such as n01440764")
    if len(names) != CLASSES:
        raise ValueError(
            f"{folder} has {len(names)} classes, ImageNet has {CLASSES:,}; for a part of it take ImageFolder"
        )
    return names
