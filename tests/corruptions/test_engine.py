"""Laws that hold for every corruption."""

import runpy
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from robustmoll import corruptions
from robustmoll.corruptions import (
    CONSTANTS,
    EXTRA,
    GROUPS,
    NAMES,
    PRESETS,
    REGISTRY,
    Corrupt,
    corrupt,
    corruption,
    engine,
)
from robustmoll.counter_rng import CounterRNG

ALL = list(REGISTRY)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("severity", [1, 3.5, 5])
def test_same_bits_in_any_batch(name: str, severity: float, images: Tensor) -> None:
    together = corrupt(images, name, severity, "tiny", seed=5, ids=[10, 11, 12, 13, 14, 15])
    order = [4, 1, 5, 0, 2, 3]
    shuffled = corrupt(images[order], name, severity, "tiny", seed=5, ids=[10 + i for i in order])
    assert torch.equal(shuffled, together[order])
    for i in range(3):
        assert torch.equal(corrupt(images[i : i + 1], name, severity, "tiny", seed=5, ids=[10 + i])[0], together[i])


@pytest.mark.parametrize("name", ALL)
def test_same_float_bits_in_any_batch(name: str, images: Tensor) -> None:
    x = images.float() / 255
    together = corrupt(x, name, 4, "cifar")
    alone = [corrupt(x[i : i + 1], name, 4, "cifar", ids=[i]) for i in range(len(x))]
    assert torch.equal(torch.cat(alone), together)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("severity", [1, 5])
def test_float_images_differ_by_the_truncation_only(name: str, severity: int, images: Tensor) -> None:
    floats = corrupt(images.float() / 255, name, severity)
    assert floats.dtype == torch.float32
    cut_off = floats * 255 - corrupt(images, name, severity)
    assert cut_off.min() > -1e-3 and cut_off.max() < 1 + 1e-3


@pytest.mark.parametrize("name", ["defocus_blur", "zoom_blur", "fog", "contrast", "elastic_transform", "gaussian_blur"])
def test_same_bits_with_any_number_of_threads(name: str) -> None:
    x = torch.rand(3, 3, 150, 130, generator=torch.Generator().manual_seed(0))
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        one = corrupt(x, name, 3, "imagenet")
        torch.set_num_threads(2)
        assert torch.equal(corrupt(x, name, 3, "imagenet"), one)
    finally:
        torch.set_num_threads(threads)


@pytest.mark.parametrize("name", [name for name in ALL if name != "jpeg_compression"])
@pytest.mark.parametrize("preset, severity", [("cifar", 1), ("imagenet", 5), ("tiny", 2.5)])
def test_stays_on_its_device_and_never_waits_for_it(name: str, preset: str, severity: float) -> None:
    # On the device "meta" there are shapes and no values: reading one on the host raises, as does a tensor
    # that was left on the CPU. JPEG goes through the CPU, and says so.
    x = torch.empty(2, 3, 48, 40, dtype=torch.uint8, device="meta")
    y = corrupt(x, name, severity, preset)
    assert (y.device, y.shape, y.dtype) == (x.device, x.shape, x.dtype)


class Copies(TorchDispatchMode):
    """Counts copies from the CPU to another device for which the host waits until all work queued there is done."""

    waited = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:  # noqa: ANN401
        given = kwargs or {}
        if func is torch.ops.aten._to_copy.default and args[0].device.type == "cpu":
            target = torch.device(given.get("device") or "cpu")
            self.waited += target.type != "cpu" and not given.get("non_blocking")
        return func(*args, **given)


@pytest.mark.parametrize("name", [name for name in ALL if name != "jpeg_compression"])
def test_what_is_drawn_on_the_host_is_copied_without_waiting(name: str) -> None:
    x, names = torch.empty(3, 3, 48, 40, dtype=torch.uint8, device="meta"), [name, "brightness", name]
    corrupt(x, names, 2, "tiny")  # tables that are kept are copied once
    with Copies() as copies:
        corrupt(x, names, 2, "tiny")
    assert copies.waited == 0


@pytest.mark.parametrize("name", ALL)
def test_severity_zero_is_the_identity(name: str, images: Tensor) -> None:
    for x in (images, images.float() / 255, images.double() / 255, images.bfloat16() / 255):
        assert torch.equal(corrupt(x, name, 0), x)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("preset", PRESETS)
def test_every_severity_changes_images_and_stays_in_range(name: str, preset: str, images: Tensor) -> None:
    x = images.float() / 255
    for severity in (0.5, 1, 2, 3, 4, 5):
        y = corrupt(x, name, severity, preset)
        assert y.shape == x.shape and y.dtype == x.dtype
        assert y.min() >= 0 and y.max() <= 1  # false for NaN as well
        assert (y != x).flatten(1).any(dim=1).all(), f"severity {severity} leaves an image as it is"


@pytest.mark.parametrize("name", ALL)
def test_fractions_meet_whole_severities(name: str, images: Tensor) -> None:
    x = images.float() / 255
    nearly = corrupt(x, name, 1 - 1e-7, ids=[0] * len(x))
    assert torch.isfinite(nearly).all()
    tiny = corrupt(x, name, 1e-6)
    torch.testing.assert_close(tiny, x, atol=2e-6, rtol=0)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("shape", [(16, 16), (17, 45), (70, 45)])
