"""Pictures become files that are equal if they are, and Matplotlib stays as it was."""

import subprocess
import sys
from pathlib import Path

from PIL import Image

from robustmoll.evaluate.classifiers.plots import bench_pictures, heat_map
from robustmoll.evaluate.classifiers.results import Results
from robustmoll.evaluate.style import COLOURS, data_uri, save_pictures


def test_pictures_become_files(folder: Path, tmp_path: Path) -> None:
    pictures = bench_pictures(folder)
    save_pictures(pictures, tmp_path / "plots")
    assert sorted(path.name for path in (tmp_path / "plots").iterdir()) == sorted(f"{name}.png" for name in pictures)
    with Image.open(tmp_path / "plots" / "heat-map.png") as image:
        image.load()
        assert image.width > 1000


def test_equal_pictures_make_equal_files(folder: Path) -> None:
    cells = Results(folder).cells()
    assert data_uri(heat_map(cells)) == data_uri(heat_map(cells))


def test_matplotlib_is_left_as_it_was() -> None:
    code = """
import sys, matplotlib
def settings():  # without the backend, which asking for it would choose
    return {name: matplotlib.rcParams[name] for name in matplotlib.rcParams if name != "backend"}
before = settings()
from robustmoll.evaluate.classifiers.plots import training_curves
from robustmoll.evaluate.style import data_uri
data_uri(training_curves([{"epoch": "1", "loss": "2", "test_nll": "1", "test_error": "0.5", "lr": "0.1"}]))
assert settings() == before
assert "matplotlib.pyplot" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])


def test_families_have_colours_that_differ() -> None:
    families = ("noise", "blur", "weather", "digital", "extra", "clean")
    assert len({COLOURS[family] for family in families}) == len(families)
