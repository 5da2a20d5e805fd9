"""Written -C sets hold what is made on the fly, bit for bit, however often the writing was killed."""

import os
import resource
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from robustmoll.cli import main
from robustmoll.corruptions import corrupt, frost_source
from robustmoll.data import ImageSet, open_corrupted
from robustmoll.data.corrupted.manifest import Manifest
from robustmoll.data.corrupted.verify import verify
from robustmoll.data.corrupted.write import write_corrupted
from tests.data.samples import image_set, in_child

CELLS = {"corruptions": ("gaussian_noise", "frost"), "severities": (1, 2.5, 5)}


def files_of(data: ImageSet) -> ImageSet:
    """The same images with file names, in an order that is not theirs."""
    return replace(data, files=tuple(f"deep/{7 * i % len(data)}" for i in range(len(data))))


@pytest.mark.parametrize("layout", ["npy", "folder"])
@pytest.mark.parametrize("data", [image_set(), image_set(channels=1), files_of(image_set(300, 16))], ids=len)
def test_files_hold_what_is_made_on_the_fly(tmp_path: Path, data: ImageSet, layout: Any) -> None:  # noqa: ANN401
    folder = write_corrupted(data, tmp_path / "c", **CELLS, preset="tiny", seed=7, layout=layout)
    found = open_corrupted(folder, data)
    assert (found.name, found.mode, found.preset, found.seed) == ("c", "written", "tiny", 7)
    assert (found.corruptions, found.severities) == (CELLS["corruptions"], CELLS["severities"])
    assert found.frost == frost_source() and verify(folder) == []
    for name in found.corruptions:
        for severity in found.severities:
            cell = found.images(name, severity)
            assert torch.equal(cell.images[:], corrupt(data.images[:], name, severity, "tiny", 7))
            assert torch.equal(cell.labels, data.labels) and cell.classes == data.classes


def test_npy_files_lie_in_order_of_severity(tmp_path: Path) -> None:
    data = image_set()
    folder = write_corrupted(data, tmp_path, corruptions=("fog",), severities=(3, 1))
    pixels, labels = (np.load(folder / name, allow_pickle=False) for name in ("fog.npy", "labels.npy"))
    made = torch.cat([corrupt(data.images[:], "fog", severity) for severity in (3, 1)])
    assert np.array_equal(pixels, made.permute(0, 2, 3, 1).numpy()) and pixels.dtype == np.uint8
    assert labels.tolist() == 2 * data.labels.tolist()
    assert {path.name for path in folder.iterdir()} == {"fog.npy", "labels.npy", "manifest.json"}


def test_folders_are_those_of_imagenet_c(tmp_path: Path) -> None:
    data = files_of(image_set(8, 40))
    folder = write_corrupted(data, tmp_path, corruptions=("fog",), severities=(3,))  # above 32 pixels: folders
    for row, made in enumerate(corrupt(data.images[:], "fog", 3, "cifar")):
        path = folder / "fog" / "3" / data.classes[data.labels[row]] / f"{data.files[row]}.png"
        assert np.array_equal(np.asarray(Image.open(path)), made.permute(1, 2, 0).numpy())
    lists = subprocess.run(["sha256sum", "-c", "checksums/fog-3.sha256"], cwd=folder, capture_output=True, check=True)
    assert lists.stdout.count(b"OK") == 8


def test_manifest_tells_what_it_was_made_with(tmp_path: Path) -> None:
    data = image_set(name="mine")
    manifest = Manifest.read(write_corrupted(data, tmp_path, corruptions=("fog",), severities=(1,), seed=3))
    assert (manifest.preset, manifest.seed, manifest.frost, manifest.severities) == ("cifar", 3, frost_source(), [1])
    assert (manifest.clean["dataset"], manifest.clean["count"], manifest.clean["size"]) == ("mine", 12, [32, 32])
    assert manifest.clean["classes"] == list(data.classes)
    assert torch.__version__.startswith(manifest.versions[0]["torch"])
    assert set(manifest.files) == {"labels.npy", "fog.npy"}


