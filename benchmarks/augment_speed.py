"""Times the batched augmentations beside torchvision's, which augment one image after the other.

    python -m benchmarks.augment_speed

From CIFAR-size images in memory to a mollified batch: flip, crop with padding 4, rotation by 15 degrees, then
TrivialAugmentWide or AugMix, then standardising, then `Mollify`. torchvision's transforms (v2) do all but the last for
each image, from a uint8 tensor, or by way of Pillow as its data sets do, and the batch is stacked. One thread, all in
turn, in processor time, so that other programs on the machine count as little as can be. Of each run: the median
milliseconds a batch, and the median ratios of turns that followed each other directly, to the faster of torchvision's
two ways. The ratios are the figures to quote; several runs show how far they can be trusted.
"""

import statistics
from collections.abc import Callable, Sequence
from typing import Any

import torch
from PIL import Image
from torch import Tensor
from torchvision.transforms import v2

from benchmarks.turns import one_thread, take_turns, write_rows
from robustmoll import Mollify
from robustmoll.data.augment import (
    Augmentation,
    Augmentations,
    AugMix,
    RandomCrop,
    RandomHorizontalFlip,
    RandomRotation,
    TrivialAugmentWide,
)

BATCH = (128, 3, 32, 32)
MEAN, STD = (0.491, 0.482, 0.446), (0.247, 0.243, 0.261)
POLICIES: dict[str, tuple[Augmentation, v2.Transform]] = {
    "TrivialAugmentWide": (TrivialAugmentWide(), v2.TrivialAugmentWide()),
    "AugMix": (AugMix(), v2.AugMix()),
}
RUNS = 5
WARM_UP = 3  # turns
TURNS = 15
CALLS = 10  # of ours in a turn; torchvision is called once


def batched(policy: Augmentation, images: Tensor, generator: torch.Generator) -> Callable[[], Tensor]:
    """Returns what augments and standardises a batch at once."""
    steps = Augmentations([RandomHorizontalFlip(), RandomCrop(padding=4), RandomRotation(15), policy])
    mean, std = (255 * torch.tensor(values)[:, None, None] for values in (MEAN, STD))

    def call() -> Tensor:
        draws = steps.draw(len(images), (images.shape[-2], images.shape[-1]), generator)
        return steps.augment(images, draws).float().sub_(mean).div_(std)

    return call


def per_sample(policy: v2.Transform, images: Sequence[Any], pillow: bool) -> Callable[[], Tensor]:
    """Returns what augments and standardises image by image."""
    steps = [v2.RandomHorizontalFlip(), v2.RandomCrop(BATCH[-1], padding=4), v2.RandomRotation(15), policy]
    transform = v2.Compose([*steps, v2.ToImage(), v2.ToDtype(torch.float32, scale=True), v2.Normalize(MEAN, STD)])
    if pillow:
        return lambda: torch.stack([transform(Image.fromarray(image)) for image in images])
    return lambda: torch.stack([transform(image) for image in images])


def contenders(name: str) -> dict[str, tuple[Callable[[], object], int]]:
    """The three ways on the same images, each with the number of calls in a turn."""
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(256, BATCH, dtype=torch.uint8, generator=generator)
    labels = torch.randint(10, BATCH[:1], generator=generator)
    mollify = Mollify(num_classes=10)
    ours, theirs = POLICIES[name]

    def mollified(augment: Callable[[], Tensor]) -> Callable[[], object]:
        return lambda: mollify(augment(), labels, generator)

    arrays = list(images.permute(0, 2, 3, 1).contiguous().numpy())
    return {
        "tensor": (mollified(per_sample(theirs, list(images), pillow=False)), 1),
        "pillow": (mollified(per_sample(theirs, arrays, pillow=True)), 1),
        "robustmoll": (mollified(batched(ours, images, generator)), CALLS),
    }


def row(name: str, run: int) -> dict[str, object]:
    """One run as a row of the table."""
    torch.manual_seed(0)  # torchvision's transforms draw from the global generator
    ms = take_turns(contenders(name), TURNS, WARM_UP)
    medians = {way: statistics.median(values) for way, values in ms.items()}
    fastest = min("tensor", "pillow", key=medians.__getitem__)
    ratios = [theirs / ours for theirs, ours in zip(ms[fastest], ms["robustmoll"], strict=True)]
    return {
        "policy": name,
        "batch": "x".join(map(str, BATCH)),
        "run": run,
        **{f"{way}_ms": f"{median:.2f}" for way, median in medians.items()},
        **{f"{way}_images_per_s": f"{1e3 * BATCH[0] / median:.0f}" for way, median in medians.items()},
        "fastest_over_ours": f"{statistics.median(ratios):.1f}",
        "torch": torch.__version__,
    }


def main() -> None:
    one_thread()
    write_rows("augment_speed.csv", (row(name, run) for run in range(RUNS) for name in POLICIES))


if __name__ == "__main__":
    main()
