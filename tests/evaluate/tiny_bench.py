"""Benchmarks' folders of a simulated classifier, whose figures are known and get worse with the severity."""

from pathlib import Path

import numpy as np

from robustmoll.corruptions import EXTRA, NAMES
from robustmoll.evaluate.classifiers.cells import CLEAN, Cell
from robustmoll.evaluate.classifiers.results import Results
from robustmoll.evaluate.metrics import Judged, Outcomes, measure

__all__ = ["CELLS", "FULL", "IDENTITY", "IMAGES", "judged", "predictions", "write_bench"]

IMAGES = 400
IDENTITY = {
    **{"dataset": "set/test", "images": "1f", "labels": "2f", "preset": "cifar", "mode": "generated", "seed": 0},
    **{"stage": "model", "resolution": "32x32"},
}
CELLS = [(CLEAN, 0), ("gaussian_noise", 1), ("gaussian_noise", 5), ("frost (procedural)", 3), ("gaussian_blur", 2)]
FULL = [CELLS[0], *((name, s) for name in (*NAMES, *EXTRA) for s in range(1, 6))]


def predictions(skill: float, draw: int, temperature: float = 1) -> Outcomes:
    """What a classifier of two classes makes of images whose difficulty is the same for every classifier.

    Args:
        skill: A higher one makes fewer mistakes.
        draw: Seed of what is particular to this classifier.
        temperature: By which its logits are divided.
    """
    difficulty = np.random.default_rng(99).normal(size=IMAGES)
    margin = skill - difficulty + 0.3 * np.random.default_rng(draw).normal(size=IMAGES)
    p = 1 / (1 + np.exp(-2 * margin / temperature))
    return Outcomes(margin > 0, np.maximum(p, 1 - p), -np.log(p), 2 * (1 - p) ** 2)


def judged(skill: float, draw: int, scaled: bool = True) -> Judged:
    """The same with temperature 1.5 beside it."""
    return Judged(predictions(skill, draw), predictions(skill, draw, 1.5) if scaled else None)


def write_bench(
    folder: Path,
    skill: float,
    draw: int = 0,
    cells: list[tuple[str, int]] = CELLS,
    scaled: bool = True,
    **identity: object,
) -> Path:
    """Writes a benchmark's folder and returns it."""
    results = Results(folder)
    results.start({**IDENTITY, **identity}, {})
    t = 1.5 if scaled else None
    for i, (corruption, severity) in enumerate(cells):
        found = judged(skill - severity / 4, 10 * draw + i, scaled)
        subject = {"model": "net", "dataset": "set/test", "preset": "cifar", "mode": "generated", "seed": 0}
        cell = {"corruption": corruption, "severity": severity, "n": IMAGES, **subject, **measure(found)}
        results.add(Cell(**cell, temperature_a=t, temperature_b=t, resolution="32x32"), found)
    return folder
