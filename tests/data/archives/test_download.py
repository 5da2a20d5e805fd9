"""Downloads from a server on this machine: resumed, checked, mirrored; archives that stay in their folder."""

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from robustmoll.cli import main
from robustmoll.data.archives import RECORDS, Archive, Record, get
from robustmoll.data.archives import download as download_module
from robustmoll.data.archives.download import fetch
from tests.data.packing import contents, tar

CONTENT = np.random.default_rng(0).bytes(3_000_000)
MD5 = hashlib.md5(CONTENT).hexdigest()


class Server(ThreadingHTTPServer):
    """Serves files by path; remembers the ranges asked for.

    Attributes:
        files: Content and type of each path.
        broken: How often a path breaks off in the middle before it is served whole.
        ranges: What was asked for.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, tuple[bytes, str]] = {}
        self.broken: dict[str, int] = {}
        self.ranges: list[str | None] = []
        self.honours_ranges = True

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_port}{path}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        asked = self.headers.get("Range")
        self.server.ranges.append(asked)
        if self.path not in self.server.files:
            self.send_error(404)
            return
        content, kind = self.server.files[self.path]
        start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked and self.server.honours_ranges else 0
        if start >= len(content):
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        content = content[start:]
        if self.server.broken.get(self.path, 0):
            self.server.broken[self.path] -= 1
            content = content[: len(content) // 2]
        self.wfile.write(content)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        server.files["/file"] = CONTENT, "application/octet-stream"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def archive(*urls: str, md5: str = MD5) -> Archive:
    return Archive("some.tar", md5, urls)


def test_a_file_is_downloaded_once(tmp_path: Path, server: Server) -> None:
    for _ in range(2):
        path = fetch(archive(server.url("/file")), tmp_path / "new", "page")
        assert path == tmp_path / "new" / "some.tar" and path.read_bytes() == CONTENT
    assert server.ranges == [None] and [file.name for file in path.parent.iterdir()] == ["some.tar"]


def test_a_connection_that_breaks_off_goes_on(tmp_path: Path, server: Server) -> None:
    server.broken["/file"] = 2
    assert fetch(archive(server.url("/file")), tmp_path, "page").read_bytes() == CONTENT
    assert server.ranges == [None, "bytes=1500000-", "bytes=2250000-"]


def test_a_download_that_was_killed_goes_on(tmp_path: Path, server: Server) -> None:
    (tmp_path / "some.tar.part").write_bytes(CONTENT[:1_000_000])
    assert fetch(archive(server.url("/file")), tmp_path, "page").read_bytes() == CONTENT
    assert server.ranges == ["bytes=1000000-"]


def test_a_download_that_only_lacked_its_name_is_checked(tmp_path: Path, server: Server) -> None:
    (tmp_path / "some.tar.part").write_bytes(CONTENT)
    assert fetch(archive(server.url("/file")), tmp_path, "page").read_bytes() == CONTENT


def test_a_beginning_of_something_else_is_thrown_away(tmp_path: Path, server: Server) -> None:
    (tmp_path / "some.tar.part").write_bytes(b"x" * 1000)
    assert fetch(archive(server.url("/file")), tmp_path, "page").read_bytes() == CONTENT
    assert server.ranges == ["bytes=1000-", None]


def test_a_server_without_ranges_starts_again(tmp_path: Path, server: Server) -> None:
    server.honours_ranges = False
    (tmp_path / "some.tar.part").write_bytes(CONTENT[:1000])
    assert fetch(archive(server.url("/file")), tmp_path, "page").read_bytes() == CONTENT
    assert server.ranges == ["bytes=1000-"]


def test_mirrors_are_tried_in_order(tmp_path: Path, server: Server) -> None:
    server.files["/other"] = b"another file", "application/octet-stream"
    server.files["/page"] = b"\n<!DOCTYPE html><html>Sign in", "application/octet-stream"
    dead = "http://127.0.0.1:9/file"  # the port that nothing listens at
    urls = [dead, *map(server.url, ("/nothing", "/page", "/other", "/file"))]
    assert fetch(archive(*urls), tmp_path, "page").read_bytes() == CONTENT


def test_a_file_that_nobody_has_is_told_in_one_line(tmp_path: Path, server: Server) -> None:
    server.files["/other"] = b"another file", "application/octet-stream"
    server.files["/page"] = b"<html>Sign in", "text/html"
    urls = ["http://127.0.0.1:9/file", *map(server.url, ("/nothing", "/page", "/other"))]
    with pytest.raises(ValueError, match=r"cannot download some\.tar") as raised:
        fetch(archive(*urls), tmp_path, "https://example.org/record")
    told = str(raised.value)
    for part in ("Connection refused", "404", "sent a web page instead", "sent a file of another md5"):
        assert part in told
    assert f"put it at {tmp_path / 'some.tar'} (md5 {MD5})" in told and "https://example.org/record" in told
    assert "\n" not in told and not list(tmp_path.iterdir())


def test_another_file_in_its_place_is_left_alone(tmp_path: Path, server: Server) -> None:
    (tmp_path / "some.tar").write_bytes(b"mine")
    with pytest.raises(ValueError, match=f"but {MD5} is expected; delete it"):
        fetch(archive(server.url("/file")), tmp_path, "page")
    assert (tmp_path / "some.tar").read_bytes() == b"mine" and server.ranges == []


def test_get_downloads_and_unpacks_once(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = []
    for name in ("noise", "blur"):
        content = tar(tmp_path / name, {f"{name}/1/x/a.png": name.encode()}).read_bytes()
        server.files[f"/{name}"] = content, "application/x-tar"
        parts.append(Archive(f"{name}.tar", hashlib.md5(content).hexdigest(), (server.url(f"/{name}"),)))
    record = Record("1", 1, 32, 0.1, "page", "none", tuple(parts), folder="Some-C")
    monkeypatch.setitem(RECORDS, "Some-C", record)
    root = tmp_path / "root"
    for _ in range(2):
        assert get("Some-C", root) == [root / "Some-C"]
        for part in parts:
            (root / part.file).unlink(missing_ok=True)  # what is unpacked may go
    assert len(server.ranges) == 2
    assert contents(root) == {"Some-C/noise/1/x/a.png": b"noise", "Some-C/blur/1/x/a.png": b"blur"}


def test_command_without_a_network_says_what_to_put_where(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(*args: object, **options: object) -> None:
        raise OSError("Name or service not known")

    monkeypatch.setattr(download_module, "urlopen", unreachable)
    assert main(["data", "get", "CIFAR-10-C", "--root", str(tmp_path)]) == 2
    told = capsys.readouterr().err
    assert f"put it at {tmp_path / 'CIFAR-10-C.tar'} (md5 56bf5dcef84df0e2308c6dcbcbbd8499)" in told
    assert "zenodo.org: Name or service not known; huggingface.co:" in told and told.count("\n") == 1
    assert main(["data", "get", "ImageNet", "--root", str(tmp_path)]) == 2
    assert "needs an account at image-net.org" in capsys.readouterr().err


def test_records_are_complete(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "list"]) == 0
    told = capsys.readouterr().out
    for name, record in RECORDS.items():
        assert name in told and record.page in told and (record.archives or record.remark)
        for part in record.archives:
            assert len(bytes.fromhex(part.md5)) == 16
            assert all(part.file in url and url.startswith("http") for url in part.urls)


def test_unknown_names_and_actions_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "get", "CIFAR10C"]) == 2
    assert "or 'CIFAR-10-C'" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="2"):
        main(["data", "gett"])
    assert capsys.readouterr().err.count("\n") == 1
