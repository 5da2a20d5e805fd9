"""How far a likelihood model's images are from real ones: in which features, from how many images."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import torch
from torch import Generator, Tensor

from robustmoll.data.examples import Examples
from robustmoll.data.images import subset
from robustmoll.data.pixels import Pixels
from robustmoll.evaluate.densities.features import Extractor, classifier_features, inception_features
from robustmoll.evaluate.densities.frechet import frechet_record, precision_recall
from robustmoll.evaluate.densities.summary import Distance
from robustmoll.progress import ProgressBar
from robustmoll.tasks import Likelihood

__all__ = ["NEIGHBOUR", "check_distances", "generate", "measure_distances"]

DOWNLOAD = "download"  # in place of a file of Inception weights
PIECE = 256  # images that are drawn at a time, always: how features are batched then changes none of them
NEIGHBOUR = 3  # of precision and recall


def check_distances(test: Examples, classifier: str | None, inception: str | None, generated: int) -> None:
    """Refuses, before a training, what could not be measured after it.

    Args:
        test: The test data.
        classifier: See `measure_run`, like the other two.
        inception: Weights are looked for, and downloaded if that is asked for.
        generated: Number of images.

    Raises:
        ValueError: If the data are a table or fewer, or a network is not there or not for such images.
    """
    if not (classifier or inception):
        return
    if not isinstance(test.domain, Pixels):
        raise ValueError(
            f"{test.name} is a table, and bench.classifier and bench.inception are for images: leave them out"
        )
    if not NEIGHBOUR < (generated or len(test)) <= len(test):
        raise ValueError(
            f"distances need {NEIGHBOUR + 1}..{len(test)} generated images, as many as test images beside them, got"
            f" bench.generated={generated}; 0 takes all {len(test)}"
        )
    for extractor in _extractors(classifier, inception).values():
        extractor.check(test.inputs)


def measure_distances(
    models: Mapping[str, tuple[int, Likelihood]],
    test: Examples,
    classifier: str | None,
    inception: str | None,
    generated: int = 0,
    seed: int = 0,
    batch_size: int = 64,
) -> list[Distance]:
    """Measures how far the images of some models are from test images.

    Args:
        models: By what they are called: step and model, in eval mode, on the CPU.
        test: Images.
        classifier: See `measure_run`, like the next two.
        inception: Weights.
        generated: Number of images.
        seed: Of the generated images, and of the choice of the test images.
        batch_size: Images at a time, in the network of the features.

    Returns:
        One for each metric and model.

    Raises:
        ValueError: See `check_distances`.

    Warns:
        UserWarning: If these are too few images.
    """
    check_distances(test, classifier, inception, generated)
    networks = _extractors(classifier, inception)
    if not networks:
        return []
    n = generated or len(test)
    real = subset(test.inputs, _choose(len(test), n, seed))
    made = {step: generate(model, n, seed) for step, model in dict(models.values()).items()}
    found: list[Distance] = []
    for metric, extractor in networks.items():
        a = extractor(real, batch_size, _device())
        far = {
            step: _far(metric, extractor, a, extractor(images, batch_size, _device())) for step, images in made.items()
        }
        found += [Distance(name=label, step=step, seed=seed, **far[step]) for label, (step, _) in models.items()]
    return found


def generate(model: Likelihood, n: int, seed: int) -> Tensor:
    """Draws images, uint8, shape (n, C, H, W); of the same seed the first ones are the same, however many follow."""
    generator, pieces = Generator().manual_seed(seed), []
    with torch.inference_mode(), ProgressBar(n) as bar:
        for start in range(0, n, PIECE):
            pieces.append(model.sample(PIECE, generator)[: n - start])
            bar.advance(len(pieces[-1]), "samples")
    return torch.cat(pieces)


def _far(metric: str, extractor: Extractor, real: Tensor, generated: Tensor) -> dict[str, Any]:
    record = frechet_record(metric, extractor, real, generated)
    return asdict(record) | precision_recall(real, generated, NEIGHBOUR)._asdict()


def _extractors(classifier: str | None, inception: str | None) -> dict[str, Extractor]:
    networks = {}
    if classifier:
        networks["classifier_frechet_distance"] = classifier_features(classifier, _device())
    if inception:
        networks["fid"] = inception_features(None if inception == DOWNLOAD else inception, _device())
    return networks


def _choose(n: int, k: int, seed: int) -> Tensor:
    """Which k of n test images: of all classes, as files may come class by class."""
    return torch.randperm(n, generator=Generator().manual_seed(seed))[:k].sort().values


def _device() -> torch.device:
    found = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
    return found or torch.device("cpu")
