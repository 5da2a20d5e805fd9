"""Images of cells: corrupted where it is said, read as they were written, and never of two kinds."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from robustmoll.corruptions import NAMES, corrupt, preset_of_size
from robustmoll.data import CorruptedSet, ImageSet
from robustmoll.evaluate.classifiers.cells import Cell
from robustmoll.evaluate.classifiers.sources import Generated, Read
from robustmoll.evaluate.classifiers.views import View
from tests.evaluate.counting import Counting, ask, digits

CPU = torch.device("cpu")
ROWS = slice(10, 14)


def files(clean: ImageSet, **changes: Any) -> CorruptedSet:  # noqa: ANN401
    """A corrupted set that makes its images when they are asked for."""

    def read(corruption: str, severity: float) -> tuple[Tensor, Tensor]:
        return corrupt(clean.images, corruption, severity, made.preset, made.seed or 0), clean.labels

    about = {"name": "digits-c", "mode": "written", "preset": "cifar", "seed": 3, "frost": "frost (procedural)"}
    made = CorruptedSet(
        **{**about, "corruptions": NAMES, "severities": (1, 5), "clean": clean, "read": read, **changes}
    )
    return made


def test_stage_says_where_images_are_corrupted() -> None:
    data, view = digits(), View((64, 64), crop_pct=0.9)
    ids = range(10, 14)
    at_model = Generated(data, seed=1, view=view)
    expected = corrupt(view(data.images[ROWS]), "gaussian_noise", 3, "tiny", 1, ids)
    assert torch.equal(at_model.cell("gaussian_noise", 3)(ROWS, CPU), expected)
    assert (at_model.stage, at_model.resolution, at_model.preset) == ("model", "64x64", "tiny")
    at_source = Generated(data, seed=1, view=view, stage="source")
    expected = view(corrupt(data.images[ROWS], "gaussian_noise", 3, "cifar", 1, ids))
    assert torch.equal(at_source.cell("gaussian_noise", 3)(ROWS, CPU), expected)
    assert (at_source.stage, at_source.resolution, at_source.preset) == ("source", "32x32", "cifar")
    # Clean images take the same path.
    for source in (at_model, at_source):
        assert torch.equal(source.cell("clean", 0)(ROWS, CPU), view(data.images[ROWS]))


def test_stages_are_one_where_nothing_is_scaled() -> None:
    for view in (None, View((32, 32))):
        source = Generated(digits(), view=view, stage="source")
        assert (source.stage, source.resolution) == ("model", "32x32")


SIZES = {"cifar": (16, 32, 45), "tiny": (46, 64, 96, 119), "imagenet": (120, 224, 384)}


@pytest.mark.parametrize("preset, side", [(preset, side) for preset, sides in SIZES.items() for side in sides])
def test_constants_are_those_made_for_the_size(preset: str, side: int) -> None:
    assert preset_of_size(side, 2 * side) == preset
    assert Generated(digits(), preset="tiny").preset == "tiny"


def measured(out: Path, model: nn.Module, data: ImageSet, **changes: Any) -> list[dict[str, Any]]:  # noqa: ANN401
    cells = ask(model, data, out, severities=(1, 5), batch_size=32, **changes)
    return [dataclasses.asdict(cell) for cell in cells]


def test_files_give_the_digits_of_generated_images(tmp_path: Path) -> None:
    data = digits()
    generated = measured(tmp_path / "generated", Counting(), data, seed=3)
    written = measured(tmp_path / "written", Counting(), data, corrupted=files(data))
    assert len(written) == 1 + 15 * 2
    for one, other in zip(generated, written, strict=True):
        assert (one.pop("mode"), other.pop("mode")) == ("generated", "written")
        remarks = one.pop("corruption").partition(" (")[0], other.pop("corruption").partition(" (")[0]
        assert remarks[0] == remarks[1] and one == other
    assert [cell["seed"] for cell in written] == 31 * [3]


def test_released_images_need_no_seed_and_say_what_frost_they_have(tmp_path: Path) -> None:
    released = files(digits(), mode="released", seed=None, frost="frost")
    cells = ask(Counting(), digits(), tmp_path, corruptions=("frost",), severities=(1,), corrupted=released)
    assert [(cell.corruption, cell.mode, cell.seed) for cell in cells] == [
        ("clean", "released", None),
        ("frost", "released", None),
    ]
    assert ask(Counting(), digits(), tmp_path, corruptions=("frost",), severities=(1,), corrupted=released) == cells


def test_files_of_another_size_are_scaled_for_the_model() -> None:
    data, view = digits(), View((48, 48))
    source = Read(data, files(data), view)
    made = corrupt(data.images, "fog", 5, "cifar", 3)
    assert torch.equal(source.cell("fog", 5)(ROWS, CPU), view(made[ROWS]))
    assert (source.stage, source.resolution) == ("source", "32x32")


@pytest.mark.parametrize("other", [View((32, 32), 0.5), View((32, 32), interpolation="nearest")])
def test_a_folder_holds_cells_of_one_view(tmp_path: Path, other: View) -> None:
    data = dataclasses.replace(digits(), images=digits().images.repeat(1, 1, 2, 2))
    request: dict[str, Any] = {"corruptions": ("contrast",), "severities": (1,)}
    ask(Counting(), data, tmp_path, view=View((32, 32)), **request)
    assert len(ask(Counting(), data, tmp_path, view=View((32, 32)), **request)) == 2
    with pytest.raises(ValueError, match="holds a benchmark with view"):
        ask(Counting(), data, tmp_path, view=other, **request)


def test_a_view_that_leaves_images_as_they_are_does_not_count(tmp_path: Path) -> None:
    request: dict[str, Any] = {"corruptions": ("contrast",), "severities": (1,)}
    cells = ask(Counting(), digits(), tmp_path, **request)
    assert ask(Counting(), digits(), tmp_path, view=View((32, 32), 0.9), **request) == cells


def run(out: Path, **changes: Any) -> list[Cell]:  # noqa: ANN401
    request = {"corruptions": ("fog",), "severities": (1,), "corrupted": files(digits()), **changes}
    return ask(Counting(), digits(), out, **request)


@pytest.mark.parametrize(
    "change, message",
    [
        ({"preset": "tiny"}, "digits-c was made with preset 'cifar', not 'tiny'"),
        ({"severities": (2,)}, r"digits-c has no severity 2; ask for some of \[1, 5\]"),
        (
            {"corruptions": ("fog", "saturate")},
            "digits-c has no corruption saturate; ask for some of .'gaussian_noise'",
        ),
    ],
)
def test_files_that_do_not_fit_are_refused(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message) as raised:
        run(tmp_path, **change)
    assert "\n" not in str(raised.value)
    assert not list(tmp_path.iterdir())  # found before any work


@pytest.mark.parametrize(
    "change, message",
    [
        ({"corrupted": None}, "holds a benchmark with mode 'written', not 'generated'"),
        ({"corrupted": files(digits(), mode="released")}, "mode 'written', not 'released'"),
        ({"corrupted": files(digits(), preset="tiny")}, "preset 'cifar', not 'tiny'"),
        ({"corrupted": files(digits(), seed=4)}, "seed 3, not 4"),
        ({"view": View((48, 48))}, "stage 'model', not 'source'"),
    ],
)
def test_one_folder_holds_images_of_one_kind(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    run(tmp_path)
    with pytest.raises(ValueError, match=message):
        run(tmp_path, **change)


def test_images_that_are_read_when_they_are_asked_for_need_no_tensor(tmp_path: Path) -> None:
    data = digits()
    lazy = dataclasses.replace(data)
    object.__setattr__(lazy, "images", Lazy(data.images))
    cells = ask(Counting(), lazy, tmp_path / "lazy", corruptions=("fog",), severities=(1,), batch_size=30)
    assert cells == ask(Counting(), data, tmp_path / "tensor", corruptions=("fog",), severities=(1,), batch_size=30)


class Lazy:
    """Images behind an index, no tensor."""

    def __init__(self, images: Tensor) -> None:
        self.kept, self.shape, self.dtype = images, images.shape, images.dtype

    def __len__(self) -> int:
        return len(self.kept)

    def __getitem__(self, rows: slice) -> Tensor:
        return self.kept[rows].clone()
