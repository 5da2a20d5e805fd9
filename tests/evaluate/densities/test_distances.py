"""Distances of a likelihood model's images: which images, in which features, and what is told of them."""

import math
from pathlib import Path

import pytest
import torch
from torch import Generator, Tensor

from robustmoll import Mollify
from robustmoll.data.examples import Examples
from robustmoll.data.tables import EmbeddedTable
from robustmoll.evaluate.densities.distances import check_distances, generate, measure_distances
from robustmoll.evaluate.densities.features import classifier_features
from robustmoll.evaluate.densities.frechet import frechet_record
from robustmoll.evaluate.densities.over_seeds import density_seeds_rows
from robustmoll.evaluate.densities.summary import DensitySummary, Line, shared_distances
from robustmoll.evaluate.densities.text import distance_sections
from robustmoll.tasks import Classify, Likelihood, ModelArgs
from robustmoll.training import Trainer
from tests.evaluate.tiny_summaries import distance_of, summary_of
from tests.tiny_data import FewDigits
from tests.tiny_densities import DiagonalGaussian

pytestmark = pytest.mark.filterwarnings("ignore:classifier_frechet_distance from")
TEST = FewDigits(test=30, size=24).load()[1]


class Memory(DiagonalGaussian):
    """Draws the test images, one after the other: no model is better at that."""

    def sample(self, n: int, generator: Generator | None = None, temperature: float = 1.0) -> Tensor:
        return TEST.domain.enter(TEST.images[torch.arange(n) % len(TEST)])


class Layers(DiagonalGaussian):
    """Draws one layer of latent variables for all images, then another, as a hierarchy does."""

    def sample(self, n: int, generator: Generator | None = None, temperature: float = 1.0) -> Tensor:
        return super().sample(n, generator, temperature) + super().sample(n, generator, temperature)


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> str:
    run = str(tmp_path_factory.mktemp("run") / "digits")
    Trainer(FewDigits(size=24), Classify(ModelArgs("digits_cnn"), Mollify(10)), run, epochs=1, batch_size=32).fit()
    return run


def gaussian() -> Likelihood:
    torch.manual_seed(0)
    return Likelihood(DiagonalGaussian(TEST.domain.shape), TEST.domain).eval()


def test_generated_images_depend_on_the_seed_alone() -> None:
    model = Likelihood(Layers(TEST.domain.shape), TEST.domain).eval()
    images = generate(model, 300, seed=0)
    assert images.dtype == torch.uint8 and images.shape == (300, 1, 24, 24)
    assert torch.equal(generate(model, 5, seed=0), images[:5]) and not torch.equal(generate(model, 5, 1), images[:5])


def test_the_distance_is_that_of_the_function_whatever_the_batch(classifier: str) -> None:
    model = gaussian()
    (found,) = measure_distances({"last step": (7, model)}, TEST, classifier, None, seed=3)
    features = classifier_features(classifier)
    expected = frechet_record(
        "classifier_frechet_distance", features, features(TEST.images), features(generate(model, 30, 3))
    )
    assert found.value == pytest.approx(expected.value, rel=1e-9)
    assert (found.sha256, found.metric, found.step) == (expected.sha256, expected.metric, 7)
    (again,) = measure_distances({"last step": (7, model)}, TEST, classifier, None, seed=3, batch_size=7)
    assert again.value == pytest.approx(found.value, rel=1e-5)
    (other,) = measure_distances({"last step": (7, model)}, TEST, classifier, None, seed=4)
    assert other.value != pytest.approx(found.value, rel=1e-5)


def test_a_model_that_draws_the_test_images_is_at_no_distance(classifier: str) -> None:
    models = {"best": (3, gaussian()), "last": (9, Likelihood(Memory(TEST.domain.shape), TEST.domain).eval())}
    best, last = measure_distances(models, TEST, classifier, None)
    assert last.value == pytest.approx(0, abs=1e-4) and (last.precision, last.recall) == (1, 1)
    assert best.value > 0.1 and (best.name, last.name) == ("best", "last")


