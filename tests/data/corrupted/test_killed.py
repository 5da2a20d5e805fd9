"""The writing of a -C set goes on where it was stopped, in whatever way."""

import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from robustmoll.corruptions import corrupt
from robustmoll.data import ImageSet, open_corrupted
from robustmoll.data.corrupted import write
from robustmoll.data.corrupted.manifest import Manifest
from robustmoll.data.corrupted.verify import verify
from robustmoll.data.corrupted.write import write_corrupted
from tests.data.samples import image_set, in_child

CELLS = {"corruptions": ("gaussian_noise", "frost"), "severities": (1, 2.5, 5)}


def killed_after(batches: int, data: ImageSet, folder: Path, layout: Any) -> int:  # noqa: ANN401
    def work() -> None:
        done = 0

        def dying(*args: Any) -> torch.Tensor:  # noqa: ANN401
            nonlocal done
            if done == batches:
                os.kill(os.getpid(), signal.SIGKILL)
            done += 1
            return corrupt(*args)

        write.corrupt = dying  # type: ignore[attr-defined]
        write_corrupted(data, folder, **CELLS, layout=layout)

    return in_child(work)


# Units of work are 9 batches in the one layout and 3 in the other, of 18 in all.
@pytest.mark.parametrize(("layout", "kills"), [("npy", (0, 4, 10, 3)), ("folder", (0, 1, 4, 2, 7))])
def test_killed_at_any_moment_it_goes_on(tmp_path: Path, layout: Any, kills: tuple[int, ...]) -> None:  # noqa: ANN401
    data = image_set(260, 16)
    for batches in kills:
        assert killed_after(batches, data, tmp_path / "killed", layout) == -signal.SIGKILL
        for path in (tmp_path / "killed").glob("*.npy"):  # whatever has its own name is whole, for anyone
            assert len(np.load(path, allow_pickle=False)) == 3 * len(data)
        for name in CELLS["corruptions"]:
            for cell in (tmp_path / "killed" / name).glob("*"):
                assert cell.suffix == ".part" or len(list(cell.rglob("*.png"))) == len(data)
        if (tmp_path / "killed" / "manifest.json").exists() and Manifest.read(tmp_path / "killed").corruptions:
            found = open_corrupted(tmp_path / "killed", data)  # what is there is whole
            for name in found.corruptions:
                assert torch.equal(found.images(name, 5).images[:], corrupt(data.images[:], name, 5))
    write_corrupted(data, tmp_path / "killed", **CELLS, layout=layout)
    write_corrupted(data, tmp_path / "whole", **CELLS, layout=layout)
    assert verify(tmp_path / "killed") == []
    for one in ("killed", "whole"):
        assert not list((tmp_path / one).rglob("*.part"))
    assert Manifest.read(tmp_path / "killed").files == Manifest.read(tmp_path / "whole").files


@pytest.mark.parametrize("layout", ["npy", "folder"])
def test_killed_between_a_file_and_its_line_in_the_manifest_it_goes_on(tmp_path: Path, layout: Any) -> None:  # noqa: ANN401
    data = image_set()

    def dying(manifest: Manifest, folder: Path) -> None:
        if len(manifest.files) > 1:
            os.kill(os.getpid(), signal.SIGKILL)
        whole(manifest, folder)

    def work() -> None:
        Manifest.write = dying  # type: ignore[method-assign]
        write_corrupted(data, tmp_path, **CELLS, layout=layout)

    whole = Manifest.write
    assert in_child(work) == -signal.SIGKILL
    write_corrupted(data, tmp_path, **CELLS, layout=layout)
    assert verify(tmp_path) == [] and open_corrupted(tmp_path, data).corruptions == CELLS["corruptions"]


@pytest.mark.parametrize("layout", ["npy", "folder"])
def test_finished_work_is_left_as_it_is(tmp_path: Path, layout: Any) -> None:  # noqa: ANN401
    data = image_set()
    write_corrupted(data, tmp_path, corruptions=("fog",), severities=(1, 2), layout=layout)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if "fog" in str(path) and path.is_file()}
    write_corrupted(data, tmp_path, corruptions=("fog", "snow"), severities=(1, 2), layout=layout)
    assert before and {path: path.stat().st_mtime_ns for path in before} == before
    assert open_corrupted(tmp_path, data).corruptions == ("fog", "snow")


@pytest.mark.parametrize("layout", ["npy", "folder"])
def test_what_was_lost_is_written_again(tmp_path: Path, layout: Any) -> None:  # noqa: ANN401
    data = image_set()
    request = {"corruptions": ("fog",), "severities": (1, 2), "layout": layout}
    write_corrupted(data, tmp_path, **request)
    files = Manifest.read(tmp_path).files
    (tmp_path / ("fog.npy" if layout == "npy" else "checksums/fog-2.sha256")).unlink()
    write_corrupted(data, tmp_path, **request)
    assert Manifest.read(tmp_path).files == files and verify(tmp_path) == []
