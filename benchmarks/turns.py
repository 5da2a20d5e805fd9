"""What the speed tables share: contenders called in turn, on one thread, in processor time."""

import csv
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import torch

__all__ = ["one_thread", "take_turns", "write_rows"]

RESULTS = Path(__file__).parent / "results"


def one_thread() -> None:
    """Makes this process as one that trains on a thread."""
    torch.set_num_threads(1)
    # The C library keeps freed memory only up to the largest block seen; a network's activations teach it that at once.
    torch.empty(6_000_000).fill_(0)


def take_turns(
    contenders: Mapping[str, tuple[Callable[[], object], int]], turns: int, warm_up: int
) -> dict[str, list[float]]:
    """Times contenders turn by turn, so that a busy machine slows all alike.

    Args:
        contenders: By name, what to call, and how often in a turn. One call more, which finds the caches full of
            another's data, comes first and is not timed.
        turns: How many are timed.
        warm_up: How many come before.

    Returns:
        By name, milliseconds of processor time a call, of each turn.
    """
    milliseconds: dict[str, list[float]] = {name: [] for name in contenders}
    for turn in range(warm_up + turns):
        for name, (call, calls) in contenders.items():
            call()
            start = time.thread_time()
            for _ in range(calls):
                call()
            if turn >= warm_up:
                milliseconds[name].append(1e3 * (time.thread_time() - start) / calls)
    return milliseconds


def write_rows(name: str, rows: Iterable[Mapping[str, object]]) -> None:
    """Writes the rows of a table to results/<name>, printing each as it comes."""
    done: list[Mapping[str, object]] = []
    for row in rows:
        print(row, flush=True)
        done.append(row)
    RESULTS.mkdir(exist_ok=True)
    with (RESULTS / name).open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(done[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(done)
