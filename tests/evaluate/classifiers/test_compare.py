"""Comparisons: the fast bootstrap equals the slow one, and pairs what belongs together."""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import scipy.stats
from numpy.typing import NDArray
from rich.console import Console

from robustmoll.cli import main
from robustmoll.evaluate.bootstrap import resample, resampled_figures
from robustmoll.evaluate.classifiers.compare import COMPARED_FIGURES, Comparison, compare
from robustmoll.evaluate.classifiers.report import write_comparison
from robustmoll.evaluate.classifiers.results import Results, find_bench
from robustmoll.evaluate.classifiers.tables import comparison_rows, comparison_table
from robustmoll.evaluate.densities.compare import compare_densities
from robustmoll.evaluate.metrics import Judged, Outcomes, measure
from tests.evaluate.tiny_bench import CELLS, IMAGES, predictions, write_bench


def part_means(folder: Path) -> NDArray[np.float64]:
    """All figures, clean and corrupted, from cells.csv; the extra corruption is in no mean."""
    cells = Results(folder).cells()
    parts = [cells[:1], cells[1:4]]
    return np.array([[np.mean([getattr(c, f) for c in part]) for f in COMPARED_FIGURES] for part in parts])


def test_resamples_are_counts_of_draws_with_replacement() -> None:
    counts = resample(IMAGES, 300, seed=0)
    assert (counts.sum(1) == IMAGES).all()
    expected = scipy.stats.binom(IMAGES, 1 / IMAGES).pmf(np.arange(5))
    np.testing.assert_allclose(np.bincount(counts.ravel(), minlength=5)[:5] / counts.size, expected, atol=0.005)
    assert (resample(IMAGES, 300, seed=0) == counts).all() and (resample(IMAGES, 300, seed=1) != counts).any()


def test_fast_bootstrap_equals_measuring_each_resample() -> None:
    cells = [predictions(skill, draw) for draw, skill in enumerate((1.5, 0.5, 0.0))]
    counts = resample(IMAGES, 250, seed=0)
    fast = resampled_figures(cells, counts)
    for row, found in zip(counts[::25], fast[::25], strict=True):
        drawn = np.repeat(np.arange(IMAGES), row)
        slow = [measure(Judged(Outcomes(*(values[drawn] for values in cell)), None)) for cell in cells]
        expected = [np.mean([figures[name] for figures in slow]) for name in ("error", "nll", "ece")]
        np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_values_and_differences_are_those_of_the_tables(tmp_path: Path) -> None:
    folders = [write_bench(tmp_path / f"run-{i}", skill=1 + i / 4, draw=i) for i in range(3)]
    found = compare(folders, resamples=200)
    for group, folder in zip(found.groups, folders, strict=True):
        np.testing.assert_allclose(group.values, part_means(folder)[None], rtol=1e-12)
        np.testing.assert_allclose(group.difference, part_means(folder) - part_means(folders[0]), atol=1e-12)
    assert (found.groups[0].low == 0).all() and (found.groups[0].high == 0).all()
    assert found.cells == ["gaussian_noise 1", "gaussian_noise 5", "frost (procedural) 3"]
    assert [group.label for group in found.groups] == ["run-0", "run-1", "run-2"]


def test_interval_is_that_of_paired_differences(tmp_path: Path) -> None:
    one, other = write_bench(tmp_path / "a", 1.0), write_bench(tmp_path / "b", 1.2, draw=1)
    group = compare([one, other], resamples=2000).groups[1]
    a, b = (Results(folder).judged(Results(folder).cells()[0]).raw for folder in (one, other))
    width = (group.high - group.low)[0] / (2 * 1.96)
    for column, differences in enumerate([1.0 * a.correct - b.correct, b.nll - a.nll]):
        paired = np.std(differences) / np.sqrt(IMAGES)
        assert width[column] == pytest.approx(paired, rel=0.1)
    unpaired = np.sqrt((np.var(a.correct) + np.var(b.correct)) / IMAGES)
    assert width[0] < 0.8 * unpaired  # pairing must show, or this data would test nothing


