from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.datasets import load_digits

from robustmoll.data import Digits, ImageFolder, ImageSet

SHARED = Path(__file__).parents[1].parent / "shared"


def write_image(path: Path, grey: int = 0, size: tuple[int, int] = (12, 10)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (grey, grey, grey)).save(path)


def make_folder(root: Path, splits: tuple[str, ...] = ("train", "test"), images: int = 3) -> Path:
    for split in splits:
        for label, name in enumerate(("cat", "dog")):
            for i in range(images):
                write_image(root / split / name / f"{i}.png", grey=100 * label + i)
    return root


def test_digits_are_all_there_and_split_alike_for_every_size() -> None:
    (train, test), (small, _) = Digits(32).load(), Digits(8).load()
    assert len(train) + len(test) == 1797 and train.images.shape[1:] == (1, 32, 32)
    assert train.classes == Digits().classes() == tuple(str(name) for name in load_digits().target_names)
    assert torch.equal(train.labels, small.labels)
    shares = torch.bincount(test.labels) / len(test)
    assert ((shares - 0.1).abs() < 0.01).all()


def test_digits_at_their_own_size_are_the_scans() -> None:
    train, test = Digits(8).load()
    ours = {image.numpy().tobytes() for image in torch.cat([train.images, test.images])}
    scans = np.round(load_digits().images * 255 / 16).astype(np.uint8)
    assert ours == {scan.tobytes() for scan in scans}


def test_moments_are_those_of_the_pixels() -> None:
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(256, (7, 3, 5, 4), generator=generator, dtype=torch.uint8)
    mean, std = ImageSet("x", "train", images, torch.zeros(7, dtype=torch.int64), ("a", "b")).moments()
    pixels = images.double().div(255).transpose(0, 1).flatten(1)
    np.testing.assert_allclose(mean, pixels.mean(1))
    np.testing.assert_allclose(std, pixels.std(1, unbiased=False))


@pytest.mark.parametrize("test_name", ["test", "val", "validation"])
def test_folder_with_its_own_test_images(tmp_path: Path, test_name: str) -> None:
    data = ImageFolder(str(make_folder(tmp_path, ("train", test_name))), size=8)
    train, test = data.load()
    assert data.classes() == train.classes == test.classes == ("cat", "dog")
    assert train.labels.tolist() == test.labels.tolist() == [0, 0, 0, 1, 1, 1]
    assert train.images[:, 0, 0, 0].tolist() == [0, 1, 2, 100, 101, 102]
    assert train.images.shape == (6, 3, 8, 8) and train.name == tmp_path.name


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


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (torch.zeros(2, 3, 4, 4), torch.zeros(2, dtype=torch.int64), "must be uint8"),
        (torch.zeros(2, 2, 4, 4, dtype=torch.uint8), torch.zeros(2, dtype=torch.int64), "1 or 3 channels"),
        (torch.zeros(2, 3, 4, 4, dtype=torch.uint8), torch.zeros(3, dtype=torch.int64), "2 images and"),
        (torch.zeros(0, 3, 4, 4, dtype=torch.uint8), torch.zeros(0, dtype=torch.int64), "at least one image"),
        (torch.zeros(2, 3, 4, 4, dtype=torch.uint8), torch.tensor([0, 2]), r"labels 0\.\.2 do not fit 2 classes"),
    ],
)
def test_parts_that_do_not_fit_are_refused(images: torch.Tensor, labels: torch.Tensor, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ImageSet("x", "train", images, labels, ("a", "b"))


@pytest.mark.parametrize("make", [lambda: Digits(4), lambda: Digits(test_fraction=1), lambda: ImageFolder("x", size=2)])
def test_arguments_out_of_range_are_refused(make: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match="needs size >= 8"):
        make()
