"""What the studies compute from the files of their runs."""

from itertools import product

import pytest

from benchmarks.density_study import figures_of
from benchmarks.uci_table import Epoch, best_of


def test_the_best_of_several_is_the_mean_over_all_draws() -> None:
    runs = [Epoch(9, 0.0, validation, test) for validation, test in ((-1.0, -5.0), (-3.0, -4.0), (-2.0, -9.0))]
    best = [max(drawn, key=lambda run: run.validation) for drawn in product(runs, repeat=4)]
    expected = [sum(run.validation for run in best) / 81, sum(run.test for run in best) / 81]
    assert best_of(4, runs) == pytest.approx(expected)
    assert best_of(1, runs) == pytest.approx((-2.0, -6.0)) and best_of(4, runs[:1]) == (-1.0, -5.0)


def test_a_fid_is_never_tabled_as_a_classifier_s_distance() -> None:
    def record(metric: str, name: str, value: float) -> dict[str, object]:
        return {"metric": metric, "name": name, "value": value, "precision": 0.5, "recall": 0.25}

    ours = record("classifier_frechet_distance", "best on validation", 3.0)
    others = [record("fid", "best on validation", 88.0), record("classifier_frechet_distance", "last step", 7.0)]
    lines = [{"name": "best on validation", "value": 6.5}, {"name": "last step", "value": 6.6}]
    assert figures_of({"run": "a", "lines": lines, "distances": [*others, ours]}) == [6.5, 3.0, 0.5, 0.25]
    with pytest.raises(ValueError, match=r"a has no Fréchet distance .* --bench\.classifier"):
        figures_of({"run": "a", "lines": lines, "distances": others})
