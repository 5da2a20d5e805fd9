"""Blur against scipy and against the loops of the original, pixel by pixel."""

import math

import numpy as np
import pytest
import scipy.ndimage as ndimage
import torch
from torch import Tensor

from robustmoll.corruptions import corrupt
from robustmoll.corruptions.blur import arange, disk, disk_rows
from robustmoll.corruptions.constants import constants
from robustmoll.corruptions.filters import gaussian_filter, separable, transposed, weighted_rows
from robustmoll.corruptions.glass import shuffled
from robustmoll.corruptions.motion import drag, zoom_in
from robustmoll.counter_rng import CounterRNG


@pytest.mark.parametrize("border", ["nearest", "reflect", "mirror"])
@pytest.mark.parametrize("sigma", [0.05, 0.25, 0.7, 1.5, 4.0, 30.0])
@pytest.mark.parametrize("size", [(16, 21), (130, 97)])
def test_gaussian_filter_is_that_of_scipy(sigma: float, border: str, size: tuple[int, int]) -> None:
    x = torch.rand(2, 3, *size, generator=torch.Generator().manual_seed(0))
    ours = gaussian_filter(x.clone(), sigma, border, truncate=3)
    theirs = ndimage.gaussian_filter(x.double().numpy(), (0, 0, sigma, sigma), mode=border, truncate=3)
    np.testing.assert_allclose(ours.numpy(), theirs, atol=1e-6)


@pytest.mark.parametrize("radius, alias_blur", [(0.3, 0.4), (1, 0.1), (3, 0.1), (6, 0.5), (8, 0.5), (10, 0.5)])
@pytest.mark.parametrize("size", [(16, 17), (64, 50)])
def test_defocus_correlates_with_its_disk(radius: float, alias_blur: float, size: tuple[int, int]) -> None:
    x = torch.rand(2, 3, *size, generator=torch.Generator().manual_seed(0)) * 255
    kernel = disk_kernel(radius, alias_blur)
    theirs = ndimage.correlate(x.double().numpy(), kernel.numpy()[None, None], mode="mirror")
    ours = separable(x, *disk_rows(radius, alias_blur, *size, x.device))
    np.testing.assert_allclose(ours.numpy(), theirs, atol=1e-3)


def disk_kernel(radius: float, alias_blur: float) -> Tensor:
    rows, columns = disk(radius, alias_blur)
    return columns @ rows


def test_weighted_rows_are_sums_of_rows() -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(2, 3, 9, 5, generator=generator)
    index = torch.randint(9, (2, 1, 4, 6), generator=generator, dtype=torch.int32)
    weights = torch.rand(4, 6, generator=generator)
    ours = weighted_rows(x, index, weights)
    for i, channel in np.ndindex(2, 3):
        rows = x[i, channel][index[i, 0].long()]
        torch.testing.assert_close(ours[i, channel], (rows * weights[..., None]).sum(1))
    shared = weighted_rows(x, index[0, 0], weights)
    torch.testing.assert_close(shared[1], weighted_rows(x[1:], index[:1], weights)[0])


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32, torch.float64])
@pytest.mark.parametrize("shape", [(1, 1, 1, 1), (2, 3, 17, 45), (5, 1, 64, 16)])
def test_transposed_is_the_transpose(dtype: torch.dtype, shape: tuple[int, ...]) -> None:
    x = torch.randint(256, shape, generator=torch.Generator().manual_seed(0)).to(dtype)
    assert torch.equal(transposed(x), x.mT) and transposed(x).is_contiguous()
    assert torch.equal(transposed(x.mT), x)


def test_the_disks_of_the_original() -> None:
    # Centre of severity 1 to 3, cross of severity 4, box of severity 5 on CIFAR; excess at radius 8 and 10.
    for (radius, alias_blur), centre in zip([(0.3, 0.4), (0.4, 0.5), (0.5, 0.6)], (0.845, 0.619, 0.445), strict=True):
        assert abs(disk_kernel(radius, alias_blur)[8, 8] - centre) < 1e-3
    cross = torch.tensor([[0, 1, 0], [1, 1, 1], [0, 1, 0]]) / 5
    torch.testing.assert_close(disk_kernel(1, 0.2)[7:10, 7:10].float(), cross, atol=1e-4, rtol=0)
    torch.testing.assert_close(disk_kernel(1.5, 0.1)[7:10, 7:10].float(), torch.full((3, 3), 1 / 9))
    assert abs(disk_kernel(8, 0.5).sum() - 1.0130) < 1e-4
    assert abs(disk_kernel(10, 0.5).sum() - 1.0108) < 1e-4


