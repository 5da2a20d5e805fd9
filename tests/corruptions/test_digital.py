"""Digital corruptions against Pillow, scipy and colorsys."""

import colorsys
import io

import numpy as np
import pytest
import scipy.ndimage as ndimage
import torch
from PIL import Image
from torch import Tensor

from robustmoll.corruptions import corrupt
from robustmoll.corruptions.constants import PRESETS, constants
from robustmoll.corruptions.warp import affine_positions, inverse_affine, moved_positions, sample


@pytest.mark.parametrize("severity", range(1, 6))
def test_contrast_shrinks_the_deviations_of_each_channel(severity: int, images: Tensor) -> None:
    x = images.double().numpy() / 255
    (factor,) = constants("contrast", "tiny", severity)
    mean = x.mean((2, 3), keepdims=True)
    ours = corrupt(images.float() / 255, "contrast", severity, "tiny")
    np.testing.assert_allclose(ours, np.clip((x - mean) * factor + mean, 0, 1), atol=1e-6)


@pytest.mark.parametrize("severity", range(1, 6))
@pytest.mark.parametrize("preset", PRESETS)
def test_pixelate_is_that_of_pillow(preset: str, severity: int, images: Tensor) -> None:
    (factor,) = constants("pixelate", preset, severity)
    ours = corrupt(images, "pixelate", severity, preset)
    for image, pixelated in zip(images, ours, strict=True):
        picture = Image.fromarray(image.permute(1, 2, 0).numpy())
        small = picture.resize((int(32 * factor), int(40 * factor)), Image.Resampling.BOX)
        theirs = np.asarray(small.resize((32, 40), Image.Resampling.BOX)).transpose(2, 0, 1)
        assert np.array_equal(pixelated.numpy(), theirs)


@pytest.mark.parametrize("mode", ["RGB", "L"])
@pytest.mark.parametrize("preset", PRESETS)
def test_jpeg_is_that_of_pillow(preset: str, mode: str, images: Tensor) -> None:
    x = images if mode == "RGB" else images[:, :1]
    for severity in (1, 3, 5):
        (quality,) = constants("jpeg_compression", preset, severity)
        ours = corrupt(x, "jpeg_compression", severity, preset)
        for image, compressed in zip(x, ours, strict=True):
            file = io.BytesIO()
            array = image.permute(1, 2, 0).numpy()
            Image.fromarray(array if mode == "RGB" else array[:, :, 0]).save(file, "JPEG", quality=int(quality))
            theirs = np.asarray(Image.open(file)).reshape(array.shape).transpose(2, 0, 1)
            assert np.array_equal(compressed.numpy(), theirs)


@pytest.mark.parametrize("severity", range(1, 6))
def test_saturate_changes_s(severity: int, images: Tensor) -> None:
    x = images[:1].float() / 255
    x[0, :, 0, 0], x[0, :, 0, 1] = 0, 0.5
    factor, added = constants("saturate", "cifar", severity)
    ours = corrupt(x, "saturate", severity)[0].permute(1, 2, 0).reshape(-1, 3)
    for pixel, saturated in zip(x[0].permute(1, 2, 0).reshape(-1, 3).tolist(), ours.tolist(), strict=True):
        h, s, v = colorsys.rgb_to_hsv(*pixel)
        theirs = colorsys.hsv_to_rgb(h, min(max(s * factor + added, 0), 1), v)
        np.testing.assert_allclose(saturated, theirs, atol=1e-5)


def test_affine_maps_take_the_moved_points_back() -> None:
    moves = torch.rand(5, 3, 2, dtype=torch.float64) * 6 - 3
    back = inverse_affine(moves, 40, 32)
    points = torch.tensor([[26.0, 30], [26, 10], [6, 10]], dtype=torch.float64)
    moved = torch.cat([points + moves, torch.ones(5, 3, 1, dtype=torch.float64)], dim=2)
    torch.testing.assert_close(moved @ back.mT, points.expand(5, -1, -1))


def test_affine_sampling_is_that_of_scipy(images: Tensor) -> None:
    back = inverse_affine(torch.rand(6, 3, 2, dtype=torch.float64) * 10 - 5, 40, 32)
    ours = sample(images.float(), affine_positions(back, 40, 32, images.device), edge_repeats=False)
    y, x = np.mgrid[:40, :32]
    for i in range(6):
        source = back[i].numpy() @ np.stack([x.ravel(), y.ravel(), np.ones(x.size)])
        for channel in range(3):
            image = images[i, channel].double().numpy()
            theirs = ndimage.map_coordinates(image, [source[1], source[0]], order=1, mode="mirror")
            np.testing.assert_allclose(ours[i, channel].flatten(), theirs, atol=0.01)


def test_displaced_sampling_is_that_of_scipy(images: Tensor) -> None:
    shift = torch.rand(6, 2, 40, 32) * 20 - 10
    ours = sample(images.float(), moved_positions(shift), edge_repeats=True)
    y, x = np.mgrid[:40, :32]
    for i in range(6):
        source = [y + shift[i, 1].double().numpy(), x + shift[i, 0].double().numpy()]
        for channel in range(3):
            image = images[i, channel].double().numpy()
            theirs = ndimage.map_coordinates(image, source, order=1, mode="reflect")
            np.testing.assert_allclose(ours[i, channel], theirs, atol=0.01)
