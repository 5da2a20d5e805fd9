"""Networks by name: timm's and ours, fitted to the number of channels and the size of the images."""

import inspect
import re
from typing import Any, NamedTuple

import timm
import torch
from timm.models import get_pretrained_cfg
from torch import nn

from robustmoll.checks import known_name
from robustmoll.models.backbone import BACKBONES, Options, check_weights
from robustmoll.models.origin import cannot_be_had, check_name
from robustmoll.models.stems import fit_to_size

__all__ = ["ModelInfo", "create_model", "list_models"]


class ModelInfo(NamedTuple):
    """A line of `robustmoll models list`.

    Attributes:
        name: For `create_model`.
        params: Number of parameters for 3 channels and 10 classes.
        summary: What it is.
    """

    name: str
    params: int
    summary: str


def list_models() -> list[ModelInfo]:
    """Returns the networks that robustmoll adds to those of timm."""
    return [
        ModelInfo(
            name,
            sum(p.numel() for p in _skeleton(name).parameters()),
            (inspect.getdoc(build) or "").split("\n")[0],
        )
        for name, build in BACKBONES.items()
    ]


def create_model(
    name: str,
    num_classes: int,
    in_chans: int = 3,
    img_size: int | tuple[int, int] = 32,
    keep_stem: bool = False,
    **kwargs: object,
) -> nn.Module:
    """Creates a classifier for images of a given size.

    A transformer is told the size. A ResNet or DenseNet of timm whose last feature maps would have less than 3x3
    positions gets a stem for small images (`robustmoll.models.stems`), with a warning that says so. With pretrained
    weights it stays as it is; then, and in other families, the warning says that too little remains, and of those that
    cut images in patches (ViT, ConvNeXt, Swin, Mixer) that they take a smaller `patch_size`.

    Args:
        name: One of `list_models()`, a name of timm, with or without the tag of its weights ("resnet18.a1_in1k"), or a
            name with a source ("hf-hub:owner/name", "local-dir:folder"), which keeps its saved architecture.
        num_classes: Number of outputs, at least 1.
        in_chans: Channels of the images, at least 1.
        img_size: Height and width in pixels, or the side of a square.
        keep_stem: Whether the stem stays as it is at any size, as it does with pretrained weights.
        **kwargs: Further arguments of `timm.create_model`.

    Raises:
        ValueError: If there is no such network or no pretrained weights of it, or it cannot be built so.

    Example:
        >>> model = create_model("wide_resnet16_2", num_classes=10, in_chans=1)
        >>> model(torch.zeros(2, 1, 28, 28)).shape
        torch.Size([2, 10])
    """
    height, width = (img_size, img_size) if isinstance(img_size, int) else img_size
    for argument, value in {
        "num_classes": num_classes,
        "in_chans": in_chans,
        "img_size": min(height, width),
    }.items():
        if not isinstance(value, int) or value < 1:
            raise ValueError(f"{argument} of model {name!r} must be a whole number of at least 1, got {value!r}")
    arguments: dict[str, Any] = {"num_classes": num_classes, "in_chans": in_chans, **kwargs}
    check_name(name)
    if ":" not in name:  # otherwise the architecture is known only to the source
        check_weights(name, kwargs)
        cfg = get_pretrained_cfg(name.split(".")[0])
        if cfg is not None and cfg.fixed_input_size:
            arguments["img_size"] = (height, width)
    model = _build(name, arguments)
    has_weights = bool(kwargs.get("pretrained") or kwargs.get("checkpoint_path")) or ":" in name
    fit_to_size(model, name, min(height, width), keep_stem=keep_stem or has_weights)
    return model


def _build(name: str, arguments: dict[str, Any]) -> nn.Module:
    """Returns timm's network; mistakes in the arguments, which it finds in various ways, become ValueErrors."""
    try:
        return timm.create_model(name, **arguments)
    except OSError as error:  # all that the Hub, the network and the file system raise
        raise cannot_be_had(name, error) from error
    except (TypeError, AssertionError, KeyError) as error:
        unexpected = re.search(r"unexpected keyword argument '(\w+)'", str(error))
        if unexpected:
            own = inspect.signature(type(_skeleton(name)).__init__).parameters
            known = [*list(own)[1:], *(Options.__annotations__ if name in BACKBONES else ())]
            known_name(f"argument of model {name!r},", unexpected[1], known)
        given = ", ".join(f"{key}={value!r}" for key, value in arguments.items())
        raise ValueError(f"model {name!r} cannot be built with {given}: {error or type(error).__name__}") from error


def _skeleton(name: str) -> nn.Module:
    """Returns the network without memory for its parameters."""
    with torch.device("meta"):
        return timm.create_model(name)