def test_run_does_not_differ_from_itself(tmp_path: Path) -> None:
    folder = write_bench(tmp_path / "a", 1.0)
    group = compare([folder, folder], resamples=50).groups[1]
    assert not group.difference.any() and not group.low.any() and not group.high.any()


def test_seeds_of_one_configuration_make_a_group(tmp_path: Path) -> None:
    plain = [write_bench(tmp_path / f"plain-{i}", 1.0, draw=i) for i in range(3)]
    other = [write_bench(tmp_path / f"moll-{i}", 1.5, draw=5 + i) for i in range(2)]
    found = compare([",".join(map(str, group)) for group in (plain, other)], resamples=100)
    assert [group.label for group in found.groups] == ["plain", "moll"]
    values = [np.stack([part_means(folder) for folder in group]) for group in (plain, other)]
    np.testing.assert_allclose(found.groups[0].values, values[0], rtol=1e-12)
    np.testing.assert_allclose(found.groups[1].difference, values[1].mean(0) - values[0].mean(0), atol=1e-12)
    error = 100 * values[0][:, 0, 0]
    assert f"{error.mean():.2f} ± {error.std(ddof=1):.2f}" in printed(found)


def test_same_seed_same_intervals(tmp_path: Path) -> None:
    folders = [write_bench(tmp_path / name, skill) for name, skill in (("a", 1.0), ("b", 1.3))]
    one, same, other = (compare(folders, resamples=100, seed=seed).groups[1].low for seed in (0, 0, 1))
    assert (one == same).all() and (one != other).any()


def test_cells_that_some_run_lacks_are_left_out_and_named(tmp_path: Path) -> None:
    one = write_bench(tmp_path / "a", 1.0)
    renamed = [("frost" if name.startswith("frost") else name, s) for name, s in CELLS if s != 5]
    found = compare([one, write_bench(tmp_path / "b", 1.3, cells=renamed)], resamples=20)
    assert found.cells == ["gaussian_noise 1"]
    assert found.left_out == ["gaussian_noise 5", "frost (procedural) 3", "frost 3"]
    assert "Left out, as not all runs have them: gaussian_noise 5, frost (proc" in printed(found)


def test_the_terminal_shows_the_figures(tmp_path: Path) -> None:
    folders = [write_bench(tmp_path / name, skill) for name, skill in (("plain", 1.0), ("mollified", 1.3))]
    found = compare(folders, resamples=100)
    text = printed(found)
    group = found.groups[1]
    difference, low, high = (100 * part[1, 0] for part in (group.difference, group.low, group.high))
    for expected in (f"{difference:+.2f} ({low:+.2f}, {high:+.2f})", "corrupted error % ↓", "minus plain"):
        assert expected in text
    assert text.count("│ plain ") == text.count("│ mollified ") == 10 and "clean ECE %, T ↓" in text


def test_any_number_of_runs_compares(tmp_path: Path) -> None:
    folders = [write_bench(tmp_path / f"run-{i}x", 1 + i / 10, draw=i) for i in range(9)]
    found = compare(folders, resamples=20)
    names = [name for _, name, *_ in comparison_rows(found)[1]]
    assert all(names.count(f"run-{i}x") == 10 for i in range(9))
    page = write_comparison(tmp_path / "new" / "compare.html", found).read_text()
    assert page.count("<img") == 2 and page.count("<td>run-8x</td>") == 10
    same_names = [write_bench(tmp_path / place / "run", 1.0) for place in ("here", "there")]
    assert [group.label for group in compare(same_names, resamples=5).groups] == list(map(str, same_names))


def test_runs_without_a_temperature_compare_by_the_rest(tmp_path: Path) -> None:
    with_one, without = write_bench(tmp_path / "a", 1.0), write_bench(tmp_path / "b", 1.3, scaled=False)
    found = compare([with_one, without], resamples=20)
    assert np.isnan(found.groups[1].values[:, :, 3:]).all() and not np.isnan(found.groups[1].values[:, :, :3]).any()
    rows = [row for row in comparison_rows(found)[1] if row[1] == "b"]
    assert len(rows) == 6, "T of one alone is no comparison"
    assert "as none was fitted for b:" in printed(found)
    assert "T ↓" not in printed(compare([without], resamples=5))


