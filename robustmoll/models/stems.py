"""Fits networks made for images of 224 pixels to small ones.

The ResNets of ImageNet begin with a 7x7 convolution of stride 2 and a pooling of stride 2. At 32 pixels they would end
in a single position; with a 3x3 convolution of stride 1 and no pooling they end in 4x4.
"""

import inspect
import warnings
from typing import Any, cast

from timm.models.densenet import DenseNet
from timm.models.resnet import ResNet
from timm.models.resnetv2 import ResNetV2
from torch import nn

__all__ = ["STEM_POOLS", "final_stride", "fit_to_size", "replace_stem"]

STEM_POOLS: dict[type[nn.Module], tuple[str, ...]] = {
    ResNet: ("maxpool",),
    ResNetV2: ("stem.pad", "stem.pool"),
    DenseNet: ("features.pool0",),
}
"""Families of timm whose stem can be replaced, and the modules that pool in it (where there are any).

ResNeXt, SE-ResNet, ResNeSt, Res2Net and others are `ResNet` too.
"""

STEM_STRIDE = 4


def final_stride(model: nn.Module) -> int | None:
    """Returns by how much the last feature maps are smaller than the image, or None if the model does not tell."""
    info = getattr(model, "feature_info", None)
    return info[-1]["reduction"] if info else None


def fit_to_size(model: nn.Module, name: str, size: int, keep_stem: bool) -> None:
    """Replaces the stem, in place, if fewer than 3x3 positions would remain of the image; or warns that too few do.

    Args:
        model: A network of timm.
        name: Its name, for the warning.
        size: The shorter side of the images, in pixels.
        keep_stem: Whether the stem holds weights that must stay.
    """
    stride = final_stride(model)
    if stride is None or 3 * stride <= size:
        return
    if isinstance(model, tuple(STEM_POOLS)) and not keep_stem:
        replace_stem(model)
        warnings.warn(
            f"{name} at {size} px: the stem is now a 3x3 convolution of stride 1 without pooling "
            f"(total stride {stride} -> {final_stride(model)})",
            stacklevel=3,
        )
        return
    has_patches = "patch_size" in inspect.signature(type(model).__init__).parameters and not keep_stem
    warnings.warn(
        f"{name} at {size} px: its total stride of {stride} leaves less than 3x3 positions; take "
        + ("a smaller patch_size (a vision transformer at 32 px usually has 4), " if has_patches else "")
        + "larger images or a network for small ones (robustmoll models list)",
        stacklevel=3,
    )


def replace_stem(model: nn.Module) -> None:
    """Replaces the stem of a family in `STEM_POOLS`, in place: a 3x3 convolution of stride 1, and no pooling.

    The new convolution is initialised as in He et al. (ICCV 2015, equation 14).
    """
    name = cast(dict[str, str], model.pretrained_cfg)["first_conv"]
    old = cast(nn.Conv2d, model.get_submodule(name))
    new = type(old)(
        old.in_channels, old.out_channels, kernel_size=3, stride=1, padding=1, bias=old.bias is not None
    ).to(old.weight)
    nn.init.kaiming_normal_(new.weight, mode="fan_out", nonlinearity="relu")
    model.set_submodule(name, new)
    modules = dict(model.named_modules())
    pools = next(pools for family, pools in STEM_POOLS.items() if isinstance(model, family))
    for pool in pools:
        if pool in modules:
            model.set_submodule(pool, nn.Identity())
    for stage in cast(list[dict[str, Any]], model.feature_info):
        stage["reduction"] = max(1, stage["reduction"] // STEM_STRIDE)
