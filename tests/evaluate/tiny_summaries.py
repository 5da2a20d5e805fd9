"""Summaries of likelihood models with figures that mean nothing, for tests of what is made of them."""

from typing import Any

from robustmoll.evaluate.densities.summary import DensitySummary, Distance, Line

__all__ = ["distance_of", "summary_of"]


def summary_of(value: float | None = 1.0, **others: Any) -> DensitySummary:  # noqa: ANN401 (whatever its fields are)
    """A run's summary, of the figure of its last step."""
    fields: dict[str, Any] = {"run": "a", "model": "maf", "dataset": "moons", "data": "ab", "unit": "rows"}
    fields |= {"figure": "log_likelihood", "nll_name": "nll", "samples": None, "n_train": 90, "n_test": 9}
    fields |= {"lines": [Line("last step", value, 0.1, 9)], "distances": [], "remarks": []}
    return DensitySummary(**fields | others)


def distance_of(value: float = 3.0, **others: Any) -> Distance:  # noqa: ANN401
    """A distance of its images."""
    fields: dict[str, Any] = {"metric": "fid", "name": "last step", "step": 7, "precision": 0.5, "recall": 0.25}
    fields |= {"real": 9, "generated": 9, "resize": "none", "sha256": "ab", "seed": 0}
    return Distance(**{"value": value, "extractor": "a net", "features": 8, **fields, **others})
