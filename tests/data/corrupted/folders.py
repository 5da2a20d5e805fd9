"""-C sets in class folders, as ImageNet-C was published."""

from pathlib import Path

import torch
from PIL import Image

from robustmoll.data import ImageSet

__all__ = ["make_folders"]


def make_folders(
    root: Path, names: tuple[str, ...] = ("fog", "frost"), classes: int = 3, each: int = 2, severities: int = 5
) -> ImageSet:
    """A set of class folders whose pixels tell severity, class and image; returns its clean set."""
    folders = tuple(f"n{label:08d}" for label in range(classes))
    for name in names:
        for severity in range(1, severities + 1):
            for label, folder in enumerate(folders):
                (root / name / str(severity) / folder).mkdir(parents=True)
                for i in range(each):
                    picture = Image.new("RGB", (64, 64), (10 * severity, label % 256, i))
                    picture.save(root / name / str(severity) / folder / f"val_{i}.JPEG", quality=100, subsampling=0)
    labels = torch.arange(classes).repeat_interleave(each)
    return ImageSet("tiny", "test", torch.zeros(len(labels), 3, 64, 64, dtype=torch.uint8), labels, folders)
