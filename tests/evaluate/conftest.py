"""Benchmarks of two simulated classifiers under every corruption, for pictures of them."""

from pathlib import Path

import numpy as np
import pytest

from robustmoll.evaluate.classifiers.cells import CLEAN, Cell
from tests.evaluate.tiny_bench import FULL, write_bench
from tests.evaluate.tiny_cells import STANDARD, cell


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_bench(tmp_path_factory.mktemp("runs") / "plain", 1.0, cells=FULL)


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_bench(tmp_path_factory.mktemp("runs") / "mollified", 1.5, draw=1, cells=FULL)


@pytest.fixture
def cells() -> list[Cell]:
    """A full table with errors of no pattern, extras included."""
    rng = np.random.default_rng(0)
    grid = [(name, severity) for name in [*STANDARD, "gaussian_blur"] for severity in range(1, 6)]
    return [cell(CLEAN, 0, 0.0625), *(cell(*key, error=rng.uniform(0.1, 0.9)) for key in grid)]
