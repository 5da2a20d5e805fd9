"""The tables of the UCI repository that likelihood models are compared on, as the papers' code has them."""

from robustmoll.data.tables.table_file import TableFile

__all__ = ["Parkinsons", "RedWine", "WhiteWine"]


class RedWine(TableFile):
    """Eleven measurements of 1,599 red wines, rounded (Cortez et al., 2009).

    Args:
        root: Folder of redwine.npy, shape (1599, 11), the columns of winequality-red.csv but the last.
        shuffle: False for the papers' split, which is the order of the file.
        test_fraction: Share of the rows held out for the test, in (0, 1).
    """

    def __init__(self, root: str = "data/uci", shuffle: bool = False, test_fraction: float = 0.1) -> None:
        super().__init__(f"{root}/redwine.npy", shuffle=shuffle, test_fraction=test_fraction)


class WhiteWine(TableFile):
    """Eleven measurements of 4,898 white wines, rounded (Cortez et al., 2009).

    Args:
        root: Folder of whitewine.npy, shape (4898, 11), the columns of winequality-white.csv but the last.
        shuffle: False for the papers' split, which is the order of the file.
        test_fraction: Share of the rows held out for the test, in (0, 1).
    """

    def __init__(self, root: str = "data/uci", shuffle: bool = False, test_fraction: float = 0.1) -> None:
        super().__init__(f"{root}/whitewine.npy", shuffle=shuffle, test_fraction=test_fraction)


class Parkinsons(TableFile):
    """Fifteen measurements of 5,875 voice recordings (Tsanas et al., 2009).

    Args:
        root: Folder of parkinsons.npy, shape (5875, 15): columns of parkinsons_updrs.data.
        shuffle: False for the papers' split, which is the order of the file.
        test_fraction: Share of the rows held out for the test, in (0, 1).
    """

    def __init__(self, root: str = "data/uci", shuffle: bool = False, test_fraction: float = 0.1) -> None:
        super().__init__(f"{root}/parkinsons.npy", shuffle=shuffle, test_fraction=test_fraction)
