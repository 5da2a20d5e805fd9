from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from PIL import Image

from robustmoll.data import TinyImageNet

WNIDS = ("n02", "n10", "n01")  # not in order, as in the official file


def make(root: Path, images: int = 2) -> Path:
    """Images whose red is their class in the sorted list, and whose green tells them apart."""
    root = root / "tiny-imagenet-200"
    rows = []
    (root / "val" / "images").mkdir(parents=True)
    (root / "wnids.txt").write_text("\n".join(WNIDS) + "\n")
    for label, name in enumerate(sorted(WNIDS)):
        (root / "train" / name / "images").mkdir(parents=True)
        for i in range(images):
            picture = Image.new("RGB", (64, 64), (label, i, 0))
            picture.save(root / "train" / name / "images" / f"{name}_{i}.png")
            file = f"val_{3 * i + (label + 1) % 3}.png"  # classes come in turns
            picture.save(root / "val" / "images" / file)
            rows.append(f"{file}\t{name}\t0\t0\t63\t63\n")
    (root / "val" / "val_annotations.txt").write_text("".join(sorted(rows)))
    return root


def test_labels_are_places_in_the_sorted_list(tmp_path: Path) -> None:
    root = make(tmp_path)
    for given in (root, tmp_path):
        train, test = TinyImageNet(str(given)).load()
        assert train.classes == test.classes == TinyImageNet(str(given)).classes() == ("n01", "n02", "n10")
        for part in (train, test):
            assert part.labels.tolist() == part.images[:, 0, 0, 0].tolist() == [0, 0, 1, 1, 2, 2]
            assert part.images[:, 1, 0, 0].tolist() == [0, 1] * 3
    assert test.files == ("val_1", "val_4", "val_2", "val_5", "val_0", "val_3")
    assert torch.equal(TinyImageNet(str(root)).test().images[:], test.images[:])


def test_names_are_read_whatever_the_locale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = make(tmp_path)
    (root / "val" / "images" / "val_0.png").rename(root / "val" / "images" / "välkommen.png")
    path = root / "val" / "val_annotations.txt"
    path.write_bytes(path.read_bytes().replace(b"val_0.png", "välkommen.png".encode()))
    monkeypatch.setattr("io.text_encoding", lambda encoding, stacklevel=2: encoding or "latin-1")
    assert "välkommen" in TinyImageNet(str(root)).test().files


def without_annotations(root: Path) -> None:
    (root / "val" / "val_annotations.txt").unlink()


def without_a_picture(root: Path) -> None:
    (root / "val" / "images" / "val_3.png").unlink()


def with_a_strange_class(root: Path) -> None:
    path = root / "val" / "val_annotations.txt"
    path.write_text(path.read_text().replace("n10", "n99"))


def with_a_torn_line(root: Path) -> None:
    path = root / "val" / "val_annotations.txt"
    path.write_text(path.read_text() + "val_9.png")


def without_rows_of_a_class(root: Path) -> None:
    path = root / "val" / "val_annotations.txt"
    path.write_text("".join(line for line in path.read_text().splitlines(True) if "n10" not in line))


def without_rows(root: Path) -> None:
    (root / "val" / "val_annotations.txt").write_text("")


def without_a_training_class(root: Path) -> None:
    (root / "train" / "n10").rename(root / "train" / "n11")


def without_wnids(root: Path) -> None:
    (root / "wnids.txt").unlink()


@pytest.mark.parametrize(
    "spoil, message",
    [
        (without_annotations, "val_annotations.txt is missing; it has the labels"),
        (without_a_picture, "val_3.png is missing, but val_annotations.txt has its label"),
        (with_a_strange_class, "annotations.txt must have the classes of wnids.txt; they differ in n10, n99"),
        (with_a_torn_line, "line 7 is not '<file> <class> <box>'"),
        (without_rows_of_a_class, "annotations.txt must have the classes of wnids.txt; they differ in n10"),
        (without_rows, "annotations.txt must have the classes of wnids.txt; they differ in n01, n02, n10"),
        (without_a_training_class, "train must have the classes of wnids.txt; they differ in n10, n11"),
        (without_wnids, "wnids.txt is missing, so .* is not tiny-imagenet-200"),
    ],
)
def test_another_layout_is_refused(tmp_path: Path, spoil: Callable[[Path], None], message: str) -> None:
    root = make(tmp_path)
    spoil(root)
    with pytest.raises(ValueError, match=message):
        TinyImageNet(str(root)).load()
