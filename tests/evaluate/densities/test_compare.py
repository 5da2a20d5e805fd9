"""Comparisons of likelihood models: differences are paired, what does not compare is refused."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch

from robustmoll.evaluate.densities.compare import DensityComparison, compare_densities
from robustmoll.evaluate.densities.report import write_density_comparison
from robustmoll.evaluate.densities.summary import Line
from robustmoll.evaluate.densities.tables import density_caption, density_comparison_rows
from robustmoll.evaluate.text import markdown_table
from tests.evaluate.tiny_summaries import distance_of, summary_of

N = 400


def as_text(comparison: DensityComparison) -> str:
    return f"{markdown_table(density_comparison_rows(comparison))}\n{density_caption(comparison)}"


def values(seed: int) -> torch.Tensor:
    return torch.randn(N, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def write_run(run: Path, figures: torch.Tensor, /, **others: Any) -> Path:  # noqa: ANN401 (whatever a summary holds)
    """Writes what `measure_run` does."""
    summary = summary_of(float(figures.mean()), **{"run": run.name, "n_test": len(figures)} | others)
    (run / "density").mkdir(parents=True)
    (run / "density" / "summary.json").write_text(json.dumps(asdict(summary)))
    safetensors.torch.save_file({"last step": figures.float()}, run / "density" / "test.safetensors")
    (run / "metrics.csv").write_text("epoch,step,validation_nll,validation_nll_bound\n1,3,5.0,5.0\n2,6,4.0,4.5\n")
    return run


def test_differences_and_intervals_are_those_of_paired_examples(tmp_path: Path) -> None:
    a, noise = values(0), values(1)
    runs = [write_run(tmp_path / "a", a), write_run(tmp_path / "b", a + 0.1 * noise), write_run(tmp_path / "c", a + 2)]
    found = compare_densities(runs, resamples=4000)
    one, other, shifted = found.groups
    assert [group.label for group in found.groups] == ["a", "b", "c"]
    assert (one.difference, one.low, one.high) == (0, 0, 0)
    assert other.values == pytest.approx(float((a + 0.1 * noise).mean()))
    assert other.difference == pytest.approx(0.1 * float(noise.mean()), abs=1e-6)
    half = 1.96 * 0.1 * float(noise.std()) / N**0.5  # of the differences: that of the values is 14 times as wide
    assert other.low == pytest.approx(other.difference - half, abs=0.1 * half)
    assert other.high == pytest.approx(other.difference + half, abs=0.1 * half)
    assert (shifted.difference, shifted.low, shifted.high) == pytest.approx((2, 2, 2), abs=1e-6)
    again = compare_densities(runs, resamples=4000).groups[1]
    assert (again.low, again.high) == (other.low, other.high)
    assert compare_densities(runs, resamples=4000, seed=1).groups[1].low != other.low


def test_seeds_make_one_group_of_mean_and_deviation(tmp_path: Path) -> None:
    for name, shift in (("maf-0", 0.0), ("maf-1", 2.0), ("nsf-0", 4.0)):
        write_run(tmp_path / name, values(0) + shift)
    found = compare_densities([f"{tmp_path}/maf-0,{tmp_path}/maf-1", tmp_path / "nsf-0"])
    assert [group.label for group in found.groups] == ["maf", "nsf-0"] and found.groups[0].values.shape == (2,)
    assert found.groups[1].difference == pytest.approx(3, abs=1e-6)
    text = as_text(found)
    assert "± 1.414" in text and "+3.000 (+3.000, +3.000)" in text and "over 1 or 2 runs" in text


def test_a_bound_is_named_as_one(tmp_path: Path) -> None:
    bound = {"figure": "log_likelihood_bound", "nll_name": "nll_bound", "samples": 64}
    runs = [write_run(tmp_path / "flow", values(0)), write_run(tmp_path / "vae", values(1), **bound)]
    found = compare_densities(runs)
    _, rows = density_comparison_rows(found)
    assert [row[:2] for row in rows] == [
        ["log-likelihood in nats ↑", "flow"],
        ["lower bound of the log-likelihood in nats ↑", "vae"],
    ]
    assert "A bound has 64 latent variables" in as_text(found)
    page = write_density_comparison(tmp_path / "pages" / "both.html", found).read_text()
    assert "lower bound" in page and "data:image/svg" in page


def test_runs_without_a_finished_epoch_have_no_curve(tmp_path: Path) -> None:
    runs = [write_run(tmp_path / name, values(0)) for name in "ab"]
    for run, curves in zip(runs, (1, 0), strict=True):
        (run / "metrics.csv").unlink()
        page = write_density_comparison(tmp_path / "both.html", compare_densities(runs)).read_text()
        assert "log-likelihood" in page and page.count("data:image/svg") == curves


def test_distances_stand_beside_each_other_only_in_the_same_features(tmp_path: Path) -> None:
    one = write_run(tmp_path / "a", values(0), distances=[distance_of(3.0)])
    other = write_run(tmp_path / "b", values(1), distances=[distance_of(2.0)])
    third = write_run(tmp_path / "c", values(1), distances=[distance_of(1.0, sha256="cd")])
    _, rows = density_comparison_rows(compare_densities([one, other]))
    assert rows[2:4] == [["FID ↓", "a", "3.000", ""], ["", "b", "2.000", "-1.000"]]
    found = compare_densities([one, other, third])
    assert found.distances == [] and found.left_out == ["fid"]
    assert "Left out: FID" in as_text(found) and len(density_comparison_rows(found)[1]) == 3


MISTAKES = [
    ({"dataset": "wine"}, "b and .*a do not compare: dataset 'wine' against 'moons'"),
    ({"data": "cd"}, "do not compare: test data '400 rows, fingerprint cd' against '400 rows, fingerprint ab'"),
    ({"figure": "bits_per_dim", "nll_name": "bits_per_dim"}, "figure 'bits_per_dim' against 'log_likelihood'"),
    ({"lines": [Line("last step", None, None, 9)]}, "b has no mean to compare: some of its likelihoods are infin"),
]


@pytest.mark.parametrize(("others", "message"), MISTAKES)
def test_runs_that_do_not_compare(others: dict[str, Any], message: str, tmp_path: Path) -> None:
    runs = [write_run(tmp_path / "a", values(0)), write_run(tmp_path / "b", values(0), **others)]
    with pytest.raises(ValueError, match=message):
        compare_densities(runs)


def test_runs_that_were_not_measured_or_are_damaged(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"no measurement in .*; make it with `robustmoll bench"):
        compare_densities([tmp_path])
    run = write_run(tmp_path / "a", values(0))
    (run / "density" / "test.safetensors").write_bytes(b"no")
    with pytest.raises(ValueError, match=r"is damaged .* measure again with"):
        compare_densities([run])
    for part in ('"lines"', '"step"'):
        other = write_run(tmp_path / part, values(0)) / "density" / "summary.json"
        other.write_text(other.read_text().replace(part, '"no"'))
        with pytest.raises(ValueError, match=r"summary.json is damaged \(.*\); measure again with"):
            compare_densities([other.parents[1]])


def test_a_folder_may_have_a_comma_in_its_name(tmp_path: Path) -> None:
    runs = [write_run(tmp_path / name, values(0)) for name in ("lr=0.1,wd=1", "b")]
    assert [group.label for group in compare_densities(runs).groups] == ["lr=0.1,wd=1", "b"]


def test_one_run_alone_is_a_table_too(tmp_path: Path) -> None:
    found = compare_densities([write_run(tmp_path / "a", values(0))])
    header, rows = density_comparison_rows(found)
    assert len(header) == len(rows[0]) == 3 and np.isfinite(found.groups[0].values).all()
