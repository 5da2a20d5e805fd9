from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from robustmoll.data import ImageFolder
from tests.data.samples import make_folder, write_image


@pytest.mark.parametrize(
    "splits",
    [
        *(("train", "test"), ("train", "val"), ("train", "validation"), ("Train", "Test"), ("TRAIN", "Valid")),
        *(("training", "testing"), ("training_set", "test_set"), ("Train_Set", "Val_Set")),
    ],
)
def test_folder_with_its_own_test_images(tmp_path: Path, splits: tuple[str, str]) -> None:
    data = ImageFolder(str(make_folder(tmp_path, splits)), size=8)
    train, test = data.load()
    assert data.classes() == train.classes == test.classes == ("cat", "dog")
    assert train.labels.tolist() == test.labels.tolist() == [0, 0, 0, 1, 1, 1]
    assert train.images[:, 0, 0, 0].tolist() == [0, 1, 2, 100, 101, 102]
    assert train.images.shape == (6, 3, 8, 8) and train.name == tmp_path.name


@pytest.mark.parametrize("splits", [("val",), ("test", "val"), ("Testing",)])
def test_test_images_alone_can_be_measured_on_but_not_trained(tmp_path: Path, splits: tuple[str, ...]) -> None:
    data = ImageFolder(str(make_folder(tmp_path, splits)), size=8)
    assert data.classes() == data.test().classes == ("cat", "dog")
    assert data.test().images[:, 0, 0, 0].tolist() == [0, 1, 2, 100, 101, 102]
    with pytest.raises(ValueError, match=r"holds test images alone; to train, put others into .*train"):
        data.load()


def test_test_images_go_before_validation(tmp_path: Path) -> None:
    write_image(make_folder(tmp_path, ("train", "Validation", "test")) / "Validation" / "cat" / "9.png")
    assert ImageFolder(str(tmp_path), size=8).test().files == ("0", "1", "2") * 2


def test_a_class_may_be_called_like_a_split(tmp_path: Path) -> None:
    (make_folder(tmp_path, ("",), images=10) / "cat").rename(tmp_path / "valid")
    assert ImageFolder(str(tmp_path), size=8).load()[0].classes == ("dog", "valid")


@pytest.mark.parametrize("names", [("train",), ("train", "val"), ("training", "training_set")])
def test_a_class_called_train_beside_others_is_a_class(tmp_path: Path, names: tuple[str, ...]) -> None:
    make_folder(tmp_path, ("",), images=10)
    for name in names:
        for i in range(10):
            write_image(tmp_path / name / f"{i}.png")
    train, _ = ImageFolder(str(tmp_path), size=8).load()
    assert train.classes == ("cat", "dog", *names)
    assert torch.bincount(train.labels).tolist() == [8] * len(train.classes)


@pytest.mark.parametrize("splits", [("train",), ("train", "test"), ("Training", "Test")])
def test_folders_without_images_beside_the_training_set_are_left_aside(tmp_path: Path, splits: tuple[str, ...]) -> None:
    (make_folder(tmp_path, splits, images=10) / "labels" / "train").mkdir(parents=True)
    (tmp_path / "labels" / "train" / "0.txt").write_text("cat")
    assert ImageFolder(str(tmp_path), size=8).load()[0].classes == ("cat", "dog")


@pytest.mark.parametrize("name", ["bird", "training_set"])
def test_images_beside_a_training_set_are_not_left_aside_in_silence(tmp_path: Path, name: str) -> None:
    write_image(make_folder(tmp_path) / name / "perched" / "0.png")
    message = rf"train has sub-folders alone, so it is no class, but .*{name} beside it holds .* rename train if"
    with pytest.raises(ValueError, match=message):
        ImageFolder(str(tmp_path), size=8).load()


def test_files_that_pillow_only_writes_are_no_images(tmp_path: Path) -> None:
    (make_folder(tmp_path) / "train" / "cat" / "licence.pdf").write_bytes(b"%PDF-1.4")
    picture = Image.new("RGB", (9, 9))
    picture.save(tmp_path / "train" / "cat" / "two.mpo", "MPO", save_all=True, append_images=[picture])
    assert ImageFolder(str(tmp_path), size=8).load()[0].files[:4] == ("0", "1", "2", "two")


def test_hidden_folders_hold_no_images_of_a_class(tmp_path: Path) -> None:
    cat = make_folder(tmp_path / "data") / "train" / "cat"
    for name in (".ipynb_checkpoints", ".Trash/deeper"):
        write_image(cat / name / "9.png")
    assert ImageFolder(str(tmp_path / "data"), size=8).load()[0].files == ("0", "1", "2") * 2


