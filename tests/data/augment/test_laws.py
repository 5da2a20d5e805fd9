"""What holds for every augmentation, in any batch."""

import re
from collections.abc import Callable, Iterator

import pytest
import torch
from torch import Tensor

from robustmoll import counter_rng
from robustmoll.data.augment import (
    Augmentation,
    Augmentations,
    AugMix,
    AutoAugment,
    CutMix,
    MixUp,
    NoisePatches,
    RandAugment,
    RandomCrop,
    RandomErasing,
    RandomHorizontalFlip,
    RandomResizedCrop,
    RandomRotation,
    TrivialAugmentWide,
    magnitudes,
    share_of,
    tables,
    warp,
)
from tests.data.augment.augment_images import IMAGES, MIXING, SIZES, natural_images, seeded


def part(draw: dict[str, Tensor], rows: slice) -> dict[str, Tensor]:
    return {name: values[rows] for name, values in draw.items()}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", IMAGES)
def test_kept_are_dtype_shape_and_the_caller_s_images(name: str, channels: int, size: tuple[int, int]) -> None:
    augmentation, images = IMAGES[name](), natural_images(9, channels, size)
    before = images.clone()
    result = augmentation(images, seeded())
    assert result.dtype == torch.uint8 and result.shape[2:] == augmentation.output_size(size)
    assert result.shape[:2] == (9 * augmentation.repeats, channels)
    assert torch.equal(images, before)


@pytest.mark.parametrize("name", IMAGES)
def test_the_default_dtype_does_not_matter(name: str) -> None:
    augmentation, images = IMAGES[name](), natural_images(9)
    expected = augmentation(images, seeded())
    torch.set_default_dtype(torch.float64)
    try:
        assert torch.equal(augmentation(images, seeded()), expected)
    finally:
        torch.set_default_dtype(torch.float32)


@pytest.fixture
def nothing_cached() -> Iterator[None]:
    """Tensors that functions keep are made anew in the test, and again after it."""
    kept = (
        counter_rng.normal_table,
        counter_rng.scrambled_positions,
        magnitudes._magnitudes,
        tables._all_levels,
        warp._places,
    )
    for function in kept:
        function.cache_clear()
    yield
    for function in kept:
        function.cache_clear()


@pytest.mark.usefixtures("nothing_cached")
@pytest.mark.parametrize("name", [*IMAGES, *MIXING])
def test_the_default_device_does_not_matter(name: str) -> None:
    images, generator = natural_images(9), seeded()
    x, y = images / 255, torch.eye(9)
    with torch.device("meta"):
        augmentation = (IMAGES | MIXING)[name]()
        draw = augmentation.draw(9, (32, 32), generator)
        result = augmentation.apply(images, draw) if name in IMAGES else augmentation.apply(x, y, draw)
    expected = augmentation(images, seeded()) if name in IMAGES else augmentation(x, y, seeded())
    torch.testing.assert_close(result, expected, rtol=0, atol=0)


@pytest.mark.parametrize("name", IMAGES)
def test_every_image_has_a_draw_of_its_own(name: str) -> None:
    augmentation, n = IMAGES[name](), 64
    images = natural_images(1).expand(n, 3, 32, 32)
    result = augmentation(images, seeded()).view(n, augmentation.repeats, -1)[:, -1]
    different = len(result.unique(dim=0))
    # AutoAugment has 25 pairs without a choice of magnitude, and a pair may do nothing.
    assert different == 2 if name == "flip" else different > (n / 4 if name.startswith("AutoAugment") else n / 2)


@pytest.mark.parametrize("name", IMAGES)
def test_a_result_depends_on_the_image_and_its_draw_alone(name: str) -> None:
    augmentation, images = IMAGES[name](), natural_images(12)
    draw, views = augmentation.draw(12, (32, 32), seeded()), augmentation.repeats
    whole = augmentation.apply(images, draw)
    alone = [augmentation.apply(images[i : i + 1], part(draw, slice(i, i + 1))) for i in range(12)]
    assert torch.equal(whole, torch.cat(alone))
    assert torch.equal(whole[3 * views : 8 * views], augmentation.apply(images[3:8], part(draw, slice(3, 8))))


