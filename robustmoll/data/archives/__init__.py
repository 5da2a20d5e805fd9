"""The published archives of data sets: what there is, and how to get it."""

from pathlib import Path

from robustmoll.checks import known_name
from robustmoll.data.archives.download import fetch
from robustmoll.data.archives.records import RECORDS, Archive, Record
from robustmoll.data.archives.unpack import is_unpacked, unpack

__all__ = ["RECORDS", "Archive", "Record", "get"]


def get(name: str, root: str | Path) -> list[Path]:
    """Downloads a data set and unpacks it; what is there already is not downloaded again.

    Args:
        name: One of `RECORDS`.
        root: The folder to put it into.

    Returns:
        What was got: the archives, or the folder in which they were unpacked. Unpacked archives may be deleted.

    Raises:
        ValueError: If there is no such data set, it cannot be downloaded, or an archive is refused; the message says
            what to put where.
    """
    record, folder = RECORDS[known_name("data set", name, RECORDS)], Path(root).expanduser()
    if not record.archives:
        raise ValueError(f"{name}: {record.remark} ({record.page})")
    if record.folder is None:
        return [fetch(archive, folder, record.page) for archive in record.archives]
    place = folder / record.folder
    for archive in record.archives:
        if not is_unpacked(archive.file, place):
            unpack(fetch(archive, folder, record.page), place)
    return [place]
