"""Networks for small images: what timm lacks, registered there on import, and timm's own fitted to 32 and 64 pixels."""

from robustmoll.models import preact_resnet, small, wide_resnet  # registers them
from robustmoll.models.factory import ModelInfo, create_model, list_models

__all__ = ["ModelInfo", "create_model", "list_models", "preact_resnet", "small", "wide_resnet"]