@pytest.mark.parametrize(
    "change, message",
    [
        ({"preset": "tiny"}, "was made with preset cifar, not tiny"),
        ({"seed": 1}, "was made with seed 0, not 1"),
        ({"severities": (1,)}, r"was made with severities \[1.0, 2.0\], not \[1.0\]"),
        ({"layout": "folder"}, "was made with layout npy, not folder"),
        ({"data": image_set(13)}, "was made from a set with other count: 12, not 13"),
        ({"data": replace(image_set(), labels=image_set().labels.flip(0))}, "a set with other labels"),
        ({"data": replace(image_set(), images=255 - image_set().images)}, "a set with other images"),
    ],
)
def test_a_folder_holds_one_set(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    request: dict[str, Any] = {"data": image_set(), "corruptions": ("fog",), "severities": (1, 2)}
    write_corrupted(out=tmp_path, **request)
    with pytest.raises(ValueError, match=message):
        write_corrupted(out=tmp_path, **{**request, **change})
    assert verify(tmp_path) == []


@pytest.mark.parametrize(
    "other, message",
    [
        (image_set(13), "was made from a set with other count than the 13 images of some"),
        (replace(image_set(), labels=image_set().labels.flip(0)), "other labels .* give the test set of some that"),
        (replace(image_set(), classes=("class0", "class2", "class1")), "other classes"),
    ],
)
@pytest.mark.parametrize("layout", ["npy", "folder"])
def test_a_set_of_other_images_is_refused(tmp_path: Path, other: ImageSet, message: str, layout: Any) -> None:  # noqa: ANN401
    write_corrupted(image_set(), tmp_path, corruptions=("fog",), severities=(1,), layout=layout)
    with pytest.raises(ValueError, match=message):
        open_corrupted(tmp_path, other)


def test_a_set_without_a_finished_corruption_is_refused(tmp_path: Path) -> None:
    write_corrupted(image_set(), tmp_path, corruptions=(), severities=(1,))
    with pytest.raises(ValueError, match="holds no finished corruption; run the same `robustmoll corrupt` again"):
        open_corrupted(tmp_path, image_set())


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("dear")
    with pytest.raises(ValueError, match=r"holds thesis\.tex, but no manifest\.json; take an empty or a new folder"):
        write_corrupted(image_set(), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_images_that_would_share_a_file_are_refused(tmp_path: Path) -> None:
    data = replace(image_set(), files=("same",) * 12)
    with pytest.raises(ValueError, match=r"4 images would be class0/same\.png"):
        write_corrupted(data, tmp_path, layout="folder")
    with pytest.raises(ValueError, match="class 'a/b' cannot name a folder; take --layout npy"):
        write_corrupted(replace(image_set(), classes=("a/b", "c", "d")), tmp_path, layout="folder")
    assert not list(tmp_path.iterdir())


def test_numbers_may_be_numpys(tmp_path: Path) -> None:
    request: dict[str, Any] = {"corruptions": ("contrast",), "seed": np.int64(3), "severities": np.array([1, 5])}
    write_corrupted(image_set(), tmp_path, **request)
    assert (open_corrupted(tmp_path, image_set()).seed, open_corrupted(tmp_path, image_set()).severities) == (3, (1, 5))


@pytest.mark.parametrize("severities", [(), (0,), (6,), (-1,), (float("nan"),), (1, 1)])
def test_severities_out_of_range_are_refused(tmp_path: Path, severities: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="severities must be different numbers in"):
        write_corrupted(image_set(), tmp_path / "c", severities=severities)
    assert not (tmp_path / "c").exists()


COMMAND = ["corrupt", "--data", "Digits", "--corruptions", "[fog,snow]", "--severities", "[1]", "--out"]


def test_command_writes_and_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = str(tmp_path / "digits-c")
    assert main([*COMMAND, folder]) == 0 and main([*COMMAND, folder]) == 0
    assert main(["data", "verify", folder]) == 0
    assert "450 images at each cell" in (told := capsys.readouterr().out) and "all is well" in told
    assert main([*COMMAND, folder, "--preset", "tiny"]) == 2
    assert main([*COMMAND, folder, "--corruptions", "[fogg]"]) == 2
    errors = capsys.readouterr().err.splitlines()
    assert "was made with preset cifar, not tiny" in errors[0] and "did you mean 'fog'" in errors[1]
    assert len(errors) == 2


def test_a_full_disk_is_told_in_one_line(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    def work() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))  # the labels fit, the pixels don't
        os._exit(main([*COMMAND, str(tmp_path / "c")]))

    assert in_child(work) == 2
    error = capfd.readouterr().err
    assert error.startswith("robustmoll: error: [Errno 27]") and error.count("\n") == 1
    assert not list((tmp_path / "c").glob("*.part"))  # the space is free again
    assert main([*COMMAND, str(tmp_path / "c")]) == 0 and verify(tmp_path / "c") == []


def test_a_folder_that_cannot_be_written_is_told_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    assert main([*COMMAND, str(tmp_path / "file" / "c")]) == 2
    error = capsys.readouterr().err
    assert "Not a directory" in error and error.count("\n") == 1
