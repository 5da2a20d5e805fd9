"""How much of an on-the-fly benchmark is not the model's forward pass?

    OMP_NUM_THREADS=1 python -m benchmarks.bench_overhead

Benchmarks WRN-40-2 on images of CIFAR's size, clean and under the 15 corruptions, from an empty folder to the written
summary, in one thread for tensors; the next batch is corrupted in a second one. Everything but the forward passes
counts as overhead: corrupting, judging, writing cells, fitting temperatures. Two clocks: the wall's, where the second
thread can hide work on a free core, and the processor's, where nothing hides. The weights and images are random: they
do not matter to the time. Each run is a row of benchmarks/results/bench_overhead.csv.
"""

import argparse
import os
import tempfile
import time
from statistics import median

import timm
import torch
from torch import Tensor, nn

from benchmarks.turns import write_rows
from robustmoll.data import ImageSet
from robustmoll.evaluate import BenchArgs, bench, write_summary
from robustmoll.storage.environment import environment

RESULT = "bench_overhead.csv"
GOAL = 0.15


class Timed(nn.Module):
    """A classifier that counts what its forward passes take.

    Args:
        name: Of the network in timm.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self.network = timm.create_model(name, num_classes=10)
        self.wall = self.processor = 0.0

    def forward(self, x: Tensor) -> Tensor:
        wall, processor = time.perf_counter(), time.thread_time()
        logits = self.network((x - 0.5) / 0.25)
        self.wall += time.perf_counter() - wall
        self.processor += time.thread_time() - processor
        return logits


def measure(name: str, images: int, severities: list[float]) -> dict[str, float]:
    """Benchmarks a network once; returns seconds, and the shares of them that are not forward passes."""
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(256, (images, 3, 32, 32), dtype=torch.uint8, generator=generator)
    labels = torch.randint(10, (images,), generator=generator)
    data = ImageSet("random", "test", pixels, labels, tuple("0123456789"))
    model = Timed(name)
    with tempfile.TemporaryDirectory() as folder:
        wall, processor = time.perf_counter(), time.process_time()
        bench(model, data, folder, BenchArgs(severities=severities))
        write_summary(folder)
        wall, processor = time.perf_counter() - wall, time.process_time() - processor
    return {
        "wall_s": wall,
        "wall_outside_forward": 1 - model.wall / wall,
        "processor_s": processor,
        "processor_outside_forward": 1 - model.processor / processor,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="wide_resnet40_2", help="name in timm")
    parser.add_argument("--images", type=int, default=256)
    parser.add_argument("--severities", type=float, nargs="+", default=[1, 3, 5])
    parser.add_argument("--runs", type=int, default=3)
    args = parser.parse_args()
    torch.set_num_threads(1)
    machine = {"cores": os.cpu_count(), "torch": environment()["torch"]}
    what = {"model": args.model, "images": args.images, "cells": 1 + 15 * len(args.severities), **machine}
    rows = [{"run": run, **what, **measure(args.model, args.images, args.severities)} for run in range(args.runs)]
    write_rows(RESULT, rows)
    for clock in ("wall", "processor"):
        share = median(row[f"{clock}_outside_forward"] for row in rows)
        print(f"{clock}: {share:.1%} outside the forward pass, median of {len(rows)} runs; the goal is {GOAL:.0%}")


if __name__ == "__main__":
    main()
