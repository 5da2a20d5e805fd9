"""A classifier: a network with its standardisation inside, built from plain values, with weights of the same."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from robustmoll.models import create_model
from robustmoll.models.origin import check_name
from robustmoll.tasks.task import Model, load_weights

__all__ = ["Classifier", "ModelArgs", "build_classifier", "load_classifier"]

# Arguments of `create_model` that come from elsewhere.
SOURCES = {"name": "model.name", "num_classes": "the data", "in_chans": "the data", "img_size": "the data"}


@dataclass(frozen=True)
class ModelArgs:
    """Which network classifies the images.

    Args:
        name: Any timm name, or one of robustmoll's own (`robustmoll models list`).
        args: Further arguments of `timm.create_model`, such as `drop_rate`. With `pretrained: true`, images of 3
            channels are standardised as timm's weights know them.

    Raises:
        ValueError: If there is no such network, or an argument is set by the data or by `name`.
    """

    name: str = "digits_cnn"
    args: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_name(self.name)
        for name, source in SOURCES.items():
            if name in self.args:
                raise ValueError(f"model.args holds {name}, which is set by {source}; leave it out")


class Classifier(Model):
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
        super().__init__(backbone)
        self.num_classes = num_classes
        self.register_buffer("mean", torch.tensor(mean)[:, None, None], persistent=False)
        self.register_buffer("std", torch.tensor(std)[:, None, None], persistent=False)

    def standardise(self, x: Tensor) -> Tensor:
        """Takes uint8 images, or float ones in [0, 1], to zero mean and unit variance over the training set."""
        x = (x / 255).sub_(self.mean) if x.dtype == torch.uint8 else x - self.mean
        return x.div_(self.std)

    def forward(self, x: Tensor) -> Tensor:
        """Returns logits, shape (B, K), of images in [0, 1], shape (B, C, H, W)."""
        return self.backbone(self.standardise(x))[:, : self.num_classes]


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
