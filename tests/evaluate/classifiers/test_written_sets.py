"""Corrupted images on disk give, digit for digit, what the same images made on the fly give."""

import dataclasses
from pathlib import Path
from typing import Any, Literal

import pytest
import torch
from sklearn.datasets import load_sample_images
from torch import nn

from robustmoll.data import ImageSet, open_corrupted
from robustmoll.data.corrupted.write import write_corrupted
from tests.evaluate.counting import Counting, ask, digits

SEVERITIES = (1, 2.5, 5)


def check_equal(tmp_path: Path, data: ImageSet, model: nn.Module, layout: Literal["npy", "folder"]) -> None:
    folder = write_corrupted(data, tmp_path / "set-c", severities=SEVERITIES, seed=7, layout=layout)
    files = open_corrupted(folder, data)
    generated = ask(model, data, tmp_path / "generated", severities=SEVERITIES, seed=7, batch_size=32)
    written = ask(model, data, tmp_path / "written", severities=SEVERITIES, corrupted=files, batch_size=32)
    assert len(written) == 1 + 15 * 3 and {cell.mode for cell in written} == {"written"}
    assert written == [dataclasses.replace(cell, mode="written") for cell in generated]


@pytest.mark.parametrize("layout", ["npy", "folder"])
def test_written_digits_give_the_digits_of_generated_ones(tmp_path: Path, layout: Literal["npy", "folder"]) -> None:
    check_equal(tmp_path, digits(), Counting(), layout)


def test_written_photographs_do_too(tmp_path: Path) -> None:
    photo = torch.from_numpy(load_sample_images().images[0].copy()).permute(2, 0, 1)
    patches = photo[:, :160, :320].unfold(1, 32, 32).unfold(2, 32, 32)
    images = patches.permute(1, 2, 0, 3, 4).reshape(50, 3, 32, 32)
    data = ImageSet("photo", "test", images, torch.arange(50) % 10, tuple("0123456789"))
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(3, 8, 3, stride=2), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 15 * 15, 10))
    check_equal(tmp_path, data, model, "npy")


@pytest.mark.parametrize(
    "change, message",
    [
        ({"preset": "tiny"}, "set-c was made with preset 'cifar', not 'tiny'"),
        ({"severities": (3,)}, "set-c has no severity 3"),
        ({"corruptions": ("saturate",)}, "set-c has no corruption saturate"),
    ],
)
def test_what_the_set_does_not_hold_is_refused(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    folder = write_corrupted(digits(), tmp_path / "set-c", corruptions=("fog",), severities=(1,))
    files = open_corrupted(folder, digits())
    request: dict[str, Any] = {"corruptions": ("fog",), "severities": (1,), "corrupted": files}
    with pytest.raises(ValueError, match=message):
        ask(Counting(), digits(), tmp_path / "out", **{**request, **change})
    assert len(ask(Counting(), digits(), tmp_path / "out", **request)) == 2


def test_set_of_other_images_is_refused(tmp_path: Path) -> None:
    folder = write_corrupted(digits(), tmp_path / "set-c", corruptions=("fog",), severities=(1,))
    with pytest.raises(ValueError, match="set-c"):
        open_corrupted(folder, digits(100))
