"""The degradations as kornia augmentations, for pipelines built of `kornia.augmentation.AugmentationSequential`."""

from typing import Any

import torch
from kornia.augmentation import IntensityAugmentationBase2D
from torch import Generator, Tensor

from robustmoll.degradations import Degradation
from robustmoll.times import Beta, Time

__all__ = ["RandomDegradation"]


class RandomDegradation(IntensityAugmentationBase2D):
    """Degrades each image by a t of its own.

    The label follows by hand, as kornia's pipelines know no soft labels: `degradation.gamma(params["t"])` says how much
    certainty it has lost. Calling it again with saved parameters gives the same images, bit for bit, on one device.

    Args:
        degradation: What happens to an image.
        time: Where t comes from; None takes `Beta(1, 2)`. A degradation with a `fixed_t` is always drawn at that.
        p: Probability that an image is degraded at all; the others stay as they are, and their t is 0.

    Attributes:
        step: Training step, for a time source that depends on it; the training loop sets it. None at first.

    Example:
        >>> from robustmoll.degradations import HeatBlur
        >>> aug, x = RandomDegradation(HeatBlur(), p=0.5), torch.rand(4, 3, 16, 16)
        >>> x_t = aug(x)
        >>> torch.equal(aug(x, params=aug._params), x_t)
        True
    """

    def __init__(self, degradation: Degradation, time: Time | None = None, p: float = 1.0) -> None:
        super().__init__(p=p)
        self.degradation, self.time = degradation, time or Beta(1, 2)
        self.step: int | None = None

    def generate_parameters(self, batch_shape: tuple[int, ...]) -> dict[str, Tensor]:
        """Draws a t for each image, and the seed of their noise; kornia draws from PyTorch's generator."""
        t = self.time.sample(batch_shape[0], step=self.step)
        if self.degradation.fixed_t is not None:
            t = torch.full_like(t, self.degradation.fixed_t)
        return {"t": t, "seed": torch.randint(2**62, (1,), device="cpu")}

    def forward_parameters(self, batch_shape: tuple[int, ...]) -> dict[str, Tensor]:
        """Adds kornia's choice of images, and tells t of it, so that labels stay where images do."""
        params = super().forward_parameters(batch_shape)
        chosen = params["batch_prob"]
        return params | {"t": params["t"].to(chosen.device) * chosen}

    def apply_transform(
        self, input: Tensor, params: dict[str, Tensor], flags: dict[str, Any], transform: Tensor | None = None
    ) -> Tensor:
        """Degrades images by the t and the noise of `params`."""
        # The seed is on the CPU, where it was drawn: reading it makes no device wait.
        generator = Generator(input.device).manual_seed(int(params["seed"]))
        return self.degradation(input, params["t"].to(input.device, torch.float32), generator)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.degradation}, time={self.time}, p={self.p})"
