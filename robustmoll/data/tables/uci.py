"""The tables of the UCI repository that likelihood models are compared on, as the papers' code has them."""

from typing import ClassVar

from robustmoll.data.tables.table_file import TableFile

__all__ = ["Parkinsons", "RedWine", "WhiteWine"]


class _UciTable(TableFile):
    """A table of the repository.

    Args:
        root: Folder of its .npy file.
        shuffle: False for the papers' split, which is the order of the file.
        test_fraction: Share of the rows held out for the test, in (0, 1).
    """

    npy: ClassVar[str]

    def __init__(self, root: str = "data/uci", shuffle: bool = False, test_fraction: float = 0.1) -> None:
        super().__init__(f"{root}/{self.npy}", shuffle=shuffle, test_fraction=test_fraction)


class RedWine(_UciTable):
    """Eleven measurements of 1,599 red wines, rounded (Cortez et al., 2009).

    redwine.npy has shape (1599, 11): the columns of winequality-red.csv but the last.
    """

    npy = "redwine.npy"


class WhiteWine(_UciTable):
    """Eleven measurements of 4,898 white wines, rounded (Cortez et al., 2009).

    whitewine.npy has shape (4898, 11): the columns of winequality-white.csv but the last.
    """

    npy = "whitewine.npy"


class Parkinsons(_UciTable):
    """Fifteen measurements of 5,875 voice recordings (Tsanas et al., 2009).

    parkinsons.npy has shape (5875, 15): columns of parkinsons_updrs.data.
    """

    npy = "parkinsons.npy"
