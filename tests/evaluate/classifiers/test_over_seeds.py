"""Tables over seeds: means, deviations, and differences seed by seed."""

from pathlib import Path

import pytest

from robustmoll.evaluate.classifiers.cells import Cell
from robustmoll.evaluate.classifiers.over_seeds import differences_table, seeds_table
from robustmoll.evaluate.classifiers.results import Results
from tests.evaluate.tiny_bench import write_bench

Study = dict[str, dict[int, list[Cell]]]


@pytest.fixture
def study(tmp_path: Path) -> Study:
    """Two configurations, three seeds of one and two of the other."""
    skills = {("plain", 0): 1.0, ("plain", 1): 1.2, ("plain", 2): 5.0, ("moll", 0): 1.5, ("moll", 1): 1.9}
    cells: Study = {"plain": {}, "moll": {}}
    for (name, seed), skill in skills.items():
        cells[name][seed] = Results(write_bench(tmp_path / f"{name}-{seed}", skill, draw=seed)).cells()
    return cells


def clean_errors(study: Study, name: str) -> list[float]:
    return [100 * next(cell.error for cell in cells if cell.name == "clean") for cells in study[name].values()]


def test_a_row_is_mean_and_standard_deviation_over_seeds(study: Study) -> None:
    a, b = clean_errors(study, "moll")
    row = seeds_table({name: list(runs.values()) for name, runs in study.items()}).splitlines()[3]
    assert "moll (2 seeds)" in row and f"{(a + b) / 2:.2f} ± {abs(a - b) / 2**0.5:.2f}" in row


def test_differences_are_of_the_seeds_that_both_have(study: Study) -> None:
    one, other = clean_errors(study, "moll"), clean_errors(study, "plain")[:2]
    a, b = (x - y for x, y in zip(one, other, strict=True))
    row = differences_table(study, [("moll", "plain")]).splitlines()[2]
    assert "moll minus plain (2 seeds)" in row and f"{(a + b) / 2:+.2f} ± {abs(a - b) / 2**0.5:.2f}" in row
    assert differences_table(study, [("moll", "moll")]).count("+0.00 ± 0.00") > 3


def test_a_pair_that_is_no_pair_is_told(study: Study) -> None:
    with pytest.raises(ValueError, match="unknown configuration 'mol'; did you mean 'moll'"):
        differences_table(study, [("mol", "plain")])
    with pytest.raises(ValueError, match="no seed in common"):
        differences_table(study | {"other": {9: study["plain"][0]}}, [("other", "plain")])