@pytest.mark.parametrize("name", [*IMAGES, *MIXING])
def test_seeds_say_it_all(name: str) -> None:
    augmentation: Augmentation = (IMAGES | MIXING)[name]()
    before = torch.get_rng_state()
    one, same, other = (augmentation.draw(30, (32, 32), seeded(seed)) for seed in (0, 0, 1))
    assert all(torch.equal(one[key], same[key]) for key in one) and one.keys() == same.keys()
    assert not all(torch.equal(one[key], other[key]) for key in one)
    assert torch.equal(before, torch.get_rng_state()), "no global randomness"
    torch.manual_seed(0)
    unseeded = augmentation.draw(30, (32, 32))
    assert all(torch.equal(one[key], unseeded[key]) for key in one), "without a generator PyTorch's own seed holds"


@pytest.mark.parametrize("name", IMAGES)
def test_memory_layouts_give_the_same(name: str) -> None:
    augmentation, images = IMAGES[name](), natural_images(6)
    draw = augmentation.draw(6, (32, 32), seeded())
    last = images.to(memory_format=torch.channels_last)
    assert torch.equal(augmentation.apply(last, draw), augmentation.apply(images, draw))


@pytest.mark.parametrize("name", IMAGES)
def test_what_is_named_by_a_config_is_shown(name: str) -> None:
    shown = repr(IMAGES[name]())
    assert re.fullmatch(r"\w+\(.*\)", shown) and "object at" not in shown and shown[shown.index("(") + 1] != "_"


def test_a_list_does_what_its_steps_do_one_after_the_other() -> None:
    steps = [
        *(RandomHorizontalFlip(), RandomCrop(padding=6), RandomRotation(40), RandomHorizontalFlip()),
        *(RandAugment(), RandomCrop(size=24), AugMix(views=3), RandomCrop()),
        *(RandomErasing(value="noise"), NoisePatches()),
    ]
    images = natural_images(40, size=(33, 47))
    together = Augmentations(steps)
    result = together.augment(images, together.draw(40, (33, 47), seeded()))
    generator, one_by_one = seeded(), images
    for step in steps:
        one_by_one = step.apply(one_by_one, step.draw(len(one_by_one), tuple(one_by_one.shape[2:]), generator))
    assert together.repeats == 3 and result.shape == one_by_one.shape == (120, 3, 24, 24)
    assert together.output_size((33, 47)) == (24, 24)
    assert torch.equal(result, one_by_one)


def test_flip_crop_and_rotation_are_one_pass_over_the_pixels() -> None:
    steps = Augmentations([RandomHorizontalFlip(), RandomCrop(), RandomRotation(), RandomHorizontalFlip()])
    assert len(steps.draw(5, (32, 32), seeded())) == 2, "a rotation ends the first pass"
    assert repr(steps).count("Random") == 4


@pytest.mark.parametrize("size", SIZES)
def test_merged_moves_are_the_moves_pixel_by_pixel(size: tuple[int, int]) -> None:
    images = natural_images(300, size=size)
    steps = [RandomCrop(padding=9), RandomHorizontalFlip(), RandomCrop(size=25), RandomRotation(90)]
    merged = Augmentations(steps)
    result = merged.augment(images, merged.draw(300, size, seeded()))
    generator, expected = seeded(), images
    for step in steps:
        expected = step.apply(expected, step.draw(300, tuple(expected.shape[2:]), generator))
    # A place within rounding of the middle between two pixels may go either way.
    assert (result != expected).float().mean() < 1e-5


def test_a_share_of_a_batch_is_augmented_as_in_the_whole() -> None:
    steps = Augmentations([RandomCrop(), AugMix(views=3), NoisePatches(), MixUp()])
    images = natural_images(13)
    draws = steps.draw(13, (32, 32), seeded())
    whole = steps.augment(images, draws)
    share = steps.augment(images[4:9], share_of(draws, 13, slice(4, 9)))
    assert torch.equal(share, whole[12:27])


