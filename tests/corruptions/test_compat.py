"""The drop-in for the original package."""

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from robustmoll.corruptions import ALL
from robustmoll.corruptions import corrupt as corrupt_batch
from robustmoll.corruptions.compat import corrupt

ORIGINAL_ORDER = (
    "gaussian_noise shot_noise impulse_noise defocus_blur glass_blur motion_blur zoom_blur snow frost fog "
    "brightness contrast elastic_transform pixelate jpeg_compression "
    "speckle_noise gaussian_blur spatter saturate"
)


@pytest.fixture
def array(images: Tensor) -> np.ndarray:
    """One image as the original takes it."""
    return images[0].permute(1, 2, 0).numpy()


def test_numbers_follow_the_original() -> None:
    assert " ".join(ALL) == ORIGINAL_ORDER


@pytest.mark.parametrize("number, name", list(enumerate(ALL)))
def test_by_number_and_by_name(number: int, name: str, array: np.ndarray) -> None:
    by_name = corrupt(array, severity=2, corruption_name=name)
    assert by_name.dtype == np.uint8 and by_name.shape == array.shape
    assert np.array_equal(corrupt(array, severity=2, corruption_number=number), by_name)


def test_the_default_is_severity_one_of_imagenet(array: np.ndarray, images: Tensor) -> None:
    batch = corrupt_batch(images[:1], "contrast", 1, "imagenet")
    assert np.array_equal(corrupt(array, corruption_name="contrast"), batch[0].permute(1, 2, 0).numpy())


def test_pil_for_pil(array: np.ndarray) -> None:
    picture = Image.fromarray(array)
    ours = corrupt(picture, 3, "fog")
    assert isinstance(ours, Image.Image) and ours.mode == "RGB"
    assert np.array_equal(np.asarray(ours), corrupt(array, 3, "fog"))
    assert corrupt(picture.convert("L"), 3, "fog").mode == "L"
    assert corrupt(picture.convert("CMYK"), 3, "fog").mode == "RGB"


def test_grey_arrays_keep_their_shape(array: np.ndarray) -> None:
    grey = array[:, :, 0]
    assert corrupt(grey, 3, "snow").shape == grey.shape
    assert np.array_equal(corrupt(grey[:, :, None], 3, "snow")[:, :, 0], corrupt(grey, 3, "snow"))


def test_images_get_noise_of_their_own_whatever_came_before(array: np.ndarray) -> None:
    flat = np.full_like(array, 100)
    other = flat.copy()
    other[0, 0, 0] = 101
    first = corrupt(flat, 3, "gaussian_noise")
    np.random.seed(1)
    torch.manual_seed(1)
    assert np.array_equal(corrupt(flat, 3, "gaussian_noise"), first)
    assert not np.array_equal(corrupt(other, 3, "gaussian_noise")[1:], first[1:])
    assert not np.array_equal(corrupt(flat, 3, "gaussian_noise", seed=1), first)


def test_mistakes(array: np.ndarray) -> None:
    with pytest.raises(ValueError, match="give a corruption_name, or a corruption_number from 0 to 18, got -1"):
        corrupt(array, severity=3)
    with pytest.raises(ValueError, match="got 19"):
        corrupt(array, corruption_number=19)
    with pytest.raises(ValueError, match=r"expected a uint8 image of shape \(H, W, C\), got float64"):
        corrupt(array / 255, corruption_name="fog")
    with pytest.raises(ValueError, match="did you mean 'fog'"):
        corrupt(array, corruption_name="fogg")
