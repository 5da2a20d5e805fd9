"""Times a training step of `maf` beside the same flow as it is commonly written.

    python -m benchmarks.maf_speed

5 blocks of 512 hidden units, batches of 100 rows, Adam; both compute the same function of the same weights
(tests/models/test_table_flows.py). The plain one multiplies a mask into its weights in every forward pass and takes
Adam as PyTorch gives it; ours sorts hidden units by degree, so that its wide layers skip a third of the products, those
with zeros, lays tall weights down for their gradient, and takes PyTorch's fused Adam. One thread, in turn, in processor
time. Of each run: the median milliseconds of a step, steps a second, and the median ratio of turns that followed each
other directly, which is the figure to quote. A step moves some 30 MB, so other programs that fill caches and memory
slow both.
"""

import statistics
from collections.abc import Callable
from operator import truediv

import torch
from torch import Tensor, nn, optim

from benchmarks.plain_maf import PlainMAF
from benchmarks.turns import one_thread, take_turns, write_rows
from robustmoll.models.densities.table_flows import maf

COLUMNS = (11, 15)  # of the wine tables, and of Parkinsons
RUNS = 3
WARM_UP = 2  # turns
TURNS = 12
STEPS = 5  # a turn


def training_step(model: nn.Module, log_prob: Callable[[Tensor], Tensor], x: Tensor, fused: bool) -> Callable[[], None]:
    """A step on one batch, again and again."""
    optimizer = optim.Adam(model.parameters(), lr=1e-4, weight_decay=1e-6, fused=fused)

    def step() -> None:
        optimizer.zero_grad()
        (-log_prob(x).mean()).backward()
        optimizer.step()

    return step


def row(columns: int, run: int) -> dict[str, object]:
    """One run as a row of the table."""
    torch.manual_seed(run)
    x, plain, ours = torch.randn(100, columns), PlainMAF(columns), maf((columns,))
    steps = {
        "plain": training_step(plain, plain.log_prob, x, fused=False),
        "robustmoll": training_step(ours, ours.log_prob, x, fused=True),
    }
    ms = take_turns({name: (step, STEPS) for name, step in steps.items()}, TURNS, WARM_UP)
    return {
        "columns": columns,
        "run": run,
        **{f"{name}_ms": f"{statistics.median(values):.2f}" for name, values in ms.items()},
        **{f"{name}_steps_per_s": f"{1e3 / statistics.median(values):.0f}" for name, values in ms.items()},
        "plain_over_ours": f"{statistics.median(map(truediv, ms['plain'], ms['robustmoll'])):.2f}",
        "torch": torch.__version__,
    }


def main() -> None:
    one_thread()
    write_rows("maf_speed.csv", (row(columns, run) for run in range(RUNS) for columns in COLUMNS))


if __name__ == "__main__":
    main()
