"""How a network wants its images: at which size, and what becomes of images of another one."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from timm.data import create_transform
from torch import Tensor
from torchvision.transforms import Compose

__all__ = ["View"]


@dataclass(frozen=True)
class View:
    """Brings images to a network's size as timm's evaluation does: scale, then crop the middle.

    Images that have the size already are taken as they are, without the crop: released -C sets of that size, and
    images that were decoded for this network.

    Args:
        size: Height and width in pixels.
        crop_pct: Share of the scaled image's side that the crop keeps, in (0, 1].
        interpolation: "nearest", "bilinear" or "bicubic".
        crop_mode: timm's: "center" keeps the aspect ratio, "squash" does not, "border" adds borders.
    """

    size: tuple[int, int]
    crop_pct: float = 1.0
    interpolation: str = "bicubic"
    crop_mode: str = "center"

    @classmethod
    def of(cls, data_config: dict[str, Any]) -> "View":
        """Returns the view that `timm.data.resolve_model_data_config` describes."""
        names = ("crop_pct", "interpolation", "crop_mode")
        return cls(tuple(data_config["input_size"][1:]), **{name: data_config[name] for name in names})

    @cached_property
    def transform(self) -> Compose:
        """timm's transform, from a picture or uint8 tensor of any size to a uint8 tensor of this one."""
        return create_transform(
            (3, *self.size),  # the number of channels does not matter here
            interpolation=self.interpolation,
            crop_pct=self.crop_pct,
            crop_mode=self.crop_mode,
            normalize=False,
        )

    def __call__(self, images: Tensor) -> Tensor:
        """Returns images, shape (B, C, H, W), uint8, at this size."""
        return images if tuple(images.shape[-2:]) == self.size else self.transform(images)
