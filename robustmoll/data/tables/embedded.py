"""The tables that scikit-learn carries: real rows without a download."""

from typing import Literal, TypeAlias, get_args

import numpy as np

from robustmoll.checks import known_name
from robustmoll.data.tables.table_set import Table, Values

__all__ = ["EmbeddedTable"]

Name: TypeAlias = Literal["wine", "iris", "breast_cancer", "diabetes"]


class EmbeddedTable(Table):
    """A table of scikit-learn, without its target.

    Args:
        name: "wine" (178 rows, 13 columns), "iris" (150, 4), "breast_cancer" (569, 30) or "diabetes" (442, 10).
        test_fraction: Share of the rows held out for the test, in (0, 1), from an order of chance that is always the
            same.

    Raises:
        ValueError: If there is no such table, or `test_fraction` is out of its range.
    """

    def __init__(self, name: Name = "wine", test_fraction: float = 0.1) -> None:
        super().__init__(shuffle=True, test_fraction=test_fraction)
        self.name = known_name("table of scikit-learn", name, get_args(Name))

    def read(self) -> Values:
        from sklearn import datasets  # takes a second, which few commands need to wait for

        options = {"scaled": False} if self.name == "diabetes" else {}
        bunch = getattr(datasets, f"load_{self.name}")(**options)
        return Values(self.name, tuple(map(str, bunch.feature_names)), np.asarray(bunch.data, dtype=np.float64))
