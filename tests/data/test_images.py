"""Images in files are those in memory, whatever rows are asked for."""

import math
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.transforms import v2

from robustmoll.data import ImageFolder, ImageSet
from robustmoll.data.image_set import split
from robustmoll.data.images import Fit, FolderImages, as_it_is, cover, crop, read_picture
from robustmoll.data.loader import Loader


def write_noise(folder: Path, n: int, size: tuple[int, int] = (16, 16)) -> tuple[list[str], torch.Tensor]:
    pixels = np.random.default_rng(0).integers(0, 256, (n, size[1], size[0], 3), dtype=np.uint8)
    files = [str(folder / f"{i:02d}.png") for i in range(n)]
    for file, image in zip(files, pixels, strict=True):
        Image.fromarray(image).save(file)
    return files, torch.from_numpy(pixels).permute(0, 3, 1, 2)


@pytest.mark.parametrize(
    "rows",
    [slice(None), slice(3, 7), slice(None, None, -1), slice(5, 5), torch.tensor([8, 0, 0, 3]), torch.arange(9) > 4],
    ids=str,
)
def test_any_rows_are_those_of_a_tensor(tmp_path: Path, rows: slice | torch.Tensor) -> None:
    files, pixels = write_noise(tmp_path, 9)
    images = FolderImages(files, as_it_is)
    assert (len(images), tuple(images.shape), images.dtype) == (9, (9, 3, 16, 16), torch.uint8)
    if rows == slice(None, None, -1):
        assert torch.equal(images[rows], pixels.flip(0))
    else:
        assert torch.equal(images[rows], pixels[rows])


def test_only_what_is_asked_for_is_read(tmp_path: Path) -> None:
    files, pixels = write_noise(tmp_path, 5)
    images = FolderImages(files, as_it_is)
    Path(files[3]).write_bytes(b"no image")
    assert torch.equal(images[:3], pixels[:3])
    with pytest.raises(ValueError, match=r"cannot read image .*03\.png"):
        images[2:4]


def test_images_of_two_sizes_are_refused(tmp_path: Path) -> None:
    files, _ = write_noise(tmp_path, 2)
    Image.new("RGB", (17, 16)).save(files[1])
    with pytest.raises(ValueError, match=r"01\.png is 16 x 17 pixels, but .*00\.png is 16 x 16"):
        FolderImages(files, as_it_is)[:]
    assert FolderImages(files, cover(16))[:].shape == (2, 3, 16, 16)


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
@pytest.mark.parametrize("size", [(100, 70), (40, 90), (64, 64)])
def test_crop_is_the_evaluation_transform_of_the_field(size: tuple[int, int], interpolation: str) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    reference = v2.Compose(
        [
            v2.Resize(math.floor(32 / 0.9), interpolation=v2.InterpolationMode(interpolation), antialias=True),
            v2.CenterCrop(32),
            v2.PILToTensor(),
        ]
    )
    picture = Image.fromarray(pixels)
    assert torch.equal(crop(32, 0.9, interpolation)(picture), reference(picture))


def test_a_folder_out_of_memory_is_the_folder_in_memory(tmp_path: Path) -> None:
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        write_noise(tmp_path / name, 10)
    kept = ImageFolder(str(tmp_path), size=16).load()
    lazy = ImageFolder(str(tmp_path), size=16, in_memory=False).load()
    for one, other in zip(kept, lazy, strict=True):
        assert isinstance(one.images, torch.Tensor) and isinstance(other.images, FolderImages)
        assert torch.equal(one.images, other.images[:]) and torch.equal(one.labels, other.labels)
        assert one.files == other.files and one.moments() == other.moments()


@pytest.mark.parametrize("fit", [as_it_is, cover(12), crop(12, 0.9, "bicubic")], ids=["as it is", "cover", "crop"])
def test_images_in_files_reach_processes_that_are_not_forked(tmp_path: Path, fit: Fit) -> None:
    images = FolderImages(write_noise(tmp_path, 3)[0], fit)
    assert torch.equal(pickle.loads(pickle.dumps(images))[:], images[:])


