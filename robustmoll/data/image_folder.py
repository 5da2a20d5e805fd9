"""Any images in folders."""

from dataclasses import replace
from pathlib import Path

from robustmoll.data.folders import class_folders, find_images, holds_images, sub_folders
from robustmoll.data.image_set import ImageSet, Split, SplitData, split_rows
from robustmoll.data.images import Fit, FolderImages, cover

__all__ = ["ImageFolder"]

TRAIN_FOLDERS = ("train", "training")
TEST_FOLDERS = ("test", "testing", "val", "valid", "validation")


class ImageFolder(SplitData):
    """Images in one folder a class, in any format that Pillow reads.

    Either `root/train/<class>/*` and `root/test/<class>/*`, or `root/<class>/*`, of which a stratified share is held
    out for the test, the same one in every run; `root/test/<class>/*` alone can be measured on. Classes are the sorted
    folder names. Images of another size are scaled to cover `size` and cropped in the middle, before any augmentation.

    `train` may also be called training, and `test` testing, val, valid or validation (the first of these that is
    there), in upper or lower case, with or without `_set` behind it.

    A likelihood model needs no classes: of images in `root` itself, or below one sub-folder, all are of one class.

    A class may be called `train` or `test`: among folders of other names, `train` is a class if images lie in it
    itself. If it has sub-folders alone it is the training set, and the others are left aside; but they must not hold
    images then, as these might be classes.

    Args:
        root: The folder.
        size: Height and width in pixels, at least 8.
        channels: 1 for grey, 3 for RGB; images of another mode are converted.
        test_fraction: Share held out for the test where there is no test folder, in (0, 1).
        name: Of the data set in results; None takes the folder's name.
        in_memory: Decode the images once and keep them, which training needs; False decodes them when they are asked
            for, so that they never have to fit in memory.

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
        in_memory: bool = True,
    ) -> None:
        if size < 8 or channels not in (1, 3) or not 0 < test_fraction < 1:
            raise ValueError(
                "ImageFolder needs size >= 8, channels 1 or 3 and 0 < test_fraction < 1,"
                f" got {size=}, {channels=}, {test_fraction=}"
            )
        self.root, self.size, self.channels = Path(root).expanduser(), size, channels
        self.test_fraction, self.name, self.in_memory = test_fraction, name, in_memory

    def classes(self) -> tuple[str, ...]:
        train, test = self._roots()
        return class_folders(train or test)

    def part(self, split: Split, fit: Fit | None = None) -> ImageSet:
        train, test = self._roots()
        root, classes = train if split == "train" else test, _classes(train or test)
        if root is None:
            raise ValueError(f"{self.root} holds test images alone; to train, put others into {self.root / 'train'}")
        if (test_classes := _classes(test)) != classes:
            different = sorted(set(classes) ^ set(test_classes))
            raise ValueError(f"{train} and {test} must have the same classes, they differ in {different}")
        files, labels, stems = find_images(root, classes)
        images = FolderImages(files, fit or cover(self.size), self.channels)
        found = ImageSet(self.name or self.root.resolve().name, split, images, labels, classes, files=stems)
        if train == test:
            left, held_out = split_rows(labels, classes, self.test_fraction)
            found = found.select(left if split == "train" else held_out)
        return found if fit or not self.in_memory else replace(found, images=found.images[:])

    def _roots(self) -> tuple[Path | None, Path]:
        """Returns the folders of training and test: the same one if it is to be split, None if there is no training."""
        if not self.root.is_dir():
            seen_from = "" if self.root.is_absolute() else f" in {Path.cwd()}, where this runs"
            raise ValueError(f"data folder {self.root} does not exist{seen_from}; give one with class sub-folders")
        folders = (path for path in self.root.iterdir() if path.is_dir() and path.name[0] != ".")
        there = sorted(folders, key=_plain_name)
        train = next((path for path in there if _plain_name(path) in TRAIN_FOLDERS), None)
        test = next((path for path in there if _plain_name(path) in TEST_FOLDERS), None)
        others = [path for path in there if path != train and _plain_name(path) not in TEST_FOLDERS]
        if train and not (others and holds_images(train, deeper=False)):
            if other := next((path for path in others if holds_images(path, deeper=True)), None):
                raise ValueError(
                    f"{train} has sub-folders alone, so it is no class, but {other} beside it holds images too;"
                    f" move that elsewhere, or rename {train.name} if it is a class"
                )
            return train, test or train
        # A class may well be called "valid", but hardly all of them are called like that.
        return (None, test) if test and not others else (self.root, self.root)


def _classes(root: Path) -> tuple[str, ...]:
    """Returns the names of the class folders; "." if there are none, but images."""
    return (".",) if len(sub_folders(root)) < 2 and holds_images(root, deeper=True) else class_folders(root)


def _plain_name(folder: Path) -> str:
    return folder.name.lower().removesuffix("_set")
