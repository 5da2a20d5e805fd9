"""Robust classification: what one training step computes."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Generator, Tensor, nn

from robustmoll.checks import known_name
from robustmoll.data import ImageSet
from robustmoll.degradations import Degradation, HeatBlur, Noise
from robustmoll.models import create_model
from robustmoll.mollify import Draw, Mollify
from robustmoll.tasks.losses import LOSSES

__all__ = ["Classifier", "Classify", "ModelArgs", "load_classifier", "load_weights"]

# Which family of the corruption benchmark a degradation has a likeness to.
FAMILIES: dict[type[Degradation], str] = {Noise: "noise", HeatBlur: "blur"}


@dataclass(frozen=True)
class ModelArgs:
    """Which network classifies the images.

    Args:
        name: Any timm name, or one of robustmoll's own (`robustmoll models list`).
        args: Further arguments of `timm.create_model`, such as `drop_rate`.
    """

    name: str = "digits_cnn"
    args: dict[str, Any] = field(default_factory=dict)


class Classifier(nn.Module):
    """A network with its standardisation inside: images in [0, 1] to logits.

    Args:
        backbone: Standardised images (B, C, H, W) to logits (B, K').
        mean: Of each channel, on the scale [0, 1].
        std: Of each channel, > 0.
        num_classes: K; outputs beyond it (a sink class) are kept from evaluation.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, backbone: nn.Module, mean: Sequence[float], std: Sequence[float], num_classes: int) -> None:
        super().__init__()
        self.backbone, self.num_classes = backbone, num_classes
        self.register_buffer("mean", torch.tensor(mean)[:, None, None], persistent=False)
        self.register_buffer("std", torch.tensor(std)[:, None, None], persistent=False)

    def standardise(self, x: Tensor) -> Tensor:
        """Takes uint8 images, or float ones in [0, 1], to zero mean and unit variance over the training set."""
        x = x / 255 if x.dtype == torch.uint8 else x
        return (x - self.mean) / self.std

    def forward(self, x: Tensor) -> Tensor:
        """Returns logits, shape (B, K), of images in [0, 1], shape (B, C, H, W)."""
        return self.backbone(self.standardise(x))[:, : self.num_classes]


class Classify:
    """Classification of mollified images: standardise, mollify image and label, compare with a soft-target loss.

    Args:
        model: The network.
        mollify: What happens to images and labels.
        loss: "cross_entropy", "normalised_cross_entropy" or "binary_cross_entropy".

    Raises:
        ValueError: If there is no such loss.
    """

    def __init__(self, model: ModelArgs, mollify: Mollify, loss: str = "cross_entropy") -> None:
        self.model, self.mollify, self.loss = model, mollify, known_name("loss", loss, LOSSES)

    def build(self, train: ImageSet) -> Classifier:
        """Returns a fresh classifier for that data; its weights come from PyTorch's global generator.

        Raises:
            ValueError: If the data has another number of classes than `mollify`, or the backbone is unknown.
        """
        if self.mollify.num_classes != len(train.classes):
            raise ValueError(
                f"mollify has num_classes={self.mollify.num_classes}, but {train.name} has {len(train.classes)} classes"
            )
        return build_classifier(self.config(train))

    def config(self, train: ImageSet) -> dict[str, Any]:
        """Returns the architecture as plain values, in the words of timm's config.json."""
        mean, std = train.moments()
        return {
            "architecture": self.model.name,
            "model_args": self.model.args,
            "num_classes": self.mollify.num_outputs,
            "label_names": list(train.classes),
            "pretrained_cfg": {
                "input_size": [train.channels, *train.size],
                "mean": mean,
                # A channel without any variation must not be divided by zero.
                "std": [max(s, 1 / 255) for s in std],
            },
        }

    def draw(self, n: int, share: slice, generator: Generator, step: int) -> Draw:
        """Returns the random choices for one process's share of a batch of n images.

        They are drawn for the whole batch, so they do not depend on the number of processes.
        """
        draw, repeats = self.mollify.draw(n, generator, step), self.mollify.repeats
        mine = slice(share.start * repeats, share.stop * repeats)
        return Draw(draw.roles[mine], draw.t[mine], draw.seed, mine.start)

    def losses(self, classifier: Classifier, network: nn.Module, x: Tensor, y: Tensor, draw: Draw) -> Tensor:
        """Returns the loss of each image of a batch.

        Args:
            classifier: Which standardises.
            network: Its backbone, as wrapped for distributed or compiled execution.
            x: Images, shape (B, C, H, W), uint8.
            y: Class indices, shape (B,).
            draw: Roles and times.
        """
        x_t, y_t = self.mollify.apply(classifier.standardise(x), y, draw)
        return LOSSES[self.loss](network(x_t), y_t)

    def families(self) -> list[str]:
        """Returns the families of test-time corruptions that resemble what the training does to images."""
        seen = {
            family
            for role, p in zip(self.mollify.roles, self.mollify.probabilities, strict=True)
            for kind, family in FAMILIES.items()
            if p > 0 and role != "clean" and isinstance(self.mollify.degradations[role], kind)
        }
        return sorted(seen)

    def describe(self, draw: Draw) -> str:
        """Returns the roles and times of a batch in one line, for an error message."""
        counts = Counter(self.mollify.roles[role] for role in draw.roles.tolist())
        roles = ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))
        times = " ".join(f"{t:.3f}" for t in draw.t.tolist())
        return f"roles {roles}; t {times}"


def load_classifier(config: dict[str, Any], weights: dict[str, Tensor]) -> Classifier:
    """Builds a trained classifier from a checkpoint's config and weights; no others are looked for.

    Raises:
        ValueError: If the two do not belong together.
    """
    args = dict(config["model_args"])
    had_weights = [bool(args.pop(name, None)) for name in ("pretrained", "checkpoint_path")]
    config = config | {"model_args": args | {"keep_stem": True} if any(had_weights) else args}
    return load_weights(build_classifier(config), weights)


def build_classifier(config: dict[str, Any]) -> Classifier:
    """Builds a classifier, with fresh or pretrained weights, from its config, see `Classify.config`."""
    cfg = config["pretrained_cfg"]
    channels, height, width = cfg["input_size"]
    backbone = create_model(
        config["architecture"],
        num_classes=config["num_classes"],
        in_chans=channels,
        img_size=height if height == width else (height, width),
        **config["model_args"],
    )
    return Classifier(backbone, cfg["mean"], cfg["std"], len(config["label_names"]))


def load_weights(classifier: Classifier, weights: dict[str, Tensor]) -> Classifier:
    """Gives a classifier the weights of a checkpoint.

    Raises:
        ValueError: If they belong to another architecture.
    """
    own = {name: tensor.shape for name, tensor in classifier.backbone.state_dict().items()}
    theirs = {name: tensor.shape for name, tensor in weights.items()}
    for name in sorted(own.keys() | theirs.keys()):
        if own.get(name) != theirs.get(name):
            raise ValueError(
                f"the checkpoint is of another architecture: {name} is {_shape(theirs.get(name))} in it,"
                f" {_shape(own.get(name))} in this {type(classifier.backbone).__name__}"
            )
    classifier.backbone.load_state_dict(weights)
    return classifier


def _shape(shape: torch.Size | None) -> str:
    return "absent" if shape is None else str(tuple(shape))