@pytest.mark.parametrize("workers", [0, 2])
def test_a_damaged_image_is_one_line_whichever_process_reads_it(tmp_path: Path, workers: int) -> None:
    files, pixels = write_noise(tmp_path, 6)
    data = ImageSet("x", "train", FolderImages(files, as_it_is), torch.arange(6) % 2, ("a", "b"))
    Path(files[4]).write_bytes(b"no image")
    batches = Loader(data, torch.device("cpu"), workers)(torch.arange(6).split(2))
    for rows in (slice(0, 2), slice(2, 4)):
        images, labels = next(batches)
        assert torch.equal(images, pixels[rows]) and labels.tolist() == [0, 1]
    with pytest.raises(ValueError, match=r"^cannot read image .*04\.png: .*; replace or remove the file$"):
        next(batches)


def test_a_split_of_files_decodes_none(tmp_path: Path) -> None:
    files, pixels = write_noise(tmp_path, 10)
    data = ImageSet("x", "train", FolderImages(files, as_it_is), torch.arange(10) % 2, ("a", "b"), files=tuple(files))
    left, held_out = split(data, 0.4, "validation")
    assert isinstance(left.images, FolderImages) and (left.split, held_out.split) == ("train", "validation")
    for part in (left, held_out):
        assert [files.index(file) for file in part.files] == [files.index(file) for file in part.images.files]
        assert torch.equal(part.images[:], pixels[[files.index(file) for file in part.files]])
    assert sorted((*left.files, *held_out.files)) == files


def test_a_network_gets_its_test_pictures_as_it_wants_them(tmp_path: Path) -> None:
    for name in ("cat", "dog"):
        (tmp_path / "test" / name).mkdir(parents=True)
        (tmp_path / "train" / name).mkdir(parents=True)
        files, _ = write_noise(tmp_path / "test" / name, 2, (50, 40))
    fit = crop(32, 1.0, "bicubic")
    images = ImageFolder(str(tmp_path)).test(fit).images  # training folders are empty: they are not looked into
    assert isinstance(images, FolderImages)
    assert torch.equal(images[3:4][0], fit(Image.open(files[1])))


RAMP = np.linspace(0, 65535, 64 * 64).round().astype(np.uint16).reshape(64, 64)


@pytest.mark.parametrize("suffix", ["png", "tiff", "pgm"])
@pytest.mark.parametrize("channels", [1, 3])
def test_sixteen_bits_are_scaled_in_every_format(tmp_path: Path, suffix: str, channels: int) -> None:
    path = tmp_path / f"ramp.{suffix}"
    if suffix == "pgm":
        path.write_bytes(b"P5\n64 64\n65535\n" + RAMP.astype(">u2").tobytes())
    else:
        Image.fromarray(RAMP).save(path)
    levels = np.asarray(read_picture(path, channels)).reshape(64, 64, channels)
    assert (np.abs(levels - RAMP[..., None] / 257) < 1).all()


@pytest.mark.parametrize("pixels", [RAMP.astype(np.int32), (RAMP / 65535).astype(np.float32)], ids=["I", "F"])
def test_levels_without_a_known_white_are_refused(tmp_path: Path, pixels: np.ndarray) -> None:
    Image.fromarray(pixels).save(tmp_path / "deep.tiff")
    with pytest.raises(ValueError, match=r"cannot read image .*deep\.tiff: .* mode [IF] .* convert it to 8 bits"):
        read_picture(tmp_path / "deep.tiff")


# A header that no decoder understands; each of them raises something else than an OSError.
DAMAGED = {
    "ppm": b"P6\n64 x4\n255\n",
    "pgm": b"P5\n64 64\n0\n",
    "sgi": b"\x01\xda\x00\x09" + bytes(508),
}


@pytest.mark.parametrize("suffix", list(DAMAGED))
def test_a_damaged_picture_of_any_format_is_named_in_one_line(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"torn.{suffix}"
    path.write_bytes(DAMAGED[suffix])
    with pytest.raises(ValueError, match=r"^cannot read image .*torn\..*; replace or remove the file$"):
        read_picture(path)


@pytest.mark.parametrize("error", [RuntimeError("Failed to decode\nframe 0"), IndexError(), MemoryError()])
def test_any_error_of_a_decoder_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def failing(self: Image.Image, *args: object) -> None:
        raise error

    (file,), _ = write_noise(tmp_path, 1)
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", failing)
    with pytest.raises(ValueError, match=r"^cannot read image .*00\.png: [^\n]+; replace or remove the file$"):
        read_picture(file)
