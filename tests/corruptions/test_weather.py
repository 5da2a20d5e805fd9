"""Weather against colorsys, loops and laws."""

import colorsys

import numpy as np
import pytest
import torch
from torch import Tensor

from robustmoll.corruptions import corrupt
from robustmoll.corruptions.colour import luma
from robustmoll.corruptions.constants import constants
from robustmoll.corruptions.plasma import plasma, stretched


@pytest.mark.parametrize("severity", range(1, 6))
def test_brightness_adds_to_v(severity: int, images: Tensor) -> None:
    x = images[:1].float() / 255
    x[0, :, 0, 0] = 0
    x[0, :, 0, 1] = torch.tensor([1 / 255, 0, 0])
    (added,) = constants("brightness", "tiny", severity)
    ours = corrupt(x, "brightness", severity, "tiny")[0].permute(1, 2, 0).reshape(-1, 3)
    for pixel, brighter in zip(x[0].permute(1, 2, 0).reshape(-1, 3).tolist(), ours.tolist(), strict=True):
        h, s, v = colorsys.rgb_to_hsv(*pixel)
        np.testing.assert_allclose(brighter, colorsys.hsv_to_rgb(h, s, min(v + added, 1)), atol=2e-5)


def plasma_by_loops(noise: np.ndarray, size: int, decay: float) -> np.ndarray:
    """Diamond-square point by point, in the order in which the original draws."""
    heights = np.zeros((size, size))
    numbers, step, wibble = iter(noise), size, 100.0
    while step >= 2:
        half = step // 2
        for rows, columns, neighbours in (
            (half, half, [(-half, -half), (-half, half), (half, -half), (half, half)]),
            (0, half, [(-half, 0), (half, 0), (0, -half), (0, half)]),
            (half, 0, [(-half, 0), (half, 0), (0, -half), (0, half)]),
        ):
            for y in range(rows, size, step):
                for x in range(columns, size, step):
                    around = [heights[(y + dy) % size, (x + dx) % size] for dy, dx in neighbours]
                    heights[y, x] = sum(around) / 4 + wibble**2 * next(numbers)
        step, wibble = half, wibble / decay
    return heights


@pytest.mark.parametrize("decay", [1.4, 3])
@pytest.mark.parametrize("size", [2, 8, 64])
def test_plasma_is_diamond_square(size: int, decay: float) -> None:
    noise = torch.rand(2, size**2 - 1, generator=torch.Generator().manual_seed(0)) * 2 - 1
    ours = plasma(noise, size, decay)
    for i in range(2):
        theirs = plasma_by_loops(noise[i].double().numpy(), size, decay)
        np.testing.assert_allclose(ours[i], theirs, rtol=1e-4, atol=1e-2)
    scaled = stretched(ours, 7)
    assert torch.equal(scaled.amin(dim=(1, 2)), torch.zeros(2))
    torch.testing.assert_close(scaled.amax(dim=(1, 2)), torch.full((2,), 7.0))


def test_fog_keeps_the_brightest_level_and_the_hue_of_grey(images: Tensor) -> None:
    grey = images[:, :1].expand(-1, 3, -1, -1).float() / 255
    y = corrupt(grey, "fog", 4)
    assert torch.equal(y[:, 0], y[:, 1]) and torch.equal(y[:, 0], y[:, 2])
    assert (y.amax(dim=(1, 2, 3)) <= grey.amax(dim=(1, 2, 3)) + 1e-6).all()
    black = torch.zeros(2, 3, 32, 32)
    assert torch.equal(corrupt(black, "fog", 5), black)


def test_snow_only_lightens_and_its_layer_is_point_symmetric() -> None:
    black = torch.zeros(3, 3, 33, 48)
    y = corrupt(black, "snow", 3) * 255
    blend = constants("snow", "cifar", 3)[-1]
    layer = y - (1 - blend) * 127.5
    assert layer.min() > -1e-3 and layer.max() > 1
    torch.testing.assert_close(layer, layer.flip(2, 3), atol=1e-3, rtol=0)


def test_luma() -> None:
    x = torch.rand(2, 3, 8, 8)
    weights = torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)
    torch.testing.assert_close(luma(x), (x * weights).sum(dim=1, keepdim=True))
    grey = torch.arange(256.0).view(1, 1, 16, 16)
    assert torch.equal(luma(grey.expand(-1, 3, -1, -1)), grey)
