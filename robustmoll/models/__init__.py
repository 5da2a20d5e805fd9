"""Networks for small images: what timm lacks, registered there on import, and timm's own fitted to 32 and 64 pixels."""

from robustmoll.models import allconv, densenet, preact_resnet, resnext, small, wide_resnet  # registers them
from robustmoll.models.factory import ModelInfo, create_model, list_models

__all__ = [
    "ModelInfo",
    "allconv",
    "create_model",
    "densenet",
    "list_models",
    "preact_resnet",
    "resnext",
    "small",
    "wide_resnet",
]
