"""Each operation beside torchvision's at every magnitude of its policies."""

import pytest
import torch
from torch import Tensor
from torchvision.transforms import v2

from robustmoll.data.augment.blends import BLENDS
from robustmoll.data.augment.magnitudes import AUGMIX, LEARNED, WIDE, Space
from robustmoll.data.augment.operations import MOVES, OPERATIONS, SIGNED, apply_operations, index
from tests.data.augment.augment_images import SIZES, natural_images

BINS = 31
SPACES = {
    "wide": (WIDE, v2.TrivialAugmentWide()),
    "learned": (LEARNED, v2.AutoAugment()),
    "augmix": (AUGMIX, v2.AugMix()),
}


def theirs(images: Tensor, name: str, magnitudes: Tensor, interpolation: str = "nearest") -> Tensor:
    policy, mode = v2.TrivialAugmentWide(), v2.InterpolationMode(interpolation)
    results = [
        policy._apply_image_or_video_transform(image, name, float(m), mode, {Tensor: None})
        for image, m in zip(images, magnitudes, strict=True)
    ]
    return torch.stack(results)


def ours(images: Tensor, name: str, magnitudes: Tensor, interpolate: bool = False) -> Tensor:
    return apply_operations(images, torch.full((len(images),), index(name)), magnitudes, interpolate)


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("name", OPERATIONS)
def test_magnitudes_are_torchvision_s(space: str, name: str) -> None:
    own, policy = SPACES[space]
    if name not in policy._AUGMENTATION_SPACE:
        assert name in ("Identity", "Invert")
        return
    function, signed = policy._AUGMENTATION_SPACE[name]
    expected = function(10, 33, 47)
    plus, minus = own.magnitudes(10, (33, 47))[index(name)].unbind(1)
    assert signed == (name in SIGNED)
    if expected is not None:
        assert torch.equal(plus, expected.double()) and torch.equal(minus, -plus if signed else plus)


@pytest.mark.parametrize("size", [*SIZES, (2, 5)])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", OPERATIONS)
def test_operations_are_torchvision_s_on_uint8(name: str, channels: int, size: tuple[int, int]) -> None:
    magnitudes = WIDE.magnitudes(BINS, size)[index(name)].flatten()
    images = natural_images(len(magnitudes), channels, size)
    difference = (ours(images, name, magnitudes).int() - theirs(images, name, magnitudes).int()).abs()
    if name in BLENDS:
        assert difference.max() <= 1 and (difference > 0).float().mean() < 5e-3
    elif name in MOVES:  # but where a place lies right between two pixels
        assert (difference > 0).float().mean() < 1e-4
    else:
        assert difference.max() == 0


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", MOVES)
def test_interpolated_moves_are_torchvision_s_to_one_level(name: str, size: tuple[int, int]) -> None:
    magnitudes = WIDE.magnitudes(BINS, size)[index(name)].flatten()
    images = natural_images(len(magnitudes), 3, size)
    result = ours(images, name, magnitudes, interpolate=True)
    difference = (result.int() - theirs(images, name, magnitudes, "bilinear").int()).abs()
    assert difference.max() <= 1 and (difference > 0).float().mean() < 1e-3


@pytest.mark.parametrize("name", ["AutoContrast", "Equalize", "Contrast", "Color", "Sharpness"])
def test_extreme_images(name: str) -> None:
    flat = torch.full((1, 3, 16, 16), 77, dtype=torch.uint8)
    two = flat.clone()
    two[..., 8:] = 200
    noise = torch.randint(256, (1, 3, 16, 16), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    images = torch.cat([flat, two, noise, 0 * flat, 0 * flat + 255])
    magnitudes = torch.full((5,), 0.7, dtype=torch.float64)
    difference = ours(images, name, magnitudes).int() - theirs(images, name, magnitudes).int()
    assert difference.abs().max() <= (1 if name in BLENDS else 0)
    assert torch.equal(ours(images, name, magnitudes)[0], flat[0])


@pytest.mark.parametrize("name", sorted({"Identity", "Posterize", "Solarize", *SIGNED}))
def test_no_magnitude_changes_nothing(name: str) -> None:
    images = natural_images(8)
    images.clamp_(max=254)  # a threshold of 255 inverts the white
    none = WIDE.magnitudes(BINS, (32, 32))[index(name), :1, 0].expand(8)
    for interpolate in (False, True):
        assert torch.equal(ours(images, name, none, interpolate), images)


@pytest.mark.parametrize("interpolate", [False, True])
def test_an_image_s_result_does_not_depend_on_the_batch(interpolate: bool) -> None:
    n = 4 * len(OPERATIONS)
    images = natural_images(1).expand(n, 3, 32, 32)
    before = images.clone()
    operation = torch.arange(n) % len(OPERATIONS)
    magnitude = WIDE.magnitudes(n, (32, 32))[operation, torch.arange(n), torch.arange(n) % 2]
    result = apply_operations(images, operation, magnitude, interpolate)
    alone = [
        apply_operations(images[i : i + 1], operation[i : i + 1], magnitude[i : i + 1], interpolate) for i in range(n)
    ]
    assert torch.equal(result, torch.cat(alone)) and torch.equal(images, before)
    changed = (result != images).flatten(1).any(1)
    assert not changed[operation == 0].any() and changed[operation > 0].float().mean() > 0.9


def test_spaces_are_what_they_say() -> None:
    space = Space(shear=0.5, rotate=10.0, factor=0.2, bits=(8, 6), translate=5.0, relative=False)
    table = space.magnitudes(3, (20, 30))
    assert table[index("ShearX"), -1].tolist() == [0.5, -0.5] and table[index("TranslateX"), -1].tolist() == [5, -5]
    assert table[index("Posterize"), :, 0].tolist() == [8, 7, 6] and not table[index("Identity")].any()
