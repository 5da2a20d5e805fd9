"""Archives are unpacked beside one another, and nothing of them lands outside their folder."""

from pathlib import Path

import pytest

from robustmoll.data.archives.unpack import is_unpacked, unpack
from tests.data.packing import contents, tar, zip_of


@pytest.mark.parametrize("pack", [tar, zip_of])
def test_archives_are_unpacked_beside_one_another(tmp_path: Path, pack: type) -> None:
    first = pack(tmp_path / "first", {"Set-C/fog/1/a.png": b"1", "Set-C/labels": b"2"})
    second = pack(tmp_path / "second", {"Set-C/fog/2/a.png": b"3", "Set-C/snow/1/a.png": b"4"})
    assert not is_unpacked("first", tmp_path / "root")
    unpack(first, tmp_path / "root")
    unpack(second, tmp_path / "root")
    assert is_unpacked("first", tmp_path / "root")
    assert contents(tmp_path / "root") == {
        "Set-C/fog/1/a.png": b"1",
        "Set-C/labels": b"2",
        "Set-C/fog/2/a.png": b"3",
        "Set-C/snow/1/a.png": b"4",
    }


def test_a_tar_that_ends_in_a_zip_archive_is_a_tar(tmp_path: Path) -> None:
    inner = zip_of(tmp_path / "inner.zip", {"x": b"1"})
    unpack(tar(tmp_path / "some.tar", {"inner.zip": inner.read_bytes()}), tmp_path / "root")
    assert list(contents(tmp_path / "root")) == ["inner.zip"]


@pytest.mark.parametrize("name", ["../evil", "/tmp/robustmoll-evil", "inside/../../evil"])
@pytest.mark.parametrize("pack", [tar, zip_of])
def test_members_that_would_land_outside_are_refused(tmp_path: Path, pack: type, name: str) -> None:
    packed = pack(tmp_path / "some.archive", {"good": b"1", name: b"2"})
    if pack is tar and name[0] == "/":  # the tar filter strips the slash instead
        unpack(packed, tmp_path / "root")
        assert not Path(name).exists()
        return
    with pytest.raises(ValueError, match=r"some\.archive is refused"):
        unpack(packed, tmp_path / "root")
    assert not (tmp_path / "evil").exists() and not list((tmp_path / "root").iterdir())
    assert not is_unpacked("some.archive", tmp_path / "root")


def test_links_that_lead_outside_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="is refused"):
        unpack(tar(tmp_path / "some.tar", {}, link="/etc/passwd"), tmp_path / "root")
    assert not list((tmp_path / "root").iterdir())


@pytest.mark.parametrize("content", [b"<html>Not found</html>", b"", bytes(range(256))])
def test_what_is_no_archive_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "some.tar").write_bytes(content)
    with pytest.raises(ValueError, match="is no archive, or damaged"):
        unpack(tmp_path / "some.tar", tmp_path / "root")


def test_half_an_archive_leaves_nothing(tmp_path: Path) -> None:
    whole = tar(tmp_path / "some.tar", {"a": b"1" * 5000, "b": bytes(200_000)})
    whole.write_bytes(whole.read_bytes()[:100_000])
    with pytest.raises(ValueError, match="is no archive, or damaged"):
        unpack(whole, tmp_path / "root")
    assert contents(tmp_path / "root") == {}