def test_models_that_see_other_sizes_of_the_same_images_compare_and_it_is_said(tmp_path: Path) -> None:
    large = write_bench(tmp_path / "b", 1.0, resolution="64x64", images="other")
    found = compare([write_bench(tmp_path / "a", 1.0), large], resamples=5)
    assert "its own size: 32x32, 64x64" in printed(found)


def test_temperatures_of_unlike_fits_are_told(tmp_path: Path) -> None:
    crossed, held_out = (
        write_bench(tmp_path / name, 1.0, temperature=how)
        for name, how in (("a", "cross-fitted"), ("b", "fitted on 1f"))
    )
    assert "T was not fitted alike for all: cross-fitted, fitted on 1f" in printed(
        compare([crossed, held_out], resamples=5)
    )
    assert "fitted" not in printed(compare([crossed, crossed], resamples=5))


def test_a_folder_may_have_a_comma_in_its_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, other = write_bench(tmp_path / "lr=0.1,wd=1", 1.0), write_bench(tmp_path / "b", 1.3)
    assert [group.label for group in compare([one, other], resamples=5).groups] == ["lr=0.1,wd=1", "b"]
    assert main(["compare", str(one), str(other), "--resamples", "5"]) == 0
    assert "lr=0.1,wd=1" in capsys.readouterr().out


@pytest.mark.parametrize("resamples", [0, -1])
def test_an_interval_needs_a_resample(tmp_path: Path, resamples: int) -> None:
    for kind in (compare, compare_densities):
        with pytest.raises(ValueError, match=f"needs at least 1 resample, got {resamples}"):
            kind([write_bench(tmp_path / "a", 1.0)], resamples=resamples)


def printed(comparison: Comparison) -> str:
    out = io.StringIO()
    Console(file=out, width=1000).print(comparison_table(comparison))
    return " ".join(out.getvalue().split())  # without the line breaks of the caption


def test_benchmark_of_a_run_is_found(tmp_path: Path) -> None:
    suite = write_bench(tmp_path / "run" / "bench" / "cifar", 1.0)
    assert find_bench(tmp_path / "run") == suite == find_bench(suite)
    assert compare([tmp_path / "run"], resamples=5).groups[0].label == "run"
    own = write_bench(tmp_path / "run" / "bench" / "corruptions", 1.0)
    assert find_bench(tmp_path / "run") == own, "the run's own images, however many others it was measured on"


@pytest.mark.parametrize(
    "name, value",
    [("images", "2e"), ("labels", "2e"), ("preset", "tiny"), ("mode", "released"), ("seed", 1), ("stage", "source")],
)
def test_unlike_benchmarks_do_not_compare(tmp_path: Path, name: str, value: object) -> None:
    folders = [write_bench(tmp_path / "a", 1.0), write_bench(tmp_path / "b", 1.0, **{name: value})]
    with pytest.raises(ValueError, match=f"do not compare: {name} {value!r} against"):
        compare(folders)


def two_suites(folder: Path) -> Path:
    for suite in ("x", "y"):
        write_bench(folder / "bench" / suite, 1.0)
    return folder


@pytest.mark.parametrize(
    "runs, message",
    [
        (lambda folder: [], "nothing to compare"),
        (lambda folder: [folder], "no benchmark in .*; make one with `robustmoll bench"),
        (lambda folder: [two_suites(folder)], "several benchmarks, name one: .*x, .*y"),
        (
            lambda folder: [write_bench(folder / str(i), 1.0, cells=[CELLS[0], CELLS[i]]) for i in (1, 2)],
            "no corrupted cell in common",
        ),
        (lambda folder: [write_bench(folder / "a", 1.0, cells=CELLS[1:])], "no clean cell"),
    ],
)
def test_mistakes_get_one_clear_line(tmp_path: Path, runs: Callable[[Path], list[Path]], message: str) -> None:
    with pytest.raises(ValueError, match=message) as raised:
        compare(runs(tmp_path), resamples=5)
    assert "\n" not in str(raised.value)
