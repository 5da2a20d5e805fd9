"""Times the corruption engine beside the two installable descendants of the original, on one thread.

    pip install "robustmoll[benchmark]"                   corrupt-tta and imagecorruptions
    python -m benchmarks.corruptions_speed                writes results/corruptions_speed.csv, prints the
    tables python -m benchmarks.corruptions_speed --table        prints the tables of that file

Both peers take one NumPy image at a time and always use the constants of ImageNet; so does robustmoll in
the rows that are compared. They are called in turn, corruption by corruption, in several rounds; the tables
show medians. Where imagecorruptions fails on today's libraries its cell is empty. The pictures are two
photographs that scikit-learn carries, cut into squares.
"""

import argparse
import csv
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

import numpy as np
import torch
from sklearn.datasets import load_sample_images
from torch import Tensor
from torch.nn.functional import interpolate

from robustmoll.corruptions import EXTRA, NAMES, corrupt, frost_source

RESULTS = Path(__file__).parent / "results" / "corruptions_speed.csv"
OURS = "robustmoll"
PEERS = {"corrupt-tta": "corrupt_tta", "imagecorruptions": "imagecorruptions"}
SEVERITY = 3
ROUNDS = 5
BATCH = {32: 256, 64: 64, 224: 8}
PEER_IMAGES = {32: 8, 64: 4, 224: 1}
Row = dict[str, str]


def photographs(n: int, size: int) -> Tensor:
    """n squares cut from two photographs, uint8 (n, 3, size, size)."""
    squares = []
    for photograph in load_sample_images().images:
        picture = torch.from_numpy(np.array(photograph)).permute(2, 0, 1)
        squares += [picture[:, y : y + 224, x : x + 224] for y in (0, 100, 200) for x in (0, 200, 400)]
    chosen = torch.stack([squares[i % len(squares)] for i in range(n)]).float()
    return interpolate(chosen, (size, size), mode="area").round().to(torch.uint8)


def peer_calls() -> dict[str, Callable[[np.ndarray, str], np.ndarray]]:
    """The installed peers."""
    found = {}
    for package, module in PEERS.items():
        try:
            call = import_module(module).corrupt
        except ImportError:
            print(f"{package} is not installed")
            continue
        found[package] = lambda image, name, call=call: call(image, severity=SEVERITY, corruption_name=name)
    return found


def milliseconds(run: Callable[[], object], images: int) -> float:
    """Wall-clock time of one call, per image."""
    start = time.perf_counter()
    run()
    return (time.perf_counter() - start) * 1e3 / images


def contenders(name: str, size: int) -> dict[str, tuple[Callable[[], object], int]]:
    """What can be called for one corruption and size, and for how many images each counts."""
    x = photographs(BATCH[size], size)
    arrays = [image.permute(1, 2, 0).contiguous().numpy() for image in x[: PEER_IMAGES[size]]]
    calls: dict[str, tuple[Callable[[], object], int]] = {
        OURS: (lambda: corrupt(x, name, SEVERITY, "imagenet"), len(x)),
    }
    preset = {32: "cifar", 64: "tiny"}.get(size)
    if preset:
        calls[f"{OURS} ({preset})"] = (lambda: corrupt(x, name, SEVERITY, preset), len(x))
    for peer, call in peer_calls().items():
        calls[peer] = (lambda call=call: [call(array, name) for array in arrays], len(arrays))
    return calls


def measure(name: str, size: int) -> Iterator[list[object]]:
    """One row per contender and round."""
    calls = contenders(name, size)
    for contender, (run, _) in list(calls.items()):
        try:
            run()
        except Exception as failure:  # a peer that its own dependencies broke; ours must not fail
            if contender.startswith(OURS):
                raise
            print(f"{contender} cannot do {name}: {failure}")
            del calls[contender]
    for round_number in range(ROUNDS):
        for contender, (run, images) in calls.items():
            yield [contender, name, SEVERITY, size, images, round_number, f"{milliseconds(run, images):.5f}"]


def medians(rows: list[Row]) -> dict[tuple[str, str, int], float]:
    """Milliseconds per image by contender, corruption, size."""
    times = defaultdict(list)
    for row in rows:
        times[row["contender"], row["corruption"], int(row["size"])].append(float(row["ms_per_image"]))
    return {key: statistics.median(values) for key, values in times.items()}


def table(rows: list[Row], size: int) -> str:
    """Images per second and ratios at one size, as Markdown."""
    ms = medians(rows)
    columns = [OURS, *PEERS]
    lines = [
        f"| {size} px | {OURS}, images/s | " + " | ".join(f"{peer}, images/s | times" for peer in PEERS) + " |",
        "| --- " * (2 + 2 * len(PEERS)) + "|",
    ]
    ratios = defaultdict(list)
    for name in (*NAMES, *EXTRA):
        cells = [name, f"{1e3 / ms[OURS, name, size]:,.0f}"]
        for peer in columns[1:]:
            theirs = ms.get((peer, name, size))
            if theirs is None:
                cells += ["fails", ""]
                continue
            ratio = theirs / ms[OURS, name, size]
            cells += [f"{1e3 / theirs:,.0f}", f"{ratio:.1f}"]
            if name in NAMES:
                ratios[peer].append(ratio)
        lines.append("| " + " | ".join(cells) + " |")
    means = [f"| | {statistics.geometric_mean(ratios[peer]):.1f} " if ratios[peer] else "| | " for peer in PEERS]
    lines.append("| geometric mean of the 15 | " + "".join(means) + "|")
    return "\n".join(lines)


def main() -> None:
    """Measures unless told to show what was measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--table", action="store_true", help="only print the tables of the last run")
    if not parser.parse_args().table:
        torch.set_num_threads(1)
        print(f"{frost_source()} is timed as frost; torch {torch.__version__}")
        with RESULTS.open("w", newline="") as file:
            writer = csv.writer(file)
            header = ["contender", "corruption", "severity", "size", "images", "round", "ms_per_image"]
            writer.writerow(header)
            for size in BATCH:
                for name in (*NAMES, *EXTRA):
                    writer.writerows(measure(name, size))
                    file.flush()
    with RESULTS.open() as file:
        rows = list(csv.DictReader(file))
    print("\n\n".join(table(rows, size) for size in BATCH))


if __name__ == "__main__":
    main()
