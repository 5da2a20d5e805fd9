"""TinyImageNet-200 in its official layout."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import torch

from robustmoll.data.folders import LabelledFiles, class_folders, find_images
from robustmoll.data.image_set import ImageSet, Split, SplitData
from robustmoll.data.images import Fit, FolderImages, as_it_is

__all__ = ["TinyImageNet"]

STANDARD = (0.4802, 0.4481, 0.3975), (0.2770, 0.2691, 0.2821)


class TinyImageNet(SplitData):
    """110,000 photographs of 200 of ImageNet's classes, 64 x 64 pixels (Stanford CS231n, 2015).

    Labels are positions in the sorted list of WordNet ids, which is not the order of wnids.txt. The official test
    images have no published labels, so the 10,000 of `val` are the test set, as is usual; they are sorted by class,
    then by file name, like those of every -C set in class folders.

    Args:
        root: The folder `tiny-imagenet-200`, or the one that holds it.
    """

    def __init__(self, root: str) -> None:
        given = Path(root).expanduser()
        self.root = given / "tiny-imagenet-200" if (given / "tiny-imagenet-200").is_dir() else given

    def classes(self) -> tuple[str, ...]:
        path = self.root / "wnids.txt"
        if not path.is_file():
            raise ValueError(
                f"{path} is missing, so {self.root} is not tiny-imagenet-200;"
                f" `robustmoll data get TinyImageNet --root {self.root}` gets it"
            )
        return tuple(sorted(path.read_text(encoding="utf-8").split()))

    def part(self, split: Split, fit: Fit | None = None) -> ImageSet:
        files, labels, stems = self._train() if split == "train" else self._val()
        images = FolderImages(files, as_it_is)[:]
        return ImageSet("tiny_imagenet", split, images, labels, self.classes(), files=stems, standard=STANDARD)

    def _train(self) -> LabelledFiles:
        classes, folder = self.classes(), self.root / "train"
        _check_classes(folder, class_folders(folder), classes)
        return find_images(folder, classes)

    def _val(self) -> LabelledFiles:
        classes, labelled = self.classes(), self._labelled()
        _check_classes(self.root / "val" / "val_annotations.txt", labelled.values(), classes)
        order = sorted(labelled, key=lambda file: (labelled[file], file))
        folder = self.root / "val" / "images"
        if missing := next((file for file in order if not (folder / file).is_file()), None):
            raise ValueError(f"{folder / missing} is missing, but val_annotations.txt has its label")
        labels = torch.tensor([classes.index(labelled[file]) for file in order])
        stems = tuple(Path(file).stem for file in order)
        return LabelledFiles([str(folder / file) for file in order], labels, stems)

    def _labelled(self) -> dict[str, str]:
        """Returns the class of each file."""
        path = self.root / "val" / "val_annotations.txt"
        if not path.is_file():
            raise ValueError(
                f"{path} is missing; it has the labels of val/images/ (for another layout take ImageFolder)"
            )
        rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]
        if bad := next((number for number, row in enumerate(rows, 1) if len(row) < 2), None):
            raise ValueError(f"{path}, line {bad} is not '<file> <class> <box>', separated by tabs")
        return {row[0]: row[1] for row in rows}


def _check_classes(place: Path, found: Iterable[str], classes: Sequence[str]) -> None:
    """Raises a ValueError if a place has other classes than wnids.txt."""
    if different := sorted(set(found) ^ set(classes)):
        raise ValueError(f"{place} must have the classes of wnids.txt; they differ in {', '.join(different[:5])}")