def test_links_are_followed_to_each_folder_once(tmp_path: Path) -> None:
    cat = make_folder(tmp_path / "data") / "train" / "cat"
    write_image(tmp_path / "elsewhere" / "9.png")
    (cat / "more").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "back").symlink_to(cat)
    (cat / "self").symlink_to(".")
    assert ImageFolder(str(tmp_path / "data"), size=8).load()[0].files == (*"012", "more/9", *"012")


@pytest.mark.parametrize("splits", [("train",), ("",)])
def test_folder_without_test_images_is_split_by_class(tmp_path: Path, splits: tuple[str, ...]) -> None:
    data = ImageFolder(str(make_folder(tmp_path, splits, images=10)), size=8)
    (train, test), (again, _) = data.load(), data.load()
    assert torch.bincount(train.labels).tolist() == [8, 8] and torch.bincount(test.labels).tolist() == [2, 2]
    assert torch.equal(train.images, again.images)


@pytest.mark.parametrize(
    ("suffix", "mode"), [("png", "RGB"), ("jpg", "RGB"), ("bmp", "L"), ("png", "RGBA"), ("gif", "P"), ("png", "I;16")]
)
@pytest.mark.parametrize("channels", [1, 3])
def test_formats_and_modes_are_read(tmp_path: Path, suffix: str, mode: str, channels: int) -> None:
    make_folder(tmp_path)
    path = tmp_path / "train" / "cat" / f"other.{suffix}"
    Image.fromarray(np.zeros((9, 9), np.uint16)).save(path) if mode == "I;16" else Image.new(mode, (9, 9)).save(path)
    train, _ = ImageFolder(str(tmp_path), size=8, channels=channels).load()
    assert train.images.shape == (7, channels, 8, 8)


def test_sixteen_bits_are_scaled_to_eight(tmp_path: Path) -> None:
    make_folder(tmp_path)
    levels = np.arange(256, dtype=np.uint16).reshape(16, 16)
    Image.fromarray(levels * 257).save(tmp_path / "train" / "cat" / "deep.png")
    train, _ = ImageFolder(str(tmp_path), size=16, channels=1).load()
    assert any(np.array_equal(image[0].numpy(), levels) for image in train.images)


def test_an_image_of_the_right_size_is_untouched(tmp_path: Path) -> None:
    make_folder(tmp_path)
    pixels = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "train" / "cat" / "a.png")
    train, _ = ImageFolder(str(tmp_path), size=16).load()
    assert any(np.array_equal(image.permute(1, 2, 0).numpy(), pixels) for image in train.images)


@pytest.mark.parametrize("places", [("",), ("train", "test"), ("photos",), ("", "photos"), ("train/a", "test/b")])
def test_images_without_classes_are_of_one_which_is_enough_for_a_likelihood_model(
    tmp_path: Path, places: tuple[str, ...]
) -> None:
    for place in places:
        for i in range(10):
            write_image(tmp_path / place / f"{i}.png")
    data = ImageFolder(str(tmp_path), size=8)
    train, test = data.load()
    assert len(train) + len(test) == 10 * len(places) and len(train.classes) == len(test.classes) == 1
    with pytest.raises(ValueError, match="class sub-folders, at least 2 are needed"):
        data.classes()  # which a classifier asks for


def missing(root: Path) -> None:
    for path in sorted(root.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    root.rmdir()


def without_classes(root: Path) -> None:
    for path in sorted((root / "train").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()


def without_images(root: Path) -> None:
    for path in (root / "train" / "dog").iterdir():
        path.unlink()
    (root / "train" / "dog" / "notes.txt").write_text("no image")


def truncated(root: Path) -> None:
    path = root / "train" / "dog" / "0.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)).save(path)
    path.write_bytes(path.read_bytes()[:-2000])


def no_image(root: Path) -> None:
    (root / "train" / "dog" / "0.png").write_text("<html>not found</html>")


def other_classes(root: Path) -> None:
    (root / "test" / "dog").rename(root / "test" / "wolf")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (missing, "does not exist"),
        (without_classes, "0 class sub-folders, at least 2"),
        (without_images, r"dog holds no images"),
        (truncated, r"cannot read image .*0\.png.*truncated"),
        (no_image, r"cannot read image .*0\.png"),
        (other_classes, r"must have the same classes, they differ in \['dog', 'wolf'\]"),
    ],
)
def test_a_spoilt_folder_is_named(tmp_path: Path, spoil: Callable[[Path], None], message: str) -> None:
    root = make_folder(tmp_path / "data")
    spoil(root)
    with pytest.raises(ValueError, match=message):
        ImageFolder(str(root), size=8).load()


def test_a_class_too_small_to_split_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="class 'cat' has 1 image"):
        ImageFolder(str(make_folder(tmp_path, ("",), images=1))).load()


def test_arguments_out_of_range_are_refused() -> None:
    with pytest.raises(ValueError, match="ImageFolder needs size >= 8"):
        ImageFolder("x", size=2)
