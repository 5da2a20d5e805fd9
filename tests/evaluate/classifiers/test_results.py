"""What keeps a benchmark together: files that are missing are made again, and damaged ones are named in one line."""

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from robustmoll.data import CorruptedSet, open_corrupted
from robustmoll.evaluate.classifiers.cells import Cell
from robustmoll.evaluate.classifiers.compare import compare
from robustmoll.evaluate.classifiers.results import Results
from robustmoll.evaluate.densities.measure import read_summary
from robustmoll.evaluate.finished import Run
from tests.evaluate.counting import Counting, ask, digits, run

FEW = {"corruptions": ("contrast",), "severities": (1,)}


def test_a_lost_folder_of_outcomes_is_made_again(tmp_path: Path) -> None:
    cells = run(tmp_path)
    shutil.rmtree(tmp_path / "outcomes")
    assert run(tmp_path) == cells and len(list((tmp_path / "outcomes").iterdir())) == 5


@pytest.mark.parametrize("name", ["bench.json", "temperature.json"])
@pytest.mark.parametrize("content", [b"{", b"[]", b"{}", b'"\xff"', b'{"identity": 3}'])
def test_damaged_files_are_named(tmp_path: Path, name: str, content: bytes) -> None:
    run(tmp_path, **FEW)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=rf"{name} .*; restore it, or") as raised:
        run(tmp_path, **FEW)
    assert "\n" not in str(raised.value)


def test_damaged_summaries_are_named(tmp_path: Path) -> None:
    for folder in ("checkpoints", "bench/corruptions", "density"):
        (tmp_path / folder).mkdir(parents=True)
    for folder in ("bench/corruptions", "density"):
        (tmp_path / folder / "summary.json").write_text("{")
    (tmp_path / "density" / "test.safetensors").touch()
    with pytest.raises(ValueError, match=r"corruptions/summary\.json is damaged"):
        _ = Run(tmp_path).summary
    with pytest.raises(ValueError, match=r"density/summary\.json is damaged"):
        read_summary(tmp_path)


def released(folder: Path, names: tuple[str, ...], seed: int = 0) -> CorruptedSet:
    """Opens a set in the layout of CIFAR-10-C with images of no meaning, which is written first."""
    data, rng = digits(), np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        np.save(folder / f"{name}.npy", rng.integers(256, size=(5 * len(data), 32, 32, 1), dtype=np.uint8))
    np.save(folder / "labels.npy", np.tile(data.labels.numpy(), 5))
    return open_corrupted(folder, data)


def measured(out: Path, corrupted: CorruptedSet, *names: str) -> list[Cell]:
    return ask(Counting(), digits(), out, corruptions=names, severities=(1, 5), corrupted=corrupted)


def test_a_set_in_files_is_known_by_its_images_and_not_by_its_name(tmp_path: Path) -> None:
    cells = measured(tmp_path / "out", released(tmp_path / "a" / "set-c", ("fog", "snow")), "fog")
    assert measured(tmp_path / "out", released(tmp_path / "b" / "moved", ("fog", "snow")), "fog") == cells
    both = measured(tmp_path / "out", released(tmp_path / "a" / "set-c", ("fog", "snow")), "fog", "snow")
    assert both[:3] == cells and len(both) == 5, "further corruptions of a set join those that are there"
    before = (tmp_path / "out" / "bench.json").read_bytes()
    with pytest.raises(ValueError, match="holds fog-1 of other images than the files have now; use another folder"):
        measured(tmp_path / "out", released(tmp_path / "b" / "set-c", ("fog", "snow"), seed=1), "fog")
    np.save(tmp_path / "a" / "set-c" / "snow.npy", np.load(tmp_path / "a" / "set-c" / "fog.npy"))
    with pytest.raises(ValueError, match="holds snow-1 of other images"):
        measured(tmp_path / "out", open_corrupted(tmp_path / "a" / "set-c", digits()), "fog", "snow")
    assert (tmp_path / "out" / "bench.json").read_bytes() == before


def test_benchmarks_of_unlike_sets_do_not_compare(tmp_path: Path) -> None:
    for place, seed in (("a", 0), ("b", 0), ("c", 1)):
        measured(tmp_path / place / "out", released(tmp_path / place / "set-c", ("fog",), seed), "fog")
    a, b, c = (tmp_path / place / "out" for place in "abc")
    assert not compare([a, b], resamples=5).groups[1].difference.any()
    with pytest.raises(ValueError, match=r"c/out and .*a/out do not compare: other images of fog-1"):
        compare([a, c], resamples=5)


def test_images_made_on_the_fly_leave_no_fingerprints(tmp_path: Path) -> None:
    run(tmp_path, **FEW)
    assert Results(tmp_path).corrupted() == {}


def test_held_out_images_are_of_as_many_channels(tmp_path: Path) -> None:
    images = digits().images.expand(-1, 3, -1, -1)
    with pytest.raises(ValueError, match="held_out has 3 channels, but digits 1; give alike images"):
        run(tmp_path, held_out=dataclasses.replace(digits(), images=images))
    assert not list(tmp_path.iterdir())


class Twofold(Counting):
    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, None]:  # type: ignore[override]
        return super().forward(x), None


def test_a_model_that_gives_no_tensor_is_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="clean 0: the model gives a tuple, not a tensor of logits; wrap it"):
        run(tmp_path, Twofold())
