"""The tables that scikit-learn carries: real rows without a download."""

from typing import Literal

import numpy as np

from robustmoll.data.tables.table_set import Table, Values

__all__ = ["EmbeddedTable"]


class EmbeddedTable(Table):
    """A table of scikit-learn, without its target.

    Args:
        name: "wine" (178 rows, 13 columns), "iris" (150, 4), "breast_cancer" (569, 30) or "diabetes" (442, 10).
        test_fraction: Share of the rows held out for the test, in (0, 1), from an order of chance that is always the
            same.
    """

    def __init__(
        self, name: Literal["wine", "iris", "breast_cancer", "diabetes"] = "wine", test_fraction: float = 0.1
    ) -> None:
        super().__init__(shuffle=True, test_fraction=test_fraction)
        self.name = name

    def read(self) -> Values:
        from sklearn import datasets  # takes a second, which few commands need to wait for

        options = {"scaled": False} if self.name == "diabetes" else {}
        bunch = getattr(datasets, f"load_{self.name}")(**options)
        return Values(self.name, tuple(map(str, bunch.feature_names)), np.asarray(bunch.data, dtype=np.float64))
