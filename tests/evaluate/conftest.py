"""Benchmarks of two simulated classifiers under every corruption, for pictures of them."""

from pathlib import Path

import pytest

from tests.evaluate.tiny_bench import FULL, write_bench


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_bench(tmp_path_factory.mktemp("runs") / "plain", 1.0, cells=FULL)


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_bench(tmp_path_factory.mktemp("runs") / "mollified", 1.5, draw=1, cells=FULL)