@pytest.mark.parametrize("channels", [1, 3])
def test_any_size_grey_or_colour(name: str, shape: tuple[int, int], channels: int) -> None:
    x = torch.randint(256, (2, channels, *shape), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    for preset in PRESETS:
        y = corrupt(x, name, 3, preset)
        assert y.shape == x.shape and y.dtype == torch.uint8


@pytest.mark.parametrize("name", ALL)
def test_the_callers_images_are_untouched(name: str, images: Tensor) -> None:
    floats = images.float() / 255
    for x in (images, floats):
        before = x.clone()
        y = corrupt(x, name, 2)
        y.zero_()
        assert torch.equal(x, before)


@pytest.mark.parametrize("name", ALL)
def test_the_layout_in_memory_does_not_matter(name: str, images: Tensor) -> None:
    plain = corrupt(images, name, 3, "tiny")
    assert torch.equal(corrupt(images.contiguous(memory_format=torch.channels_last), name, 3, "tiny"), plain)
    wide = torch.zeros(6, 3, 40, 50, dtype=torch.uint8)
    wide[..., 9:41] = images
    assert torch.equal(corrupt(wide[..., 9:41], name, 3, "tiny"), plain)


@pytest.mark.parametrize("name", ALL)
def test_float_types_come_back(name: str, images: Tensor) -> None:
    reference = corrupt(images.float() / 255, name, 3)
    double = corrupt((images.float() / 255).double(), name, 3)
    assert double.dtype == torch.float64
    assert torch.equal(double.float(), reference)
    half = (images.float() / 255).half()
    assert torch.equal(corrupt(half, name, 3), corrupt(half.float(), name, 3).half())


@pytest.mark.parametrize("name", ALL)
def test_the_size_of_pieces_does_not_matter(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    x = torch.randint(256, (5, 3, 17, 45), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    whole = corrupt(x, name, 4.5, "imagenet")
    for images in (1, 2):
        monkeypatch.setattr(engine, "PIECE", images * x[0].numel() * REGISTRY[name].copies)
        assert torch.equal(corrupt(x, name, 4.5, "imagenet"), whole)


@pytest.mark.parametrize("name", ALL)
def test_the_default_dtype_does_not_matter(name: str, images: Tensor) -> None:
    expected = corrupt(images, name, 3)
    torch.set_default_dtype(torch.float64)
    try:
        assert torch.equal(corrupt(images, name, 3), expected)
    finally:
        torch.set_default_dtype(torch.float32)


def test_one_name_and_severity_per_image(images: Tensor) -> None:
    names = ["contrast", "gaussian_noise", "contrast", "brightness", "gaussian_noise", "pixelate"]
    severities = [1, 2.5, 1, 0, 2.5, 5]
    mixed = Corrupt("tiny", seed=3)(images, names, torch.tensor(severities, dtype=torch.float64))
    for i, (name, severity) in enumerate(zip(names, severities, strict=True)):
        alone = corrupt(images[i : i + 1], name, severity, "tiny", seed=3, ids=[i])
        assert torch.equal(mixed[i], alone[0])


def test_the_seed_and_the_id_matter(images: Tensor) -> None:
    same = images[:1].expand(2, -1, -1, -1)
    y = corrupt(same, "gaussian_noise", 3)
    assert not torch.equal(y[0], y[1])
    assert not torch.equal(y, corrupt(same, "gaussian_noise", 3, seed=1))
    assert torch.equal(y, corrupt(same, "gaussian_noise", 3, seed=np.int64(0)))
    assert not torch.equal(y[0], corrupt(same, "gaussian_noise", 3, ids=[5, 1])[0])


def test_a_new_corruption_is_a_function_and_a_row(images: Tensor, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = {preset: (0.2, 0.4, 0.6, 0.8, 1.0) for preset in PRESETS}
    monkeypatch.setitem(CONSTANTS, "negative", rows)

    @corruption("extra")
    def negative(x: Tensor, rng: CounterRNG, share: float) -> Tensor:
        return torch.lerp(x, 255 - x, share)

    try:
        assert torch.equal(corrupt(images, "negative", 5), 255 - images)
    finally:
        del REGISTRY["negative"]


def test_a_new_corruption_does_not_change_the_benchmark(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CONSTANTS, "negative", CONSTANTS["brightness"])
    monkeypatch.setitem(REGISTRY, "negative", REGISTRY["zoom_blur"])
    found = runpy.run_path(str(corruptions.__file__))  # what the package would say
    assert found["NAMES"] == NAMES and found["EXTRA"] == EXTRA and found["ALL"] == (*NAMES, *EXTRA, "negative")
    assert found["GROUPS"] == GROUPS | {"extra": (*EXTRA, "negative")}


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_the_last_digits_of_resizing_are_forgiven(dtype: torch.dtype) -> None:
    x = torch.ones(1, 3, 32, 32, dtype=dtype)
    above = x * (1 + 4 * torch.finfo(dtype).eps)
    assert (above > 1).all()
    assert torch.equal(corrupt(above, "fog", 3), corrupt(x, "fog", 3))


@pytest.mark.parametrize("name", ["gaussian_noise", "fog", "brightness"])
def test_a_compiled_caller_gets_the_same(name: str) -> None:
    x = torch.rand(2, 3, 32, 32)
    compiled = torch.compile(lambda x: corrupt(x * 0.5, name, 3) + 1, backend="eager")
    torch.testing.assert_close(compiled(x), corrupt(x * 0.5, name, 3) + 1)
