"""The classifiers that a benchmark can measure: runs, timm's networks by name, from the Hub, from a folder or file."""

import contextlib
import logging
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors.torch
import timm
import torch
from safetensors import SafetensorError
from timm.data import resolve_model_data_config
from timm.models import is_model_pretrained
from torch import Tensor, nn

from robustmoll.checks import reason_of
from robustmoll.data import ImageSet
from robustmoll.evaluate.classifiers.views import View
from robustmoll.models.origin import check_name
from robustmoll.storage import checkpoint
from robustmoll.storage.files import read_object
from robustmoll.tasks import Classifier, load_classifier, load_weights

__all__ = ["Subject", "load_subject", "trained_subject"]

# Files of weights that can hold code.
PICKLES = (".pt", ".pth", ".bin", ".ckpt", ".pkl", ".pickle", ".tar", ".npz")
WAY_OUT = (
    "give a folder with config.json and model.safetensors, as timm's save_pretrained(safe_serialization=True) writes"
)


@dataclass(frozen=True)
class Subject:
    """A classifier and how it wants its images.

    Attributes:
        name: What tables call it.
        model: Float images in [0, 1] at the view's size in, logits out; it standardises by itself.
        view: How images get to its size.
        num_classes: Number of its classes.
        channels: Of its images.
        classes: Their names, in the order of its logits; empty if nobody knows them.
    """

    name: str
    model: Classifier
    view: View
    num_classes: int
    channels: int
    classes: tuple[str, ...] = ()

    def check_fits(self, data: ImageSet) -> None:
        """Refuses images that are not for it.

        Raises:
            ValueError: If they have another number of channels or classes, or its classes in another order.

        Warns:
            UserWarning: If their classes have other names.
        """
        if len(data.classes) != self.num_classes:
            raise ValueError(
                f"{self.name} tells {self.num_classes} classes apart, but {data.name} has {len(data.classes)};"
                " benchmark it on images of its own classes"
            )
        if data.channels != self.channels:
            raise ValueError(
                f"{self.name} takes {self.channels} channels, but the images of {data.name} have {data.channels}"
            )
        self._check_names(data)

    def _check_names(self, data: ImageSet) -> None:
        pairs = enumerate(zip(self.classes, data.classes, strict=False))  # none if its classes have no names
        if other := next(
            (f"class {i} is {mine!r} to it, {its!r} there" for i, (mine, its) in pairs if mine != its), ""
        ):
            said = f"{self.name} has the classes of {data.name}"
            if sorted(self.classes) == sorted(data.classes):
                raise ValueError(f"{said} in another order ({other}); give images whose classes stand in its order")
            warnings.warn(f"{said} under other names ({other}): see that they are the same", stacklevel=3)


def load_subject(name: str, random_classes: int | None = None) -> Subject:
    """Loads a network with its weights; nothing that a file holds can run.

    Args:
        name: A timm name with or without the tag of its weights ("resnet50.a1_in1k"), "hf-hub:owner/name", or a local
            folder ("local-dir:" may stand before it) or .safetensors file with its config.json beside it.
        random_classes: Takes a timm name without its weights, for a trial, with so many classes; the same random ones
            each time.

    Raises:
        ValueError: If there is no such network, its weights cannot be had, or they are pickled.
    """
    path = Path(name.removeprefix("local-dir:")).expanduser()
    if path.suffix.lower() in PICKLES:
        raise ValueError(f"{name} may hold code, and is not opened: {WAY_OUT}")
    if name.startswith("local-dir:") or path.exists():
        return _local(path)
    if random_classes is not None:
        check_name(name)
        return _subject(f"{name} (random weights)", _random(name, random_classes))
    return _subject(name, _pretrained(name))


def trained_subject(name: str, config: dict[str, Any], weights: dict[str, Tensor]) -> Subject:
    """Returns a classifier of ours, by what a checkpoint holds of it.

    Raises:
        ValueError: If config and weights do not belong together.
    """
    channels, height, width = config["pretrained_cfg"]["input_size"]
    classifier = load_classifier(config, weights)
    classes = tuple(config["label_names"])
    return Subject(name, classifier, View((height, width)), len(classes), channels, classes)


def _subject(name: str, network: nn.Module) -> Subject:
    config, classes = resolve_model_data_config(network), int(network.num_classes)  # type: ignore[arg-type]
    classifier = Classifier(network, config["mean"], config["std"], classes)
    return Subject(name, classifier, View.of(config), classes, config["input_size"][0])


def _random(name: str, classes: int) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(0)
        return timm.create_model(name, num_classes=classes)


def _pretrained(name: str) -> nn.Module:
    if not name.startswith("hf-hub:"):
        check_name(name)
        if not is_model_pretrained(name):
            raise ValueError(f"timm has no weights for {name!r}: {WAY_OUT}, or --pretrained false for random ones")
    try:
        with _quiet("huggingface_hub"):
            return timm.create_model(name, pretrained=True)
    except (OSError, RuntimeError) as error:  # all that the Hub, the network and the cache raise
        raise ValueError(
            f"the weights of {name} cannot be had ({reason_of(error)}); without a network, {WAY_OUT}"
        ) from error


def _local(path: Path) -> Subject:
    folder, weights = (path, path / "model.safetensors") if path.is_dir() else (path.parent, path)
    for needed in (folder / "config.json", weights):
        if not needed.exists():
            raise ValueError(f"{needed} is missing: {WAY_OUT}")
    name = folder.resolve().name
    if (folder / "checkpoint.json").exists():  # one of ours
        saved = checkpoint.load(folder)
        return trained_subject(name, saved.config, saved.weights)
    try:
        if config := read_object(folder / "config.json").get("robustmoll"):  # exported
            return trained_subject(name, config, safetensors.torch.load_file(weights))
        subject = _subject(name, timm.create_model(f"local-dir:{folder}", pretrained=False))
        state = safetensors.torch.load_file(weights)
    except (SafetensorError, KeyError, TypeError, ValueError, RuntimeError) as error:
        raise ValueError(
            f"{folder} is not what timm's save_pretrained writes: {' '.join(str(error).split())}"
        ) from error
    load_weights(subject.model, state)
    return subject


@contextlib.contextmanager
def _quiet(name: str) -> Iterator[None]:
    """Keeps a library's warnings about retries to itself: what comes of them is said in one line."""
    logger = logging.getLogger(name)
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
