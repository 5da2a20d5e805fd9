"""Random erasing and patches of noise."""

import math

import pytest
import torch
from scipy.stats import gennorm, ks_2samp, kstest
from torch import Tensor
from torchvision.transforms import v2

from robustmoll.counter_rng import CounterRNG
from robustmoll.data.augment import NoisePatches, RandomErasing
from robustmoll.data.augment.boxes import cut_boxes, rectangles
from robustmoll.data.augment.noise_patches import NOISES
from tests.data.augment.augment_images import natural_images, seeded


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_erasing_fills_the_rectangle_and_leaves_the_rest(value: float) -> None:
    images, erasing = natural_images(60, size=(28, 40)), RandomErasing(p=1, value=value)
    draw = erasing.draw(60, (28, 40), seeded())
    expected = images.clone()
    for image, (top, left, bottom, right) in zip(expected, draw["box"].tolist(), strict=True):
        image[:, top:bottom, left:right] = round(255 * value)
    assert torch.equal(erasing.apply(images, draw), expected)


def test_rectangles_are_drawn_as_torchvision_draws_them() -> None:
    theirs, images = v2.RandomErasing(p=1), [torch.zeros(3, 30, 40, dtype=torch.uint8)]
    torch.manual_seed(0)
    params = [theirs.make_params(images) for _ in range(1500)]
    top, left, bottom, right = RandomErasing(p=1).draw(1500, (30, 40), seeded())["box"].unbind(1)
    for name, values in {"i": top, "j": left, "h": bottom - top, "w": right - left}.items():
        assert ks_2samp(values.numpy(), [p[name] for p in params]).pvalue > 0.01, name


def test_erasing_happens_as_often_as_said() -> None:
    images = natural_images(1).clamp(min=1).expand(1000, 3, 32, 32)
    erased = (RandomErasing(p=0.3)(images, seeded()) == 0).flatten(1).any(1)
    assert abs(erased.float().mean() - 0.3) < 0.04


def test_erasing_noise_is_uniform() -> None:
    images = torch.zeros(20, 3, 64, 64, dtype=torch.uint8)
    erasing = RandomErasing(p=1, scale=(0.3, 0.3), value="noise")
    draw = erasing.draw(20, (64, 64), seeded())
    inside = rectangles(draw["box"], (64, 64), images.device, torch.bool).expand_as(images)
    result = erasing.apply(images, draw)
    assert not result[~inside].any()
    counts = torch.bincount(result[inside].long(), minlength=256)
    assert (counts / counts.double().mean() - 1).abs().max() < 0.3


@pytest.mark.parametrize("p", NOISES)
def test_noises_have_unit_variance_and_the_density_of_their_norm(p: float) -> None:
    noise = NOISES[p](CounterRNG("test", range(30), torch.device("cpu")), torch.Size([3, 16, 16]))
    assert noise.shape == (30, 3, 16, 16) and abs(noise.mean()) < 0.03 and abs(noise.var() - 1) < 0.1
    scale = math.sqrt(math.exp(math.lgamma(1 / p) - math.lgamma(3 / p))) if p < math.inf else math.sqrt(3)
    values = noise.flatten().double().numpy()
    law = (
        kstest(values, "uniform", (-scale, 2 * scale)) if p == math.inf else kstest(values, gennorm(p, scale=scale).cdf)
    )
    assert law.pvalue > 0.01


@pytest.mark.parametrize("p", [0.0, *NOISES])
def test_noise_stays_in_its_patch_and_has_its_strength(p: float) -> None:
    images = torch.full((60, 3, 48, 48), 128, dtype=torch.uint8)
    patches = NoisePatches(norms=[p], std=0.1, share=0.3, sparsity=0)
    draw = patches.draw(60, (48, 48), seeded())
    draw["strength"] = draw["strength"].clamp(min=0.03)  # weaker noise is lost between the levels
    result = patches.apply(images, draw)
    inside = rectangles(draw["box"], (48, 48), images.device, torch.bool).expand_as(images)
    assert torch.equal(result[~inside], images[~inside])
    for image, kept, strength in zip(result, inside, draw["strength"].tolist(), strict=True):
        change = (image[kept].double() - 128) / 255
        measured = (change != 0).double().mean() if p == 0 else change.square().mean().sqrt()
        assert abs(measured / strength - 1) < 0.35


def test_sparse_noise_spares_the_share_that_was_drawn() -> None:
    images = torch.full((40, 3, 48, 48), 128, dtype=torch.uint8)
    patches = NoisePatches(norms=[math.inf], std=0.3)
    draw = patches.draw(40, (48, 48), seeded())
    draw["strength"] = torch.full((40,), 0.3)
    inside = rectangles(draw["box"], (48, 48), images.device, torch.bool).expand_as(images)
    result = patches.apply(images, draw)
    for image, kept, spared in zip(result, inside, draw["spared"].tolist(), strict=True):
        assert abs((image[kept] == 128).double().mean() - spared) < 0.06
    assert kstest(draw["spared"].numpy(), "uniform").pvalue > 0.01


def test_norms_strengths_and_patches_are_drawn_as_said() -> None:
    draw = NoisePatches().draw(3000, (32, 32), seeded())
    norms, counts = draw["norm"].unique(return_counts=True)
    assert norms.tolist() == [0.0, 0.5, 1.0, 2.0, math.inf] and (counts / 600 - 1).abs().max() < 0.15
    most = torch.where(draw["norm"] == 0, 0.2, 0.15)
    assert kstest((draw["strength"] / most).double().numpy(), "uniform").pvalue > 0.01
    top, left, bottom, right = draw["box"].unbind(1)
    assert min(top.min(), left.min()) >= 0 and max(bottom.max(), right.max()) <= 32
    share = (bottom - top) * (right - left) / 32**2
    assert kstest(share.double().numpy(), "uniform", (0.2, 0.5)).statistic < 0.05


def test_a_patch_that_is_too_long_keeps_its_area() -> None:
    box: Tensor = cut_boxes(500, (20, 60), (0.5, 0.5), (2.0, 5.0), seeded())
    top, left, bottom, right = box.unbind(1)
    assert (bottom - top).max() == 20 and ((bottom - top) * (right - left) / 600 - 1).abs().max() < 0.06
