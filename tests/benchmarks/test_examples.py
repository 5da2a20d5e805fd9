"""The one line in loops of other people: each example is short, learns, and ends on clean data."""

import runpy
from pathlib import Path

import torch
from torch.distributions import Normal

from robustmoll.evaluate.densities.gaussian import gaussian_nll

EXAMPLES = Path(__file__).parents[2] / "benchmarks" / "examples"


def test_the_examples_are_short_and_have_one_line_more_than_a_plain_loop() -> None:
    paths = sorted(EXAMPLES.glob("*.py"))
    assert [path.stem for path in paths] == ["normflows_loop", "plain_vae", "zuko_flow"]
    for path in paths:
        text = path.read_text()
        assert len(text.splitlines()) <= 25 and text.count("# the one line") == 1 and text.count("anneal(") == 1


def test_a_zuko_flow_beats_the_gaussian() -> None:
    left = runpy.run_path(str(EXAMPLES / "zuko_flow.py"))
    gaussian = gaussian_nll(left["train"], left["test"])
    assert gaussian is not None and left["log_likelihood"] > 0.3 - gaussian.mean()
    assert torch.equal(left["anneal"](left["test"], left["step"]), left["test"])


def test_a_flow_of_forward_kld_learns() -> None:
    left = runpy.run_path(str(EXAMPLES / "normflows_loop.py"))
    rows = left["rows"]
    independent = Normal(rows[:135].mean(0), rows[:135].std(0)).log_prob(rows[135:]).sum(1).mean()
    assert left["log_likelihood"] > 0.5 + independent


def test_a_plain_vae_beats_the_mean_image() -> None:
    left = runpy.run_path(str(EXAMPLES / "plain_vae.py"))
    images = left["images"]
    assert left["bound"] > 40 + Normal(images.mean(0), 0.3).log_prob(images).sum((1, 2, 3)).mean()
