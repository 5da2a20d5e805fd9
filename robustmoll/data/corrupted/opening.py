"""Opens a -C set of any known layout."""

from pathlib import Path

from robustmoll.data.corrupted.corrupted_set import CorruptedSet
from robustmoll.data.corrupted.manifest import MANIFEST
from robustmoll.data.corrupted.published import open_folders, open_npy
from robustmoll.data.corrupted.written import open_written
from robustmoll.data.image_set import ImageSet

__all__ = ["open_corrupted"]


def open_corrupted(path: str | Path, clean: ImageSet) -> CorruptedSet:
    """Opens the folder of a -C set; of its images, only what is asked for is ever read.

    Three layouts are known: what `robustmoll corrupt` writes, with its manifest; one npy file a corruption with
    labels.npy, as CIFAR-10-C and CIFAR-100-C; `<corruption>/<severity>/<class>/<file>`, as TinyImageNet-C and
    ImageNet-C. The files of class folders count in the order of their paths, class by class, and so must the clean
    images. (Those of TinyImageNet-C show other pictures than the clean ones: its authors cropped anew.)

    Args:
        path: The folder.
        clean: The clean test set that it was made from; for what `robustmoll corrupt` wrote, at the size it had then.

    Raises:
        ValueError: If the folder holds no such set, or one that does not fit the clean images: other labels, another
            number or size of images, other classes; or, where a manifest tells, other pixels or files.
    """
    folder = Path(path).expanduser()
    if not folder.is_dir():
        raise ValueError(f"folder {folder} of corrupted images does not exist")
    if (folder / MANIFEST).exists():
        return open_written(folder, clean)
    if (folder / "labels.npy").exists():
        return open_npy(folder, clean)
    return open_folders(folder, clean)
