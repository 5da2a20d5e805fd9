"""What our image classifiers share: timm's interface, and a place in timm's registry.

A network is a stem, stages, a last activation and a head, run in this order. A family of networks is a subclass of
`Backbone` that builds these parts; a network is a function that calls it, under the name it shall have in timm::

    @register
    def wide_resnet16_2(**kwargs: Unpack[Options]) -> WideResNet:
        \"\"\"WRN-16-2 ...\"\"\"
        return WideResNet(depth=16, widen_factor=2, **kwargs)
"""

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any, TypedDict, TypeVar

import torch
from timm.layers import ClassifierHead
from timm.models import PretrainedCfg, build_model_with_cfg, is_model_pretrained, register_model
from torch import Tensor, nn

__all__ = ["BACKBONES", "Backbone", "HeadOptions", "Options", "check_weights", "register"]

BACKBONES: dict[str, Callable[..., "Backbone"]] = {}
"""Our networks by their name in timm."""

Build = TypeVar("Build", bound=Callable[..., "Backbone"])


class HeadOptions(TypedDict, total=False):
    """What the end of every network of ours can be told, see `Backbone`."""

    num_classes: int
    drop_rate: float
    global_pool: str


class Options(HeadOptions, total=False):
    """What every network of ours can be told: the channels of the image, 3 unless told, and the head."""

    in_chans: int


class Backbone(nn.Module):
    """A convolutional network with global pooling, so that images of any size fit, behind timm's interface.

    Convolutions are initialised from N(0, 2 / (k^2 channels out)) as in He et al. (ICCV 2015, equation 14).

    Args:
        stem: The first convolution.
        stages: What follows; each stage is given with the number of its output channels and its stride.
        norm: Normalisation and activation after the last stage, where the blocks do not end with their own.
        stem_norm: Normalisation and activation after the stem, where the blocks do not begin with their own.
        num_classes: Number of outputs; 0 leaves the pooled features.
        drop_rate: Probability of dropout before the last layer, in [0, 1].
        global_pool: Name of timm's pooling: "avg", "max", "avgmax", "catavgmax", or "" for none, which needs
            num_classes=0.

    Raises:
        ValueError: If there are classes without pooling.
    """

    def __init__(
        self,
        stem: nn.Conv2d,
        stages: Sequence[tuple[nn.Module, int, int]],
        norm: nn.Module | None = None,
        stem_norm: nn.Module | None = None,
        num_classes: int = 10,
        drop_rate: float = 0.0,
        global_pool: str = "avg",
    ) -> None:
        super().__init__()
        self.stem, self.stem_norm, self.norm = stem, stem_norm or nn.Identity(), norm or nn.Identity()
        self.stages = nn.Sequential(*(stage for stage, _, _ in stages))
        self.num_classes, self.in_chans, self.drop_rate = num_classes, stem.in_channels, drop_rate
        self.feature_info = []
        reduction = stem.stride[0]
        for index, (_, channels, stride) in enumerate(stages):
            reduction *= stride
            self.feature_info.append({"num_chs": channels, "reduction": reduction, "module": f"stages.{index}"})
        self.num_features = stages[-1][1]
        _check_head(num_classes, global_pool)
        self.head = ClassifierHead(self.num_features, num_classes, global_pool, drop_rate)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    @property
    def head_hidden_size(self) -> int:
        """Number of features after pooling."""
        return self.num_features * self.head.global_pool.feat_mult()

    def forward_features(self, x: Tensor) -> Tensor:
        """Returns the last feature maps, shape (B, num_features, h, w), of images of shape (B, in_chans, H, W)."""
        return self.norm(self.stages(self.stem_norm(self.stem(x))))

    def forward_head(self, x: Tensor, pre_logits: bool = False) -> Tensor:
        """Returns the logits, shape (B, num_classes), or with `pre_logits` the pooled features."""
        return self.head(x, pre_logits=pre_logits)

    def forward(self, x: Tensor) -> Tensor:
        return self.forward_head(self.forward_features(x))

    def get_classifier(self) -> nn.Module:
        """Returns the last layer."""
        return self.head.fc

    def reset_classifier(self, num_classes: int, global_pool: str | None = None) -> None:
        """Replaces the last layer by a new one with `num_classes` outputs, and the pooling if it is named."""
        _check_head(num_classes, self.head.global_pool.pool_type if global_pool is None else global_pool)
        self.num_classes = num_classes
        self.head.reset(num_classes, global_pool)

    def group_matcher(self, coarse: bool = False) -> dict[str, str]:
        """Returns how timm groups parameters by depth, e.g. for layer-wise decay of the learning rate."""
        return {"stem": r"^stem", "blocks": r"^stages\.(\d+)" if coarse else r"^stages\.(\d+)\.(\d+)"}


def _check_head(num_classes: int, global_pool: str) -> None:
    # timm builds such a network, whose last layer then takes a row of pixels for features.
    if num_classes > 0 and not global_pool:
        raise ValueError(f"without pooling there are no classes, got {num_classes=}, {global_pool=}; say num_classes=0")


def register(build: Build) -> Build:
    """Registers a function from keyword arguments to a network in timm, under the name of the function."""
    name = build.__name__
    cfg = PretrainedCfg(
        architecture=name,
        input_size=(3, 32, 32),
        crop_pct=1.0,
        num_classes=10,
        first_conv="stem",
        classifier="head.fc",
    )

    @wraps(build)
    def entrypoint(pretrained: bool = False, **kwargs: object) -> nn.Module:
        check_weights(name, {"pretrained": pretrained, **kwargs})
        arguments: dict[str, Any] = {**kwargs, "pretrained_cfg": kwargs.get("pretrained_cfg") or cfg}
        if kwargs.get("features_only"):
            arguments["num_classes"] = 0
            if "out_indices" not in kwargs:  # all stages; timm supposes five
                with torch.device("meta"):
                    arguments["out_indices"] = tuple(range(len(build().feature_info)))
        hooks = {"feature_cls": "hook", "no_rewrite": True}
        return build_model_with_cfg(build, name, pretrained, feature_cfg=hooks, **arguments)

    register_model(entrypoint)
    BACKBONES[name] = build
    return build


def check_weights(name: str, kwargs: Mapping[str, Any]) -> None:
    """Checks that the weights a caller of timm asks for exist.

    Raises:
        ValueError: If `kwargs` ask for pretrained weights, timm has none and the caller names none.
    """
    own = kwargs.get("pretrained_cfg") or kwargs.get("pretrained_cfg_overlay")
    if kwargs.get("pretrained") and not own and not is_model_pretrained(name):
        raise ValueError(
            f"there are no pretrained weights for {name!r}: leave pretrained out, or name a file of yours with "
            "pretrained_cfg_overlay={'file': ...}"
        )
