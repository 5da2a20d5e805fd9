"""Times a training end to end beside the plain loop that people write, on all cores.

    python -m benchmarks.train_speed --root data/cifar10

Wide ResNet 16-2 on CIFAR-10 with flip, crop, rotation, TrivialAugmentWide and mollification; SGD, batches of 128. Ours
is `Trainer` as `robustmoll train` runs it. The plain loop has the same network, optimizer, precision and memory layout,
torchvision's transforms (v2) image by image in a `DataLoader` over pictures in memory, and the same `Mollify`, so that
what differs is the augmentation and the loop. It runs without worker processes and with one or two; the fastest of
these is what we are compared with. The same loop in float32 and PyTorch's own memory layout, as most are written, comes
last: what two keys of a config (`precision`, `channels_last`) are worth is told apart. Each trains two epochs of a part
of the training set in turn with the others; the speed is that of the second one, in wall-clock time, so the machine
should have nothing else to do.
"""

import argparse
import csv
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import torch
from PIL import Image
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader, Dataset
from torchvision.transforms import v2

from benchmarks.turns import write_rows
from robustmoll import Mollify
from robustmoll.data import CIFAR10, Data, ImageSet
from robustmoll.data.augment import Augmentation, RandomCrop, RandomHorizontalFlip, RandomRotation, TrivialAugmentWide
from robustmoll.models import create_model
from robustmoll.tasks import Classify, ModelArgs
from robustmoll.training import Trainer
from robustmoll.training.optim import OptimizerArgs

MODEL = "wide_resnet16_2"
MEAN, STD = (0.491, 0.482, 0.446), (0.247, 0.243, 0.261)
BATCH, IMAGES, EPOCHS, RUNS = 128, 20 * 128, 2, 3
Precision = Literal["no", "bf16"]


class Part(Data):
    """The first training images of a set."""

    def __init__(self, images: ImageSet) -> None:
        self.images = images

    def classes(self) -> tuple[str, ...]:
        return self.images.classes

    def load(self) -> tuple[ImageSet, ImageSet]:
        return self.images, self.images.select(torch.arange(BATCH))


class Pictures(Dataset[tuple[torch.Tensor, int]]):
    """Pictures in memory, transformed when they are asked for, as torchvision's data sets do."""

    def __init__(self, images: ImageSet) -> None:
        self.pixels, self.labels = images.images[:].permute(0, 2, 3, 1).contiguous().numpy(), images.labels.tolist()
        steps = [v2.RandomHorizontalFlip(), v2.RandomCrop(32, padding=4), v2.RandomRotation(15)]
        standardise = [v2.ToImage(), v2.ToDtype(torch.float32, scale=True), v2.Normalize(MEAN, STD)]
        self.transform = v2.Compose([*steps, v2.TrivialAugmentWide(), *standardise])

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, number: int) -> tuple[torch.Tensor, int]:
        return self.transform(Image.fromarray(self.pixels[number])), self.labels[number]


def ours(images: ImageSet, precision: Precision) -> float:
    """Images a second of `Trainer`."""
    augment: list[Augmentation] = [RandomHorizontalFlip(), RandomCrop(), RandomRotation(), TrivialAugmentWide()]
    task = Classify(ModelArgs(MODEL), Mollify(len(images.classes)), augment=augment)
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        Trainer(
            Part(images),
            task,
            run=str(run),
            epochs=EPOCHS,
            batch_size=BATCH,
            optimizer=OptimizerArgs("sgd", lr=0.1),
            precision=precision,
            channels_last=True,
        ).fit()
        with (run / "metrics.csv").open() as file:
            return float(list(csv.DictReader(file))[-1]["images_per_s"])


def plain(images: ImageSet, precision: Precision, workers: int, layout: torch.memory_format) -> float:
    """Images a second of the plain loop."""
    loader = DataLoader(
        Pictures(images), BATCH, shuffle=True, num_workers=workers, persistent_workers=workers > 0, drop_last=True
    )
    network = create_model(MODEL, num_classes=len(images.classes)).to(memory_format=layout)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9, nesterov=True, weight_decay=5e-4)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, EPOCHS * len(loader))
    mollify = Mollify(len(images.classes))
    for _ in range(EPOCHS):
        with stopwatch() as seconds:
            for x, y in loader:
                x, y = mollify(x.to(memory_format=layout), y)
                with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
                    loss = cross_entropy(network(x), y)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                scheduler.step()
    return len(loader) * BATCH / seconds[0]


@contextmanager
def stopwatch() -> Iterator[list[float]]:
    """Gives a list that holds the seconds when the block is left."""
    start, seconds = time.perf_counter(), [0.0]
    yield seconds
    seconds[0] = time.perf_counter() - start


def row(images: ImageSet, precision: Precision, run: int) -> dict[str, object]:
    """One run as a row of the table."""
    equal = {workers: plain(images, precision, workers, torch.channels_last) for workers in (0, 1, 2)}
    workers = max(equal, key=lambda workers: equal[workers])
    written, speed = plain(images, "no", workers, torch.contiguous_format), ours(images, precision)
    return {
        "precision": precision,
        "run": run,
        **{f"plain_{workers}_workers_images_per_s": f"{value:.0f}" for workers, value in equal.items()},
        "float32_contiguous_images_per_s": f"{written:.0f}",
        "robustmoll_images_per_s": f"{speed:.0f}",
        "ours_over_fastest": f"{speed / equal[workers]:.2f}",
        "ours_over_float32_contiguous": f"{speed / written:.2f}",
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", required=True, help="folder of CIFAR-10")
    parser.add_argument("--precision", choices=("bf16", "no"), default="bf16")
    args = parser.parse_args()
    train, _ = CIFAR10(args.root).load()
    images = train.select(torch.arange(len(train))[:: len(train) // IMAGES][:IMAGES])
    rows = [row(images, args.precision, run) for run in range(RUNS)]
    write_rows("train_speed.csv", rows)
    for ratio in ("ours_over_fastest", "ours_over_float32_contiguous"):
        print(f"{ratio}: {statistics.median(float(str(row[ratio])) for row in rows):.2f}, median of {len(rows)} runs")


if __name__ == "__main__":
    main()
