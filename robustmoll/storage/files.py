"""Files that are whole or absent, whatever happens while they are written, and the text that goes into them."""

import csv
import hashlib
import io
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

__all__ = ["csv_text", "json_bytes", "read_object", "sha256", "sync_folder", "write_whole"]


def write_whole(path: Path, content: bytes) -> None:
    """Writes a file so that at any moment it holds all of the old content or all of the new."""
    temporary = path.with_name(path.name + ".tmp")
    try:
        with open(temporary, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
        sync_folder(path.parent)
    except OSError as error:
        error.filename = error.filename or str(path)  # that a disk is full does not say which
        raise


def sync_folder(folder: Path) -> None:
    """Makes renames in a folder survive a power cut, where the system can."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def sha256(content: bytes) -> str:
    """Returns the hash of a file's content as hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def json_bytes(content: Mapping[str, Any]) -> bytes:
    """Returns an object as a JSON file, indented."""
    return (json.dumps(content, indent=2) + "\n").encode()


def read_object(path: Path) -> dict[str, Any]:
    """Reads a JSON file that holds an object.

    Raises:
        ValueError: If it is damaged, or holds something else.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is damaged ({error}); restore it, or make it anew") from error
    if not isinstance(content, dict):
        raise ValueError(f"{path} should hold an object, got a {type(content).__name__}; restore it, or make it anew")
    return content


def csv_text(header: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    """Returns a table as CSV."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()
