"""Downloads that go on where they broke off, are tried at every mirror, and count only with the right checksum."""

import hashlib
import os
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from robustmoll.data.archives.records import Archive
from robustmoll.progress import ProgressBar

__all__ = ["fetch", "md5"]

TIMEOUT = 30.0  # seconds without a byte
PIECE = 1 << 20
AGENT = "robustmoll (research data downloader)"


def fetch(archive: Archive, folder: Path, page: str) -> Path:
    """Returns the path of an archive in a folder, downloaded if it is not there yet.

    Args:
        archive: Which one.
        folder: Where to put it.
        page: Where a person finds it, for the message.

    Raises:
        ValueError: If no mirror gives the file, or another one lies in its place. The message says what to put where.
    """
    target, unfinished = folder / archive.file, folder / f"{archive.file}.part"
    if target.is_file():
        if (found := md5(target)) != archive.md5:
            raise ValueError(
                f"{target} has the md5 {found}, but {archive.md5} is expected; delete it and run this again"
            )
        return target
    folder.mkdir(parents=True, exist_ok=True)
    reasons = []
    for url in archive.urls:
        try:
            _download_checked(url, unfinished, archive.md5)
        except (OSError, HTTPException, ValueError) as error:
            reasons.append(f"{urlsplit(url).hostname}: {_told(error)}")
        else:
            os.replace(unfinished, target)
            return target
    raise ValueError(
        f"cannot download {archive.file} ({'; '.join(reasons)}). Get it from {page} in another way, put it at {target}"
        f" (md5 {archive.md5}), and run the same command again"
    )


def _download_checked(url: str, unfinished: Path, expected: str) -> None:
    resumed = _size(unfinished) > 0
    _download(url, unfinished)
    if (found := md5(unfinished)) == expected:
        return
    unfinished.unlink()
    if not resumed:
        raise ValueError(f"sent a file of another md5, {found}")
    _download_checked(url, unfinished, expected)  # what was there before may be to blame


def _download(url: str, unfinished: Path) -> None:
    """Appends what is missing of a file, as often as that gets any further."""
    while True:
        before = _size(unfinished)
        try:
            return _receive(url, unfinished, before)
        except (OSError, HTTPException):
            if _size(unfinished) <= before:
                raise


def _receive(url: str, unfinished: Path, have: int) -> None:
    headers = {"User-Agent": AGENT} | ({"Range": f"bytes={have}-"} if have else {})
    try:
        response = urlopen(Request(url, headers=headers), timeout=TIMEOUT)
    except HTTPError as error:
        if error.code == 416 and have:  # nothing is missing; the checksum will tell
            return
        raise
    with response:
        have = have if response.status == 206 else 0  # else it starts from the beginning again
        total = have + int(response.headers.get("Content-Length") or 0)
        with open(unfinished, "ab" if have else "wb") as file, ProgressBar(total, have, unit="MB", scale=1e6) as bar:
            while piece := response.read(PIECE):
                if not have and piece.lstrip()[:1] == b"<":
                    raise ValueError("sent a web page instead of the file")
                file.write(piece)
                have += len(piece)
                bar.advance(len(piece), unfinished.stem)
    if have < total:
        raise ConnectionError(f"the connection broke off after {have:,} of {total:,} bytes")


def _told(error: Exception) -> str:
    unreachable = isinstance(error, URLError) and not isinstance(error, HTTPError)
    return str(error.reason if unreachable else error)  # type: ignore[attr-defined]


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def md5(path: Path) -> str:
    """Returns the MD5 of a file of any size, the checksum that the public records state."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
