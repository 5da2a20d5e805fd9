"""Fitting label schedules: the fixed point, what is measured, and the command."""

from pathlib import Path

import pytest
import torch
import yaml

from robustmoll.cli import main
from robustmoll.evaluate.classifiers.fitted_labels import Level, fit_gamma, fitted_roles, measure_levels
from robustmoll.labels import smooth
from robustmoll.mollify import Draw, Mollify
from robustmoll.schedules import FittedLabel
from robustmoll.seeds import seed_at
from robustmoll.tasks import Classifier
from tests.tiny_data import FewDigits

FLAGS = ["--data", "tests.tiny_data.FewDigits", "--epochs", "1", "--batch_size", "32"]
BENCH = ["--bench.corruptions", "[contrast]", "--bench.severities", "[1]"]


def level(t: float, accuracy: float, confidence: float, gamma: float) -> Level:
    return Level("noise", t, 1000, accuracy, confidence, gamma)


@pytest.mark.parametrize(("gamma", "wanted"), [(0.3, 0.1), (0.0, 0.2), (0.5, 0.5)])
def test_a_network_that_learns_what_it_is_told_becomes_calibrated(gamma: float, wanted: float) -> None:
    """It is p sure with sharp labels; told `gamma` it shows (1 - gamma) p + gamma / K."""
    sharp = torch.tensor([[0.9, *[0.1 / 9] * 9]])
    shown, right = (float(smooth(sharp, torch.tensor([g])).max()) for g in (gamma, wanted))
    assert fit_gamma([level(0.5, right, shown, gamma)], 10) == [pytest.approx(wanted, abs=1e-4)]


def test_gamma_rises_and_stays_within_bounds() -> None:
    levels = [level(0.1, 0.9, 0.8, 0.1), level(0.2, 0.5, 0.9, 0), level(0.3, 0.7, 0.9, 0), level(0.4, 0.05, 0.1, 0.9)]
    gamma = fit_gamma(levels, 10)
    assert gamma == sorted(gamma) and gamma[0] == 0 and gamma[1] == gamma[2] and gamma[-1] == 0.9


def tiny() -> Classifier:
    torch.manual_seed(0)
    return Classifier(torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(256, 10)), [0.4], [0.3], 10)


def test_levels_are_what_the_network_makes_of_mollified_images_at_any_batch_size() -> None:
    _, images = FewDigits().load()
    mollify, classifier = Mollify(10, probabilities={"noise": 1, "clean": 1, "pure_noise": 1}), tiny()
    assert fitted_roles(mollify) == ["noise"]
    found = measure_levels(classifier, mollify, images, [0.5, 1.0], seed=3, batch_size=7)
    assert [(level.role, level.t, level.n) for level in found] == [("noise", 0.5, 40), ("noise", 1.0, 40)]
    whole = measure_levels(classifier, mollify, images, [0.5, 1.0], seed=3, batch_size=40)
    for one, other in zip(found, whole, strict=True):
        assert one[3:] == pytest.approx(other[3:], abs=1e-6)
    draw = Draw(torch.ones(40, dtype=torch.long), torch.full((40,), 0.5), seed_at(3, "levels", "noise", "0.5"))
    x_t, _ = mollify.apply(classifier.standardise(images.images), images.labels, draw)
    confidence, answers = classifier.backbone(x_t).softmax(1).max(1)
    assert found[0].accuracy == int((answers == images.labels).sum()) / 40
    assert found[0].confidence == pytest.approx(float(confidence.mean()), abs=1e-6)
    assert found[0].gamma == pytest.approx(0.5) and found[1].gamma == 1


def test_one_look_at_each_image_is_enough_however_often_a_training_repeats_it() -> None:
    _, images = FewDigits().load()
    once, repeated = (
        measure_levels(tiny(), Mollify(10, repeats=repeats), images, [0.3, 0.9], batch_size=11) for repeats in (1, 3)
    )
    assert repeated == once and once[0].n == 40


def test_the_command_writes_a_config_of_the_next_training(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pilot, fitted = tmp_path / "pilot", tmp_path / "fitted"
    blur = "--mollify.degradations.blur={class_path: GaussianBlur, init_args: {schedule: {class_path: LogBlur}}}"
    pilot_flags = [blur, "--validation", "0.3", "--mollify.policy", "degrade", "--run", str(pilot)]
    assert main(["train", *FLAGS, *BENCH, *pilot_flags]) == 0
    capsys.readouterr()
    assert main(["fit-labels", str(pilot), "--times", "[0.5, 1]"]) == 0
    assert "fitted gamma" in capsys.readouterr().out
    parts = yaml.safe_load((pilot / "fitted-labels.yaml").read_text())["mollify"]["degradations"]
    assert parts["blur"]["class_path"].endswith("GaussianBlur") and "schedule" in parts["blur"]["init_args"]
    for part in parts.values():
        assert FittedLabel(**part["init_args"]["label"]["init_args"]).t == [0.5, 1.0]
    config = ["--config", str(pilot / "config.yaml"), "--config", str(pilot / "fitted-labels.yaml")]
    assert main(["train", *config, "--run", str(fitted)]) == 0
    mollify = yaml.safe_load((fitted / "config.yaml").read_text())["mollify"]
    assert str(mollify).count("FittedLabel") == 2 and mollify["policy"] == "smooth", "what gamma was fitted for"


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ([], "--validation 0.1"),
        (["--validation", "0.3", "--mollify.probabilities", "{clean: 1}"], "no role with a label schedule"),
        (["--validation", "0.3", "--mollify.policy", "sink"], "'sink'"),
    ],
)
def test_what_cannot_be_fitted_is_one_line(
    flags: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", *FLAGS, *BENCH, *flags, "--run", str(tmp_path)]) == 0
    capsys.readouterr()
    assert main(["fit-labels", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1


def test_knots_outside_the_range_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fit-labels", str(tmp_path), "--times", "[0, 0.5]"]) == 2
    assert "(0, 1]" in capsys.readouterr().err
