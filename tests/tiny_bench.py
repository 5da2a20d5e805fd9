"""Benchmarks' folders of a simulated classifier, whose figures are known and get worse with the severity."""

from pathlib import Path

import numpy as np

from robustmoll.evaluate.cells import CLEAN, Cell, Results
from robustmoll.evaluate.metrics import Outcomes, measure

__all__ = ["CELLS", "IDENTITY", "IMAGES", "predictions", "write_bench"]

IMAGES = 400
IDENTITY = {"dataset": "set/test", "images": "1f", "preset": "cifar", "mode": "generated", "seed": 0}
CELLS = [(CLEAN, 0), ("gaussian_noise", 1), ("gaussian_noise", 5), ("frost (procedural)", 3), ("gaussian_blur", 2)]


def predictions(skill: float, draw: int) -> Outcomes:
    """What a classifier makes of images whose difficulty is the same for every classifier.

    Args:
        skill: A higher one makes fewer mistakes.
        draw: Seed of what is particular to this classifier.
    """
    difficulty = np.random.default_rng(99).normal(size=IMAGES)
    margin = skill - difficulty + 0.3 * np.random.default_rng(draw).normal(size=IMAGES)
    p = 1 / (1 + np.exp(-2 * margin))
    return Outcomes(margin > 0, np.maximum(p, 1 - p), -np.log(p), 2 * (1 - p) ** 2)


def write_bench(
    folder: Path, skill: float, draw: int = 0, cells: list[tuple[str, int]] = CELLS, **identity: object
) -> Path:
    """Writes a benchmark's folder and returns it."""
    results = Results(folder)
    results.start({**IDENTITY, **identity}, {})
    for i, (corruption, severity) in enumerate(cells):
        found = predictions(skill - severity / 4, draw=10 * draw + i)
        subject = {"model": "net", "dataset": "set/test", "preset": "cifar", "mode": "generated", "seed": 0}
        cell = {"corruption": corruption, "severity": severity, "n": IMAGES, **subject, **measure(found)}
        results.add(Cell(**cell), found)
    return folder
