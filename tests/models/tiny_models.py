"""Networks without memory, networks with fixed weights, and images for them."""

import timm
import torch
from torch import Tensor, nn

from robustmoll.models import create_model
from robustmoll.models.backbone import Backbone

SMALL = ["digits_cnn", "cifar_cnn", "wide_resnet16_2", "densenet_bc40", "resnext29_32x4d", "allconv"]
"""One cheap network of each family, to run in earnest."""


def on_meta(name: str, **kwargs: int) -> Backbone:
    with torch.device("meta"):
        return timm.create_model(name, **kwargs)


def noise(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(1))


def small(name: str, **kwargs: int) -> nn.Module:
    """A network with fixed weights, and running statistics as if it had been trained."""
    torch.manual_seed(0)
    model = create_model(name, **{"num_classes": 10, **kwargs})
    for _ in range(3):
        model(noise(8, model.in_chans, 32, 32))
    return model.eval()
