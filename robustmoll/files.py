"""Files that are whole or absent, whatever happens while they are written."""

import hashlib
import os
from pathlib import Path

__all__ = ["sha256", "sync_folder", "write_whole"]


def write_whole(path: Path, content: bytes) -> None:
    """Writes a file so that at any moment it holds all of the old content or all of the new."""
    temporary = path.with_name(path.name + ".tmp")
    with open(temporary, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)
    sync_folder(path.parent)


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
