"""Unpacks archives so that nothing lands outside the folder, and nothing half unpacked looks whole."""

import os
import shutil
import tarfile
import zipfile
import zlib
from pathlib import Path, PurePosixPath

__all__ = ["is_unpacked", "unpack"]


def unpack(archive: Path, folder: Path) -> None:
    """Unpacks a tar or zip archive into a folder; what it holds may be added to folders that are there.

    Args:
        archive: The file.
        folder: Where its content goes.

    Raises:
        ValueError: If it is damaged, no archive, or a member would land outside the folder; then nothing is unpacked.
    """
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = folder / f".{archive.name}.part"
    shutil.rmtree(unfinished, ignore_errors=True)
    try:
        _unpack(archive, unfinished)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    _move(unfinished, folder)
    _mark(archive.name, folder).touch()


def is_unpacked(name: str, folder: Path) -> bool:
    """Returns whether an archive of that name was unpacked into a folder."""
    return _mark(name, folder).exists()


def _mark(name: str, folder: Path) -> Path:
    return folder / f".{name}.unpacked"


def _unpack(archive: Path, folder: Path) -> None:
    try:
        if not tarfile.is_tarfile(archive):  # a tar whose last member is a zip archive looks like both
            with zipfile.ZipFile(archive) as packed:
                for name in packed.namelist():
                    if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
                        raise ValueError(f"{archive} is refused: its member {name!r} would land outside the folder")
                packed.extractall(folder)
        else:
            with tarfile.open(archive) as packed:
                packed.extractall(folder, filter="data")
    except tarfile.FilterError as error:
        raise ValueError(f"{archive} is refused: {error}") from error
    except (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise ValueError(f"{archive} is no archive, or damaged: {error}; delete it and get it anew") from error


def _move(source: Path, target: Path) -> None:
    """Moves what a folder holds into another one, into sub-folders of the same name where there are any."""
    for entry in list(source.iterdir()):
        place = target / entry.name
        if entry.is_dir() and place.is_dir():
            _move(entry, place)
        else:
            os.replace(entry, place)
    source.rmdir()
