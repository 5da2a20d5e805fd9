"""Applies corruptions to batches: checks the request, splits the batch into cells, calls the functions.

Inside, images are float32 in grey levels [0, 255], and constants that the original applies to [0, 1] are
scaled. uint8 images follow the original to the end: clip, then *truncate*. Float images get the same with
the truncation left out, and steps inside a corruption that work in whole grey levels (the pre-blur of
`glass_blur`, the layers of `snow` and `spatter`, `pixelate`, JPEG) do so for them too. float16, bfloat16
and float64 images come back as what they were.

On another device the same draws give the same image up to the rounding of float32 arithmetic: angles, crops
and maps are the same, and so is the noise of each pixel. Nothing waits for the device, but for JPEG, which
is coded on the CPU.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from numbers import Integral, Real
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from robustmoll.checks import known_name, require
from robustmoll.corruptions.colour import luma
from robustmoll.corruptions.constants import PRESETS, constants, preset_of_size
from robustmoll.corruptions.registry import REGISTRY
from robustmoll.counter_rng import CounterRNG

SMALLEST = 16  # pixels a side
PIECE = 1 << 19  # values at a time: float32 work on that many stays in a CPU's cache

T = TypeVar("T")
Severity = float | Sequence[float] | Tensor


@torch._disable_dynamo  # as `torch.compiler.disable`, which takes seconds to import: the host decides here
@torch.no_grad()
def corrupt(
    x: Tensor,
    name: str | Sequence[str],
    severity: Severity,
    preset: str | None = None,
    seed: int = 0,
    ids: Sequence[int] | Tensor | None = None,
) -> Tensor:
    """Corrupts images.

    All random draws come from (seed, id, name, severity) alone: an image gets the same bits in any batch
    and order.

    Args:
        x: Images of shape (B, C, H, W) with C = 1 or 3 and H, W >= 16; uint8, or float in [0, 1].
        name: A corruption, one for all images or one per image.
        severity: 0 (the identity, bit for bit) to 5, one for all images or one per image, read on the host.
            Between whole severities the constants are interpolated linearly; below 1, where there are none,
            the image is mixed with its corruption at severity 1.
        preset: Table of constants: "cifar", "tiny" or "imagenet"; None takes the one made for images of about this
            size, see `preset_of_size`.
        seed: Any integer.
        ids: One integer per image, read on the host. 0 to B - 1 by default: give the positions in the data
            set when corrupting it batch by batch.

    Returns:
        New images with the shape, dtype and device of x.

    Raises:
        ValueError: If an argument is not as described.

    Example:
        >>> x = torch.randint(256, (2, 3, 32, 32), dtype=torch.uint8)
        >>> y = corrupt(x, "gaussian_noise", severity=3)
        >>> bool((corrupt(x[1:], "gaussian_noise", severity=3, ids=[1]) == y[1:]).all())
        True
    """
    check_images(x)
    preset = known_name("preset", preset or preset_of_size(*x.shape[-2:]), PRESETS)
    seed = check_seed(seed)
    names = per_image("corruption", name, len(x), check_name)
    severities = per_image("severity", severity, len(x), check_severity)
    if isinstance(ids, Integral):
        raise ValueError(f"ids must be one integer per image, got {ids}; say range({ids}, {ids} + len(x)) for a start")
    image_ids = list(range(len(x))) if ids is None else per_image("id", ids, len(x), check_id)
    cells: dict[tuple[str, float], list[int]] = {}
    for i, cell in enumerate(zip(names, severities, strict=True)):
        cells.setdefault(cell, []).append(i)
    out = torch.empty_like(x)
    for cell, members in cells.items():
        address = "/".join(map(str, (seed, *cell)))
        for piece in pieces(members, x, REGISTRY[cell[0]].copies):
            place = index_of(piece, x.device)
            rng = CounterRNG(address, [image_ids[i] for i in piece], x.device)
            out[place] = corrupt_cell(x[place], *cell, preset, rng)
    return out


def corrupt_cell(x: Tensor, name: str, severity: float, preset: str, rng: CounterRNG) -> Tensor:
    """Corrupts images that share a corruption and a severity."""
    entry = REGISTRY[name]
    if severity == 0:
        return x
    levels = whole_levels(x) if entry.whole else grey_levels(x)
    if entry.colour and levels.shape[1] == 1:
        levels = levels.repeat(1, 3, 1, 1)
    y = entry.function(levels, rng, *constants(name, preset, severity))
    if not entry.whole:
        y = y.clamp_(0, 255)
    if y.shape[1] != x.shape[1]:
        y = luma(y)
    if severity < 1:
        y = torch.lerp(grey_levels(x), y.to(torch.float32), severity)
    return truncated(y) if x.dtype == torch.uint8 else y.to(torch.float32).div_(255).to(x.dtype)


def grey_levels(x: Tensor) -> Tensor:
    """uint8 images, or float images in [0, 1], as float32 in [0, 255]; always a copy."""
    return x.to(torch.float32) if x.dtype == torch.uint8 else x.to(torch.float32).mul(255).clamp_(0, 255)


def whole_levels(x: Tensor) -> Tensor:
    """uint8 images as they are; float images in [0, 1] rounded to uint8."""
    return x if x.dtype == torch.uint8 else truncated(grey_levels(x).add_(0.5))


def truncated(levels: Tensor) -> Tensor:
    """Grey levels as uint8; by way of int16 the conversion is four times as fast."""
    return levels if levels.dtype == torch.uint8 else levels.to(torch.int16).to(torch.uint8)


def index_of(piece: list[int], device: torch.device) -> slice | Tensor:
    """The images of a piece as an index: a slice where they lie side by side, which saves a copy."""
    if piece[-1] - piece[0] + 1 == len(piece):
        return slice(piece[0], piece[-1] + 1)
    return torch.tensor(piece, device="cpu").to(device, non_blocking=True)


def pieces(members: list[int], x: Tensor, copies: float) -> Iterator[list[int]]:
    """Cuts a list of images into parts that fit a CPU's cache; an accelerator takes all at once."""
    size = max(int(PIECE / (x[0].numel() * copies)), 1) if x.device.type == "cpu" else len(members)
    return (members[i : i + size] for i in range(0, len(members), size))