def test_test_images_are_of_all_parts_of_the_set_and_as_many_as_generated_ones(
    classifier: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = []

    def kept(images: Tensor, rows: Tensor) -> Tensor:
        chosen.append(rows)
        return images[rows]

    monkeypatch.setattr("robustmoll.evaluate.densities.distances.subset", kept)
    with pytest.warns(UserWarning, match="from 12 real and 12 generated images is biased upwards: 12 are too few"):
        (found,) = measure_distances({"last step": (1, gaussian())}, TEST, classifier, None, generated=12)
    assert found.real == found.generated == 12 == len(chosen[0].unique())
    assert chosen[0].min() < 10 and chosen[0].max() >= 20, "files may come class by class"


MISTAKES: list[tuple[Examples, int, str]] = [
    (EmbeddedTable("iris").load()[1], 0, "is a table, and bench.classifier and bench.inception are for images"),
    (TEST, 31, "distances need 4..30 generated images, .* got bench.generated=31; 0 takes all 30"),
    (TEST, 3, "got bench.generated=3"),
    (FewDigits(size=16).load()[1], 0, r"trained on images of shape \(1, 24, 24\), but these have \(1, 16, 16\)"),
]


@pytest.mark.parametrize(("test", "generated", "message"), MISTAKES)
def test_mistakes(test: Examples, generated: int, message: str, classifier: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_distances(test, classifier, None, generated)
    check_distances(test, None, None, generated)  # nothing is asked for


def test_only_distances_of_one_setting_are_shared() -> None:
    fid, ours = distance_of(), distance_of(metric="classifier_frechet_distance")
    both, one, none = summary_of(distances=[fid, ours]), summary_of(distances=[fid]), summary_of()
    assert shared_distances([both, both]) == ["classifier_frechet_distance", "fid"]
    assert shared_distances([both, one]) == ["fid"] and shared_distances([both, none]) == []
    assert shared_distances([none, none]) == []
    for name, value in (("sha256", "cd"), ("resize", "bilinear"), ("generated", 10), ("real", 10), ("seed", 1)):
        assert shared_distances([one, summary_of(distances=[distance_of(**{name: value})])]) == []


def test_each_distance_has_a_table_of_its_own() -> None:
    distances = [distance_of(3.0), distance_of(5.0, metric="classifier_frechet_distance")]
    ours, fid = distance_sections(summary_of(distances=distances))
    assert (ours[0], fid[0]) == ("Fréchet distance (classifier features)", "FID")
    assert fid[2].rows == [["last step", "3.000", "0.500", "0.250", "7"]] and ours[2].rows[0][1] == "5.000"
    for told in ("9 generated images (seed 0)", "9 test images", "8 features of a net", "resize: none", "weights ab"):
        assert told in fid[1]
    assert distance_sections(summary_of()) == []


def test_a_sweep_s_table_has_a_column_for_a_shared_distance() -> None:
    def summary(value: float, **others: object) -> DensitySummary:
        distances = [distance_of(value, **others)]
        return summary_of(1.0 if value < 4 else None, nll_name="bits_per_dim", distances=distances)

    header, rows = density_seeds_rows({"a": [summary(1.0), summary(3.0)], "b": [summary(4.0)]})
    assert header[-1] == "FID ↓" and [row[-1] for row in rows] == [f"2.000 ± {math.sqrt(2):.3f}", "4.000"]
    assert [row[2] for row in rows] == ["1.000 ± 0.000", "-"], "an infinite mean is none"
    header, rows = density_seeds_rows({"a": [summary(1.0), summary(3.0)], "b": [summary(4.0, sha256="cd")]})
    assert header[-1] == "bits/dim ↓" and len(rows[0]) == 3


def test_each_checkpoint_has_its_own_distance_and_the_gaussian_neither_that_nor_a_deviation() -> None:
    lines = [Line("best", 1.0, 0.1, 3), Line("last", 2.0, 0.1, 9), Line("Gaussian", 3.0, 0.1)]
    summary = summary_of(lines=lines, distances=[distance_of(4.0, name="best"), distance_of(5.0, name="last")])
    _, rows = density_seeds_rows({"a": [summary, summary]})
    assert [row[1:] for row in rows] == [
        ["best", "1.000 ± 0.000", "4.000 ± 0.000"],
        ["last", "2.000 ± 0.000", "5.000 ± 0.000"],
        ["Gaussian", "3.000", ""],
    ]


def test_nothing_is_measured_unless_it_is_asked_for(tmp_path: Path) -> None:
    assert measure_distances({"last step": (1, gaussian())}, TEST, None, None) == []
    with pytest.raises(ValueError, match="put the Inception weights there"):
        check_distances(TEST, None, str(tmp_path / "none.pth"), 0)