def test_nothing_to_do() -> None:
    none, images = Augmentations([]), natural_images(3)
    draws = none.draw(3, (32, 32))
    y = torch.eye(3)
    assert none.repeats == 1 and torch.equal(none.augment(images, draws), images)
    assert none.mix(images.float(), y, draws)[1] is y


BAD: dict[str, tuple[Callable[[], object], str]] = {
    "flip": (lambda: RandomHorizontalFlip(1.5), "p in [0, 1], got 1.5"),
    "padding": (lambda: RandomCrop(padding=-1), "padding >= 0 and size >= 1, got padding=-1"),
    "crop": (
        lambda: RandomCrop(40, padding=1)(natural_images(2)),
        "40 x 40 pixels does not fit into images of 32 x 32",
    ),
    "degrees": (lambda: RandomRotation(-3), "degrees in [0, 180], got -3"),
    "size": (lambda: RandomResizedCrop(size=0), "size >= 1, got 0"),
    "scale": (lambda: RandomResizedCrop(scale=(0.5, 1.2)), "scale in [0, 1]"),
    "ratio": (lambda: RandomErasing(ratio=(2.0, 1.0)), "ratio > 0, each (least, greatest)"),
    "value": (lambda: RandomErasing(value="nose"), 'value in [0, 1] or "noise"'),  # type: ignore[arg-type]
    "bins": (lambda: TrivialAugmentWide(1), "num_magnitude_bins >= 2, got 1"),
    "magnitude": (lambda: RandAugment(magnitude=31), "magnitude in 0..30 for 31 bins, got num_ops=2, magnitude=31"),
    "operations": (lambda: RandAugment(num_ops=0), "num_ops >= 1"),
    "policy": (lambda: AutoAugment("cifar"), "unknown AutoAugment policy 'cifar'; did you mean 'cifar10'"),  # type: ignore[arg-type]
    "severity": (lambda: AugMix(severity=11), "severity in 1..10"),
    "views": (lambda: AugMix(views=0), "views >= 1"),
    "depth": (lambda: AugMix(chain_depth=0), "chain_depth >= 1, or -1 to draw it, got 0"),
    "norm": (lambda: NoisePatches(norms=[3.0]), "norms out of 0, 0.5, 1.0, 2.0, inf, got [3.0]"),
    "strength": (lambda: NoisePatches(std=0.0), "std > 0"),
    "alpha": (lambda: MixUp(alpha=0), "MixUp needs alpha > 0"),
    "order": (lambda: Augmentations([MixUp(), RandomCrop()]), "reorder MixUp, RandomCrop"),
    "float images": (lambda: RandomCrop()(torch.rand(2, 3, 8, 8)), "uint8 images of shape (B, C, H, W)"),
    "one image": (lambda: RandomCrop()(natural_images(1)[0]), "got torch.uint8 of shape (3, 32, 32)"),
    "channels": (lambda: AugMix()(natural_images(2, 4)), "1 or 3 channels"),
    "integer labels": (lambda: MixUp()(torch.rand(2, 3, 8, 8), torch.tensor([0, 1])), "soft targets (B, K)"),
    "too few labels": (lambda: CutMix()(torch.rand(5, 3, 8, 8), torch.eye(3)), "got 3 for 5"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_told_in_one_line(name: str) -> None:
    call, message = BAD[name]
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        call()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", IMAGES)
def test_no_device_is_waited_for(name: str) -> None:
    augmentation, images = IMAGES[name](), torch.empty(20, 3, 32, 32, dtype=torch.uint8, device="meta")
    # A meta tensor has no values: to ask for one is an error, as on a GPU it would be a wait.
    result = augmentation.apply(images, augmentation.draw(20, (32, 32), seeded()))
    assert result.device.type == "meta" and result.shape[0] == 20 * augmentation.repeats
