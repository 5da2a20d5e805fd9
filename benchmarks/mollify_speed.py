"""Times `Mollify` beside a plain implementation and beside the floor of the work that nobody can leave out.

    python -m benchmarks.mollify_speed

One thread, all three in turn in one run, medians over rounds; the figures to quote are the ratios.
"""

import csv
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from benchmarks.plain_mollify import plain_mollify
from robustmoll import Mollify
from robustmoll.times import Beta

SIZES = ((128, 3, 32, 32), (64, 3, 64, 64))
ROUNDS = 60
CALLS = 10


def floor(x: Tensor, kernels: Tensor) -> None:
    """Noise for a third of the batch, two batched products for another third, a copy of all."""
    third = len(x) // 3
    torch.randn_like(x[:third])
    kernels[:, None] @ x[:third] @ kernels[:, None]
    x.clone()


def contenders(shape: tuple[int, ...]) -> dict[str, Callable[[], object]]:
    """The three ways on the same images; each draws its own roles and times, as a training step does."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(shape, generator=generator)
    y = torch.randint(10, shape[:1], generator=generator)
    kernels = torch.randn(shape[0] // 3, shape[-1], shape[-1], generator=generator)
    mollify, beta = Mollify(num_classes=10), Beta(1, 2)

    def plain() -> None:
        roles = torch.randint(3, shape[:1], generator=generator)
        plain_mollify(x, y, roles, beta.sample(len(x), generator), generator, 10)

    return {
        "plain": plain,
        "robustmoll": lambda: mollify(x, y, generator=generator),
        "floor": lambda: floor(x, kernels),
    }


def medians(shape: tuple[int, ...]) -> dict[str, float]:
    """Median seconds a call of each contender, measured in turn so that a busy machine slows all alike."""
    calls = contenders(shape)
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for round_ in range(ROUNDS + 5):
        for name, call in calls.items():
            start = time.thread_time()
            for _ in range(CALLS):
                call()
            if round_ >= 5:  # the first rounds warm up
                seconds[name].append((time.thread_time() - start) / CALLS)
    return {name: statistics.median(values) for name, values in seconds.items()}


def main() -> None:
    torch.set_num_threads(1)
    # The C library keeps freed memory only up to the largest block seen; a network's activations teach it that at once.
    torch.empty(6_000_000).fill_(0)
    rows = []
    for shape in SIZES:
        m = medians(shape)
        rows.append(
            {
                "batch": "x".join(map(str, shape)),
                **{f"{name}_ms": f"{1e3 * value:.3f}" for name, value in m.items()},
                "plain_over_ours": f"{m['plain'] / m['robustmoll']:.2f}",
                "ours_over_floor": f"{m['robustmoll'] / m['floor']:.2f}",
                "torch": torch.__version__,
            }
        )
        print(rows[-1])
    path = Path(__file__).parent / "results" / "mollify_speed.csv"
    path.parent.mkdir(exist_ok=True)
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
