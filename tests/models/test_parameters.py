"""The networks' numbers of parameters: against a count by hand, and against those that others published."""

from collections.abc import Callable
from functools import partial
from itertools import pairwise

import pytest

from robustmoll.models import list_models
from tests.models.tiny_models import on_meta

Count = Callable[[int, int], int]


def preact(
    depths: list[int], outputs: list[int], stem: int, is_bottleneck: bool, in_chans: int, num_classes: int
) -> int:
    """Stages of `depths` blocks and `outputs` channels. The first block of a stage has a 1x1 shortcut if it widens."""
    channels, total = stem, 9 * in_chans * stem
    for depth, out in zip(depths, outputs, strict=True):
        for _ in range(depth):
            total += 2 * channels
            if is_bottleneck:
                width = out // 4
                total += channels * width + 2 * width + 9 * width**2 + 2 * width + width * out
            else:
                total += 9 * channels * out + 2 * out + 9 * out**2
            total += channels * out if channels != out else 0
            channels = out
    return total + 2 * channels + (channels + 1) * num_classes


def wide(depth: int, k: int, in_chans: int, num_classes: int) -> int:
    """All blocks but the first of a stage have 18 w^2 weights of convolutions, with w = 16 k, 32 k, 64 k."""
    n = (depth - 4) // 6
    convolutions = sum(18 * n * w**2 for w in (16 * k, 32 * k, 64 * k))
    for before, w in ((16, 16 * k), (16 * k, 32 * k), (32 * k, 64 * k)):
        convolutions += 9 * (before - w) * w + before * w  # the first convolution is narrower; the shortcut
    norms = 2 * sum((2 * n - 1) * w for w in (16 * k, 32 * k, 64 * k)) + 2 * (16 + 16 * k + 32 * k + 64 * k)
    return 9 * in_chans * 16 + convolutions + norms + (64 * k + 1) * num_classes


def resnext(cardinality: int, base_width: int, in_chans: int, num_classes: int) -> int:
    """In stage s, 9 C d^2 weights see only their own of C groups of d = 2^s D channels."""
    channels, total = 64, 9 * in_chans * 64 + 2 * 64
    for stage in range(3):
        d, out = 2**stage * base_width, 2**stage * 256
        width = cardinality * d
        total += 3 * (2 * width + 9 * cardinality * d**2 + 2 * width + width * out + 2 * out)
        total += (channels + 2 * out) * width + channels * out + 2 * out
        channels = out
    return total + (channels + 1) * num_classes


def densenet_bc(depth: int, k: int, in_chans: int, num_classes: int) -> int:
    """A layer on c channels has 2 c + 4 k c + 8 k + 36 k^2 parameters; summed up over c, c + k, ..., c + (n - 1) k."""
    n, channels, total = (depth - 4) // 6, 2 * k, 9 * in_chans * 2 * k
    for block in range(3):
        if block:
            total += 2 * channels + channels * (channels // 2)
            channels //= 2
        total += (2 + 4 * k) * (n * channels + k * n * (n - 1) // 2) + n * (8 * k + 36 * k**2)
        channels += n * k
    return total + 2 * channels + (channels + 1) * num_classes


def allconv(in_chans: int, num_classes: int) -> int:
    a, b = 96, 192
    return 9 * (in_chans * a + 2 * a**2 + a * b + 3 * b**2) + 2 * b**2 + 2 * (3 * a + 6 * b) + (b + 1) * num_classes


def pooled(widths: list[int], stem_kernel: int, in_chans: int, num_classes: int) -> int:
    """A convolution that widens and two that do not, each with a norm, a stage."""
    stages = sum(9 * a * b + 2 * 9 * b**2 + 3 * 2 * b for a, b in pairwise(widths))
    return (stem_kernel**2 * in_chans + 2) * widths[0] + stages + (widths[-1] + 1) * num_classes


ARCHITECTURES: dict[str, Count] = {
    "preact_resnet18": partial(preact, [2, 2, 2, 2], [64, 128, 256, 512], 64, False),
    "preact_resnet34": partial(preact, [3, 4, 6, 3], [64, 128, 256, 512], 64, False),
    "preact_resnet50": partial(preact, [3, 4, 6, 3], [256, 512, 1024, 2048], 64, True),
    "preact_resnet101": partial(preact, [3, 4, 23, 3], [256, 512, 1024, 2048], 64, True),
    "wide_resnet16_2": partial(wide, 16, 2),
    "wide_resnet40_2": partial(wide, 40, 2),
    "wide_resnet28_4": partial(wide, 28, 4),
    "wide_resnet28_10": partial(wide, 28, 10),
    "wide_resnet40_10": partial(wide, 40, 10),
    "resnext29_8x64d": partial(resnext, 8, 64),
    "resnext29_16x64d": partial(resnext, 16, 64),
    "resnext29_32x4d": partial(resnext, 32, 4),
    "resnext29_4x32d": partial(resnext, 4, 32),
    "densenet_bc40": partial(densenet_bc, 40, 12),
    "densenet_bc100": partial(densenet_bc, 100, 12),
    "allconv": allconv,
    "digits_cnn": partial(preact, [1, 1, 1], [16, 32, 64], 16, False),
    "cifar_cnn": partial(pooled, [32, 64, 128], 3),
    "tiny_imagenet_cnn": partial(pooled, [32, 64, 128, 256], 5),
}

# For 3 channels and 10 classes. PreAct ResNets: tables of code after kuangliu/pytorch-cifar, which leaves out the last
# normalisation of He et al. (2016), 2 numbers a channel (the last count stands there in float32, as 42,501,192).
# WRN-28-10, ResNeXt-29 16x64d and 32x4d, DenseNet-BC: tables of osmr/imgclsmob. WRN-40-2 and 28-4: summaries of models
# in public code. No count by others was found for WRN-40-10, ResNeXt-29 4x32d and this All-Conv.
PUBLISHED = {
    "preact_resnet18": 11_171_146 + 2 * 512,
    "preact_resnet34": 21_279_306 + 2 * 512,
    "preact_resnet50": 23_509_066 + 2 * 2048,
    "preact_resnet101": 42_501_194 + 2 * 2048,
    "wide_resnet40_2": 2_243_546,
    "wide_resnet28_4": 5_849_050,
    "wide_resnet28_10": 36_479_194,
    "resnext29_16x64d": 68_155_210,
    "resnext29_32x4d": 4_775_754,
    "densenet_bc40": 176_122,
    "densenet_bc100": 769_162,
}


@pytest.mark.parametrize("name", ARCHITECTURES)
@pytest.mark.parametrize(("in_chans", "num_classes"), [(3, 10), (1, 200)])
def test_parameters_are_those_of_the_architecture(name: str, in_chans: int, num_classes: int) -> None:
    model = on_meta(name, in_chans=in_chans, num_classes=num_classes)
    assert sum(p.numel() for p in model.parameters()) == ARCHITECTURES[name](in_chans, num_classes)


def test_the_list_tells_the_published_parameters() -> None:
    listed = {info.name: info.params for info in list_models()}
    assert set(listed) == set(ARCHITECTURES)
    assert {name: listed[name] for name in PUBLISHED} == PUBLISHED
    assert round(listed["resnext29_8x64d"] / 1e6, 2) == 34.43  # table of bearpaw/pytorch-classification


def test_each_network_has_a_sentence() -> None:
    assert all(info.summary.endswith(".") for info in list_models())