def shuffle_by_loops(image: np.ndarray, moves: list[np.ndarray], delta: int) -> np.ndarray:
    """What the original does: pixel after pixel, each copied from its neighbour as it is by then."""
    image = image.copy()
    height, width = image.shape[1:]
    for right, down in moves:
        for h in range(height - delta, delta, -1):
            for w in range(width - delta, delta, -1):
                image[:, h, w] = image[:, h + down[h, w] - delta, w + right[h, w] - delta]
    return image


@pytest.mark.parametrize("delta, iterations", [(1, 1), (1, 3), (2, 1), (2, 2), (4, 2)])
def test_glass_moves_pixels_as_the_loops_do(delta: int, iterations: int, images: Tensor) -> None:
    rng = CounterRNG("0/glass_blur/1.0", range(len(images)), images.device)
    moves = [rng.integers(2 * delta, 2, 40, 32) for _ in range(iterations)]
    ours = shuffled(images.float(), moves, delta)
    for i, image in enumerate(images.numpy()):
        theirs = shuffle_by_loops(image, [move[i].numpy() for move in moves], delta)
        assert np.array_equal(ours[i].numpy(), theirs)


def drag_by_loops(image: np.ndarray, angle: float, radius: float, sigma: float) -> np.ndarray:
    """ImageMagick's motion blur, tap by tap."""
    height, width = image.shape[1:]
    taps = np.exp(-(np.arange(2 * math.ceil(radius) + 1) ** 2) / (2 * sigma**2))
    out = np.zeros(image.shape)
    for i, weight in enumerate(taps / taps.sum()):
        right = math.ceil(i * math.cos(math.radians(angle)) - 0.5)
        down = math.ceil(i * math.sin(math.radians(angle)) - 0.5)
        rows = np.clip(np.arange(height) + down, 0, height - 1)
        columns = np.clip(np.arange(width) + right, 0, width - 1)
        out += weight * image[:, rows][:, :, columns]
    return np.floor(257 * out + 0.5) / 257


@pytest.mark.parametrize("channels", [1, 3])
def test_motion_drags_as_the_loops_do(channels: int, images: Tensor) -> None:
    angles = torch.tensor([-45.0, -133.7, -90.0, 0.0, 31.4, 170.0], dtype=torch.float64)
    ours = drag(images[:, :channels].float(), angles, 6, 2.5)
    for i, angle in enumerate(angles.tolist()):
        theirs = drag_by_loops(images[i, :channels].double().numpy(), angle, 6, 2.5)
        assert np.abs(ours[i].numpy() - theirs).max() < 1.01 / 257
        assert (np.abs(ours[i].numpy() - theirs) < 1e-4).mean() > 0.99


@pytest.mark.parametrize("preset, counts", [("cifar", [7, 12, 16, 21, 26]), ("imagenet", [12, 16, 11, 13, 11])])
def test_zoom_factors_are_those_of_numpy(preset: str, counts: list[int]) -> None:
    for severity, count in enumerate(counts, start=1):
        row = constants("zoom_blur", preset, severity)
        assert arange(*row) == np.arange(*row).tolist()
        assert len(arange(*row)) == count


def test_zoom_blur_is_the_mean_with_the_clean_image_twice(images: Tensor) -> None:
    x = images.float()
    row = constants("zoom_blur", "cifar", 3)
    mean = (x + sum(zoom_in(x, factor) for factor in np.arange(*row))) / 17
    ours = corrupt(x / 255, "zoom_blur", 3) * 255
    torch.testing.assert_close(ours, mean, atol=1e-3, rtol=0)


@pytest.mark.parametrize("factor", [1, 1.01, 1.06, 1.2500000000000002, 1.75, 2.25, 3, 4.5])
@pytest.mark.parametrize("n", [32, 64, 224])
def test_zoom_is_that_of_scipy(factor: float, n: int) -> None:
    x = torch.rand(1, 1, n, n, generator=torch.Generator().manual_seed(0))
    span = math.ceil(n / factor)
    top = (n - span) // 2
    middle = x[0, 0, top : top + span, top : top + span].double().numpy()
    large = ndimage.zoom(middle, factor, order=1)
    trim = (len(large) - n) // 2
    np.testing.assert_allclose(zoom_in(x, factor)[0, 0], large[trim : trim + n, trim : trim + n], atol=1e-4)
