"""A classifier that counts what it sees, on a few real scans."""

import dataclasses
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from robustmoll.data import Digits, ImageSet
from robustmoll.evaluate.classifiers.bench import bench
from robustmoll.evaluate.classifiers.bench_args import BenchArgs
from robustmoll.evaluate.classifiers.cells import Cell

CORRUPTIONS = ("gaussian_noise", "contrast")


SEVERITIES = (1, 5)


def digits(n: int = 101) -> ImageSet:
    """The first scans of real handwritten digits, 32 x 32."""
    test = Digits().load()[1]
    return dataclasses.replace(test, images=test.images[:n], labels=test.labels[:n])


@cache
def templates() -> Tensor:
    """The mean of each class of the training digits, less that of all: shape (1024, 10)."""
    train = Digits().load()[0]
    images = train.images.flatten(1) / 255
    means = torch.stack([images[train.labels == digit].mean(0) for digit in range(10)], 1)
    return means - means.mean(1, keepdim=True)


class Counting(nn.Module):
    """A fixed linear classifier, better than chance, with dropout, that counts the images it sees."""

    def __init__(self, classes: int = 10, seed: int = 0) -> None:
        super().__init__()
        noise = torch.randn(32 * 32, classes, generator=torch.Generator().manual_seed(seed)) / 50
        self.weight = nn.Parameter((templates() / 4 if classes == 10 else 0) + noise)
        self.dropout = nn.Dropout(0.5)
        self.seen = 0

    def forward(self, x: Tensor) -> Tensor:
        assert x.dtype == torch.float32 and not torch.is_grad_enabled()
        self.seen += len(x)
        return self.dropout(x.flatten(1) @ self.weight)


def ask(model: nn.Module, data: ImageSet, out: Path, **request: Any) -> list[Cell]:  # noqa: ANN401
    """Benchmarks with the arguments of `BenchArgs` and of `bench` side by side."""
    asked = {field.name: request.pop(field.name) for field in dataclasses.fields(BenchArgs) if field.name in request}
    return bench(model, data, out, BenchArgs(**asked), **request)


def run(out: Path, model: nn.Module | None = None, data: ImageSet | None = None, **changes: object) -> list[Cell]:
    request = {"corruptions": CORRUPTIONS, "severities": SEVERITIES, **changes}
    return ask(model or Counting(), data or digits(), out, **request)
