"""Times `Mollify` beside plain implementations and beside the floor of the work that nobody can leave out.

    python -m benchmarks.mollify_speed

Plain ones select the roles by boolean masks and blur in the space of DCT coefficients: "plain" axis by axis, "full"
with the one matrix of the two-dimensional DCT. One thread, all four in turn, in processor time, so that other programs
on the machine count as little as can be; the first call of a turn, which finds the caches full of another's data, is
not timed. Of each run: the median milliseconds of each, and the median ratios of turns that followed each other
directly. The ratios are the figures to quote; several runs show how far they can be trusted.
"""

import statistics
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from benchmarks.plain_mollify import full_heat_blur, plain_heat_blur, plain_mollify
from benchmarks.turns import one_thread, take_turns, write_rows
from robustmoll import Mollify
from robustmoll.times import Beta

SIZES = ((128, 3, 32, 32), (64, 3, 64, 64))
RUNS = 5
WARM_UP = 2  # turns
TURNS = 20
CALLS = 20  # a turn


def floor(x: Tensor, kernels: Tensor) -> None:
    """Noise for a third of the batch, two batched products for another third, a copy of all."""
    third = len(x) // 3
    torch.randn_like(x[:third])
    kernels[:, None] @ x[:third] @ kernels[:, None]
    x.clone()


def contenders(shape: tuple[int, ...]) -> dict[str, Callable[[], object]]:
    """The four ways on the same images; each draws its own roles and times, as a training step does."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(shape, generator=generator)
    y = torch.randint(10, shape[:1], generator=generator)
    kernels = torch.randn(shape[0] // 3, shape[-1], shape[-1], generator=generator)
    mollify, beta = Mollify(num_classes=10), Beta(1, 2)

    def plain(heat_blur: Callable[[Tensor, Tensor], Tensor]) -> None:
        roles = torch.randint(3, shape[:1], generator=generator)
        plain_mollify(x, y, roles, beta.sample(len(x), generator), torch.randn_like, 10, heat_blur)

    return {
        "full": partial(plain, full_heat_blur),
        "plain": partial(plain, plain_heat_blur),
        "robustmoll": lambda: mollify(x, y, generator=generator),
        "floor": lambda: floor(x, kernels),
    }


def row(shape: tuple[int, ...], run: int) -> dict[str, object]:
    """One run as a row of the table."""
    ms = take_turns({name: (call, CALLS) for name, call in contenders(shape).items()}, TURNS, WARM_UP)

    def ratio(one: str, other: str) -> str:
        return f"{statistics.median(a / b for a, b in zip(ms[one], ms[other], strict=True)):.2f}"

    return {
        "batch": "x".join(map(str, shape)),
        "run": run,
        **{f"{name}_ms": f"{statistics.median(values):.3f}" for name, values in ms.items()},
        "plain_over_ours": ratio("plain", "robustmoll"),
        "full_over_ours": ratio("full", "robustmoll"),
        "ours_over_floor": ratio("robustmoll", "floor"),
        "plain_over_floor": ratio("plain", "floor"),
        "torch": torch.__version__,
    }


def main() -> None:
    one_thread()
    write_rows("mollify_speed.csv", (row(shape, run) for run in range(RUNS) for shape in SIZES))


if __name__ == "__main__":
    main()