class Corrupt(nn.Module):
    """`corrupt` as a module, for pipelines.

    Args:
        preset: Table of constants: "cifar", "tiny" or "imagenet"; None goes by the size of each batch's images.
        seed: Any integer.

    Example:
        >>> x = torch.rand(3, 3, 64, 64)
        >>> Corrupt("tiny")(x, ["brightness", "contrast", "brightness"], [1, 5, 2.5]).shape
        torch.Size([3, 3, 64, 64])
    """

    def __init__(self, preset: str | None = None, seed: int = 0) -> None:
        super().__init__()
        self.preset = preset
        self.seed = seed

    def forward(
        self,
        x: Tensor,
        name: str | Sequence[str],
        severity: Severity,
        ids: Sequence[int] | Tensor | None = None,
    ) -> Tensor:
        """Corrupts images, each with a corruption and a severity of its own if so wished; see `corrupt`."""
        return corrupt(x, name, severity, self.preset, self.seed, ids)


def per_image(what: str, values: object, n: int, check: Callable[[Any], T]) -> list[T]:
    """Spreads one value over n images, or sees that there is one for each; checked."""
    values = values.tolist() if isinstance(values, Tensor | np.ndarray | np.generic) else values
    if not isinstance(values, Iterable) or isinstance(values, str):
        return [check(values)] * n
    values = list(values)
    if len(values) != n:
        raise ValueError(f"expected one {what} per image, got {len(values)} for {n} images")
    return [check(value) for value in values]


def check_name(name: str) -> str:
    """Returns the name if there is such a corruption."""
    return known_name("corruption", name, REGISTRY)


def check_severity(severity: float) -> float:
    """Returns the severity as a float if it lies in [0, 5]."""
    if not isinstance(severity, Real) or isinstance(severity, bool) or not 0 <= severity <= 5:
        raise ValueError(f"severity must be a number from 0 (identity) to 5, got {severity!r}")
    return float(severity)


def check_seed(seed: int) -> int:
    """Returns the seed as an int if it is one, also NumPy's."""
    if not isinstance(seed, Integral):
        raise ValueError(f"seed must be an integer, got {seed!r}")
    return int(seed)


def check_id(i: int) -> int:
    """Returns the id as an int if it is one of 64 bits."""
    if not isinstance(i, int | Integral) or not -(2**63) <= i < 2**63:
        raise ValueError(f"ids must be integers, got {i!r}")
    return int(i)


def check_images(x: Tensor) -> None:
    """Checks shape, dtype and, for float images, the range."""
    if not isinstance(x, Tensor) or not (x.dtype == torch.uint8 or x.is_floating_point()):
        kind = x.dtype if isinstance(x, Tensor) else type(x).__name__
        raise ValueError(f"images must be a uint8 tensor, or a float tensor in [0, 1], got {kind}")
    if x.ndim != 4 or x.shape[1] not in (1, 3) or min(x.shape[2:]) < SMALLEST:
        raise ValueError(
            f"images must have shape (B, C, H, W) with C = 1 or 3 and H, W >= {SMALLEST}, got {tuple(x.shape)}"
        )
    if len(x) == 0:
        raise ValueError(f"the batch is empty: got images of shape {tuple(x.shape)}")
    if x.is_floating_point():
        slack = 8 * torch.finfo(x.dtype).eps  # resizing leaves a few ulps
        inside = ((x >= -slack) & (x <= 1 + slack)).all()
        require(
            inside,
            "float images must lie in [0, 1], got a value outside or NaN; divide by 255, do not standardise",
        )
