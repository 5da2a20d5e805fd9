"""Written -C sets that do not belong to the clean images, are unfinished or damaged, or cannot be made at all."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from robustmoll.cli import main
from robustmoll.data import ImageFolder, ImageSet, open_corrupted
from robustmoll.data.corrupted.manifest import MANIFEST
from robustmoll.data.corrupted.verify import verify
from robustmoll.data.corrupted.write import write_corrupted
from tests.data.samples import image_set, make_folder

FOG: dict[str, Any] = {"corruptions": ("fog",), "severities": (1,)}


def changed_from(data: ImageSet, row: int) -> ImageSet:
    images = data.images[:].clone()
    images[row:] = 255 - images[row:]
    return replace(data, images=images)


def change_manifest(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    told = json.loads((folder / MANIFEST).read_text())
    change(told)
    (folder / MANIFEST).write_text(json.dumps(told))


def before_all_were_hashed(told: dict[str, Any]) -> None:
    del told["requested"], told["clean"]["pixels"]


@pytest.mark.parametrize("row", [0, 99])
@pytest.mark.parametrize("layout", ["npy", "folder"])
def test_other_photographs_of_the_same_labels_are_refused(tmp_path: Path, layout: Any, row: int) -> None:  # noqa: ANN401
    data = image_set(100, 16)
    write_corrupted(data, tmp_path, **FOG, layout=layout)
    with pytest.raises(ValueError, match=r"with other (images|pixels) than the 100 images .* test set of some"):
        open_corrupted(tmp_path, changed_from(data, row))
    with pytest.raises(ValueError, match=r"set with other (images|pixels); take another --out"):
        write_corrupted(changed_from(data, row), tmp_path, corruptions=("snow",), severities=(1,), layout=layout)
    assert open_corrupted(tmp_path, data).corruptions == ("fog",)


def test_images_of_another_size_are_refused(tmp_path: Path) -> None:
    data = image_set(12, 16)
    write_corrupted(data, tmp_path, **FOG, layout="folder")
    with pytest.raises(ValueError, match="set with other size than the 12 images of some"):
        open_corrupted(tmp_path, replace(data, images=data.images[:].repeat(1, 1, 2, 2)))


def test_sets_of_which_only_the_first_images_were_hashed_go_on(tmp_path: Path) -> None:
    data = image_set(100, 16)
    change_manifest(write_corrupted(data, tmp_path, **FOG), before_all_were_hashed)
    assert verify(tmp_path) == [] and open_corrupted(tmp_path, data).corruptions == ("fog",)
    with pytest.raises(ValueError, match="other images"):
        open_corrupted(tmp_path, changed_from(data, 0))
    write_corrupted(data, tmp_path, corruptions=("snow",), severities=(1,))
    assert open_corrupted(tmp_path, data).corruptions == ("fog", "snow")


def test_files_that_changed_behind_those_that_are_decoded_are_noticed(tmp_path: Path) -> None:
    root = make_folder(tmp_path / "set", ("test",), images=40)
    lazy, kept = (ImageFolder(str(root), size=16, in_memory=choice) for choice in (False, True))
    out = write_corrupted(lazy.test(), tmp_path / "c", **FOG)
    assert open_corrupted(out, kept.test()).corruptions == ("fog",)  # decoded in another way, the same images
    Image.effect_noise((12, 10), 50).save(root / "test" / "dog" / "9.png")  # the last one
    with pytest.raises(ValueError, match="set with other files than the 80 images of set"):
        open_corrupted(out, lazy.test())
    with pytest.raises(ValueError, match="set with other files; take another --out"):
        write_corrupted(lazy.test(), out, **FOG)


def test_images_of_other_files_are_refused(tmp_path: Path) -> None:
    data = replace(image_set(100, 16), files=tuple(f"{row:03d}" for row in range(100)))
    write_corrupted(data, tmp_path, **FOG, layout="folder")
    other = replace(data, files=(*data.files[:-1], "100"))
    with pytest.raises(ValueError, match=r"fog-1\.sha256 lists an image made from 099, where the clean set has 100"):
        open_corrupted(tmp_path, other).images("fog", 1)


def test_names_in_any_script_are_read_whatever_the_locale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = tuple(f"{row}\u2028ü\r" for row in range(4))  # what other programs take for the ends of lines
    data = ImageSet("x", "test", image_set(4).images, torch.tensor([0, 0, 1, 1]), ("Äpfel", "Öl"), files=names)
    write_corrupted(data, tmp_path, **FOG, layout="folder")
    monkeypatch.setattr("io.text_encoding", lambda encoding, stacklevel=2: encoding or "latin-1")
    assert open_corrupted(tmp_path, data).images("fog", 1).images[:].shape == (4, 3, 32, 32)
    for bad, told in (("0\n1", r"0\\n1"), ("gr\udcfcn", r"gr\\udcfcn")):
        with pytest.raises(ValueError, match=rf"can hold the name 'Äpfel/{told}\.png', which has a line break or no"):
            write_corrupted(replace(data, files=(bad, *names[1:])), tmp_path / "c", **FOG, layout="folder")
    assert not (tmp_path / "c").exists()


@pytest.mark.parametrize(
    "content, message",
    [
        ("", "is no list of files and hashes"),
        ("00  fog\n", "does not list 12 images of the clean set's classes"),
        ("00  fog/1/class0/000000.png\n", "does not list 12 images of the clean set's classes"),
        (12 * "00  fog/1/class0/0.png\n", "does not list 12 images of the clean set's classes"),
        ("".join(f"00  fog/1/{row}/0.png\n" for row in range(12)), "does not list 12 images of the clean set's"),
        ("\udcff", "is no list of files and hashes"),
    ],
)
def test_a_damaged_list_is_one_line(tmp_path: Path, content: str, message: str) -> None:
    path = write_corrupted(image_set(), tmp_path, **FOG, layout="folder") / "checksums" / "fog-1.sha256"
    path.write_bytes(content.encode(errors="surrogateescape"))
    with pytest.raises(ValueError, match=rf"fog-1\.sha256 {message}.*; remove it, and run the same") as raised:
        open_corrupted(tmp_path, image_set()).images("fog", 1)
    assert "\n" not in str(raised.value)
    path.unlink()
    write_corrupted(image_set(), tmp_path, **FOG, layout="folder")  # as it was told
    assert verify(tmp_path) == []


@pytest.mark.parametrize(
    "change, message",
    [
        ({"severities": "x"}, "severities must be of type list, got 'x'"),
        ({"severities": ["x"]}, r"severities must be numbers in \(0, 5\], got \['x'\]"),
        ({"severities": []}, r"severities must be numbers in \(0, 5\], got \[\]"),
        ({"layout": "zip"}, "layout must be npy or folder, got 'zip'"),
        ({"clean": {}}, "clean lacks dataset"),
        ({"files": None}, "files must be of type dict, got None"),
        ({"seed": None}, "seed must be of type int, got None"),
        ({"colour": 1}, "unexpected keyword argument 'colour'"),
    ],
)
def test_a_manifest_that_cannot_be_is_refused(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    change_manifest(write_corrupted(image_set(), tmp_path, **FOG), lambda told: told.update(change))
    for look in (verify, lambda folder: open_corrupted(folder, image_set())):
        with pytest.raises(ValueError, match=rf"manifest\.json is no manifest of .*{message}") as raised:
            look(tmp_path)
        assert "\n" not in str(raised.value)


@pytest.mark.parametrize("layout", ["npy", "folder"])
def test_what_was_asked_for_and_is_not_there_is_told(
    tmp_path: Path,
    layout: Any,  # noqa: ANN401
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def stopped(*args: object) -> None:
        raise KeyboardInterrupt

    request: dict[str, Any] = {"severities": (1, 2), "layout": layout}
    write_corrupted(image_set(), tmp_path, corruptions=("fog",), **request)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("robustmoll.data.corrupted.write.corrupt", stopped)
        write_corrupted(image_set(), tmp_path, corruptions=("snow", "frost"), **request)
    told = "{} was asked for and is not finished; run the same `robustmoll corrupt` again"
    lacking = [told.format(name) for name in ("snow", "frost")]
    assert verify(tmp_path) == lacking
    assert main(["data", "verify", str(tmp_path)]) == 2 and "all is well" not in capsys.readouterr().out
    write_corrupted(image_set(), tmp_path, corruptions=("snow",), **request)
    assert verify(tmp_path) == lacking[1:]
    write_corrupted(image_set(), tmp_path, corruptions=("frost",), **request)
    assert verify(tmp_path) == []


@pytest.mark.parametrize(
    "data, device, message",
    [
        (image_set(), "foo", "device 'foo' cannot be used here: .*; take another, such as cpu"),
        (image_set(), "meta", "device 'meta' cannot be used here: .*; take another, such as cpu"),
        (image_set(), "cuda:99", "device 'cuda:99' cannot be used here: .*; take another, such as cpu"),
        (image_set(size=12), "cpu", r"some has \(12, 12\) pixels; corruptions need 16 a side, take larger images"),
    ],
)
def test_what_cannot_be_made_leaves_nothing(tmp_path: Path, data: ImageSet, device: str, message: str) -> None:
    with pytest.raises(ValueError, match=message) as raised:
        write_corrupted(data, tmp_path / "c", **FOG, device=device)
    assert "\n" not in str(raised.value) and not (tmp_path / "c").exists()
