"""Flip, crop, rotation and resized crop beside torchvision's at equal parameters, and their distributions."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.stats import ks_2samp, kstest
from torch import Tensor
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional as F

from robustmoll.data.augment import RandomCrop, RandomHorizontalFlip, RandomResizedCrop, RandomRotation
from robustmoll.data.augment.warp import affine, nearest, still
from tests.data.augment.augment_images import SIZES, natural_images, seeded


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("channels", [1, 3])
def test_flips_are_exact_and_happen_as_often_as_said(channels: int, size: tuple[int, int]) -> None:
    images = natural_images(400, channels, size)
    result = RandomHorizontalFlip(0.3)(images, seeded())
    flipped = (result != images).flatten(1).any(1)
    assert torch.equal(result[flipped], images[flipped].flip(3)) and torch.equal(result[~flipped], images[~flipped])
    assert abs(flipped.float().mean() - 0.3) < 0.07
    assert torch.equal(RandomHorizontalFlip(0)(images), images)
    assert torch.equal(RandomHorizontalFlip(1)(images), images.flip(3))


@pytest.mark.parametrize("window", [None, 25])
@pytest.mark.parametrize("size", SIZES)
def test_crops_are_the_windows_of_padded_images(size: tuple[int, int], window: int | None) -> None:
    crop, images = RandomCrop(padding=2, size=window), natural_images(300 if window is None else 20, 3, size)
    result = crop(images, seeded())
    height, width = crop.output_size(size)
    padded = torch.nn.functional.pad(images, (2, 2, 2, 2))
    windows = padded.unfold(2, height, 1).unfold(3, width, 1)  # (n, C, down, across, height, width)
    same = (windows == result[:, :, None, None]).flatten(4).all(4).all(1)
    places = same.flatten(1).float()
    assert (places.sum(1) == 1).all()
    if window is None:  # few places: all are met, about as often
        share = places.mean(0)
        assert len(share) == 25 and share.min() > 0.01 and share.max() < 0.09


def rotations(degrees: NDArray[np.float64], size: tuple[int, int]) -> Tensor:
    none = np.zeros_like(degrees)
    return torch.from_numpy(affine(degrees, (none, none), (none, none), size))


@pytest.mark.parametrize("size", [*SIZES, (200, 224)])
def test_rotations_are_torchvision_s(size: tuple[int, int]) -> None:
    degrees = np.array([0, 0.5, 7, -15, 29.3, 77, -131, 179])
    images = natural_images(len(degrees), 3, size)
    result = nearest(images, rotations(degrees, size), size)
    expected = torch.stack([F.rotate(image, float(angle)) for image, angle in zip(images, degrees, strict=True)])
    assert (result != expected).float().mean() < 1e-4
    assert torch.equal(nearest(images, torch.from_numpy(still(len(images), size)), size), images)


def test_right_angles_turn_squares_exactly() -> None:
    images = natural_images(1).expand(3, 3, 32, 32)
    result = nearest(images, rotations(np.array([90.0, 180.0, -90.0]), (32, 32)), (32, 32))
    for turned, k in zip(result, (1, 2, 3), strict=True):
        assert torch.equal(turned, images[0].rot90(k, (1, 2)))


def test_angles_are_uniform() -> None:
    warp = RandomRotation(20).draw(2000, (32, 32), seeded())["warp"]
    degrees = torch.rad2deg(torch.atan2(warp[:, 1, 0], warp[:, 0, 0]))
    assert kstest(degrees.numpy(), "uniform", args=(-20, 40)).pvalue > 0.01


@pytest.mark.parametrize("target", [None, 16, 40])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("channels", [1, 3])
def test_resized_crops_are_torchvision_s_to_one_level(channels: int, size: tuple[int, int], target: int | None) -> None:
    crop, images = RandomResizedCrop(target), natural_images(30, channels, size)
    draw = crop.draw(30, size, seeded())
    result = crop.apply(images, draw)
    expected = [
        F.resized_crop(image, top, left, bottom - top, right - left, list(crop.output_size(size)))
        for image, (top, left, bottom, right) in zip(images, draw["box"].tolist(), strict=True)
    ]
    assert (result.int() - torch.stack(expected).int()).abs().max() <= 1


def test_resized_crops_are_drawn_as_torchvision_draws_them() -> None:
    torch.manual_seed(0)
    theirs = v2.RandomResizedCrop(32, scale=(0.2, 1.0))
    images = [torch.zeros(3, 40, 50, dtype=torch.uint8)]
    params = [theirs.make_params(images) for _ in range(1500)]
    top, left, bottom, right = RandomResizedCrop(32, (0.2, 1.0)).draw(1500, (40, 50), seeded())["box"].unbind(1)
    ours = {"top": top, "left": left, "height": bottom - top, "width": right - left}
    for name, values in ours.items():
        assert ks_2samp(values.numpy(), [p[name] for p in params]).pvalue > 0.01, name


def test_a_crop_that_never_fits_is_the_largest_in_the_middle() -> None:
    box = RandomResizedCrop(scale=(1, 1), ratio=(4, 5)).draw(3, (40, 30), seeded())["box"]
    assert box.tolist() == [[16, 0, 24, 30]] * 3, "30 / 4 is 8 rows"
