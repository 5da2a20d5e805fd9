"""Times the corruption engine beside the two installable descendants of the original, on one thread.

    pip install "robustmoll[benchmark]"                   corrupt-tta, imagecorruptions and what they need
    OMP_NUM_THREADS=1 python -m benchmarks.corruptions_speed
                                                          writes results/corruptions_speed.csv, prints its tables
    python -m benchmarks.corruptions_speed --table        prints the tables of that file

Both peers take one NumPy image at a time and use the constants of ImageNet at any size. robustmoll is timed
with the same constants, and at 32 and 64 px also with those that belong to the size (`cifar`, `tiny`). All
are called in turn, corruption by corruption, in several rounds, several times in a row each, on one thread
(OpenCV too). What is measured is processor time, to which other processes add little; the tables show the
best call of each, the file its median as well. "fails" is what imagecorruptions does on today's libraries.
The pictures are two photographs that scikit-learn carries, cut into squares.
"""

import argparse
import csv
import statistics
import time
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from pathlib import Path

import numpy as np
import torch
from sklearn.datasets import load_sample_images
from torch import Tensor
from torch.nn.functional import interpolate

from benchmarks.turns import one_thread
from robustmoll.corruptions import ALL, NAMES, corrupt, frost_source
from robustmoll.evaluate.text import TextTable, markdown_table

RESULTS = Path(__file__).parent / "results" / "corruptions_speed.csv"
OURS = "robustmoll"
PEERS = {"corrupt-tta": "corrupt_tta", "imagecorruptions": "imagecorruptions"}
SEVERITY = 3
LEAST_ROUNDS, MOST_ROUNDS, SECONDS = 5, 80, 8.0  # per corruption and size
CALLS = 5  # in a row: the first ones find the cache full of what the others left
BATCH = {32: 128, 64: 32, 224: 6}
PEER_IMAGES = {32: 2, 64: 1, 224: 1}
PRESETS = {32: "cifar", 64: "tiny"}
Row = dict[str, str]


def photographs(n: int, size: int) -> Tensor:
    """n squares cut from two photographs, uint8 (n, 3, size, size)."""
    squares = []
    for photograph in load_sample_images().images:
        picture = torch.from_numpy(np.array(photograph)).permute(2, 0, 1)
        squares += [picture[:, y : y + 224, x : x + 224] for y in (0, 100, 200) for x in (0, 200, 400)]
    chosen = torch.stack([squares[i % len(squares)] for i in range(n)]).float()
    return interpolate(chosen, (size, size), mode="area").round().to(torch.uint8)


def peer_calls() -> dict[str, Callable[..., np.ndarray]]:
    """The `corrupt` functions of the installed peers."""
    found: dict[str, Callable[..., np.ndarray]] = {}
    for package, module in PEERS.items():
        try:
            found[package] = import_module(module).corrupt
        except ImportError as failure:
            print(f"{package} is left out: {failure}")
    return found


def time_per_image(run: Callable[[], object], images: int) -> list[float]:
    """Milliseconds of processor time per image, of several calls."""
    times = []
    for _ in range(CALLS):
        start = time.process_time()
        run()
        times.append((time.process_time() - start) * 1e3 / images)
    return times


def contenders(name: str, size: int) -> dict[str, tuple[Callable[[], object], int]]:
    """What can be called for one corruption and size, and for how many images each counts."""
    x = photographs(BATCH[size], size)
    arrays = [image.permute(1, 2, 0).contiguous().numpy() for image in x[: PEER_IMAGES[size]]]
    calls: dict[str, tuple[Callable[[], object], int]] = {
        OURS: (lambda: corrupt(x, name, SEVERITY, "imagenet"), len(x)),
    }
    if size in PRESETS:
        calls[f"{OURS} ({PRESETS[size]})"] = (lambda: corrupt(x, name, SEVERITY, PRESETS[size]), len(x))
    for peer, call in peer_calls().items():
        calls[peer] = (partial(each, call, arrays, name), len(arrays))
    return calls


def each(call: Callable[..., np.ndarray], arrays: list[np.ndarray], name: str) -> None:
    """One image after the other, as the peers take them."""
    for array in arrays:
        call(array, severity=SEVERITY, corruption_name=name)


def measure(name: str, size: int) -> Iterator[list[object]]:
    """One row per contender."""
    calls = contenders(name, size)
    for contender, (run, _) in list(calls.items()):
        try:
            run()
        except Exception as failure:  # a peer that its own dependencies broke; ours must not fail
            if contender.startswith(OURS):
                raise
            print(f"{contender} cannot do {name}: {failure}")
            del calls[contender]
    times: dict[str, list[float]] = {contender: [] for contender in calls}
    start = time.perf_counter()
    for round_number in range(MOST_ROUNDS):
        if round_number >= LEAST_ROUNDS and time.perf_counter() - start > SECONDS:
            break
        for contender, (run, images) in calls.items():
            times[contender] += time_per_image(run, images)
    for contender, (_, images) in calls.items():
        ms = times[contender]
        yield [contender, name, SEVERITY, size, images, len(ms), f"{min(ms):.5f}", f"{statistics.median(ms):.5f}"]


def table(rows: list[Row], size: int) -> str:
    """Images per second at one size, and how many times fewer the peers do, as Markdown."""
    ms = {(row["contender"], row["corruption"], int(row["size"])): float(row["best_ms"]) for row in rows}
    ours = [OURS, f"{OURS} ({PRESETS[size]})"] if size in PRESETS else [OURS]
    pairs = [(mine, peer) for peer in PEERS for mine in ours]
    head = [f"{size} px", *ours, *PEERS, *(f"{mine} / {peer}" for mine, peer in pairs)]
    lines = []
    ratios: dict[tuple[str, str], dict[str, float]] = {pair: {} for pair in pairs}
    for name in ALL:
        for mine, peer in pairs:
            if (peer, name, size) in ms:
                ratios[mine, peer][name] = ms[peer, name, size] / ms[mine, name, size]
        speeds = [f"{1e3 / ms[c, name, size]:,.0f}" if (c, name, size) in ms else "fails" for c in [*ours, *PEERS]]
        times = [f"{ratios[pair][name]:.1f}" if name in ratios[pair] else "" for pair in pairs]
        lines.append([name, *speeds, *times])
    means = [statistics.geometric_mean([r for n, r in ratios[pair].items() if n in NAMES]) for pair in pairs]
    blank = [""] * (len(ours) + len(PEERS))
    lines.append(["geometric mean of the 15", *blank, *(f"{mean:.1f}" for mean in means)])
    return markdown_table(TextTable(head, lines))


def main() -> None:
    """Measures unless told to show what was measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--table", action="store_true", help="only print the tables of the last run")
    if not parser.parse_args().table:
        one_thread()
        import_module("cv2").setNumThreads(1)
        print(f"{frost_source()} is timed as frost; torch {torch.__version__}")
        with RESULTS.open("w", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            header = ["contender", "corruption", "severity", "size", "images", "calls", "best_ms", "median_ms"]
            writer.writerow(header)
            for size in BATCH:
                for name in ALL:
                    writer.writerows(measure(name, size))
                    file.flush()
    with RESULTS.open() as file:
        rows = list(csv.DictReader(file))
    print("\n\n".join(table(rows, size) for size in BATCH))


if __name__ == "__main__":
    main()
