"""The degradations as kornia augmentations, for pipelines built of `kornia.augmentation.AugmentationSequential`."""

from typing import Any

import torch
from kornia.augmentation import IntensityAugmentationBase2D
from torch import Tensor

from robustmoll.counter_rng import CounterRNG
from robustmoll.degradations import Degradation
from robustmoll.times import Beta, Time

__all__ = ["RandomDegradation"]


class RandomDegradation(IntensityAugmentationBase2D):
    """Degrades each image by a t of its own.

    The label follows by hand, as kornia's pipelines know no soft labels: `degradation.gamma(params["t"])` says how much
    certainty it has lost. Calling it again with saved parameters gives the same images, bit for bit.

    Args:
        degradation: What happens to an image.
        time: Where t comes from; None takes `Beta(1, 2)`. A degradation with a `fixed_t` is always drawn at that.
        same_on_batch: Whether all images get the same t and the same noise.
        p: Probability that an image is degraded at all; the others stay as they are, and their t is 0.
        keepdim: Whether a single image (C, H, W) comes back as one.

    Raises:
        ValueError: If the degradation or the source of times is none.

    Attributes:
        step: Training step, for a time source that depends on it; the training loop sets it. None at first.

    Example:
        >>> from robustmoll.degradations import HeatBlur
        >>> aug, x = RandomDegradation(HeatBlur(), p=0.5), torch.rand(4, 3, 16, 16)
        >>> x_t = aug(x)
        >>> torch.equal(aug(x, params=aug._params), x_t)
        True
    """

    def __init__(
        self,
        degradation: Degradation,
        time: Time | None = None,
        same_on_batch: bool = False,
        p: float = 1.0,
        keepdim: bool = False,
    ) -> None:
        super().__init__(p=p, same_on_batch=same_on_batch, keepdim=keepdim)
        if not isinstance(degradation, Degradation) or not isinstance(time, Time | None):
            raise ValueError(
                f"RandomDegradation needs a degradation, as Noise(), and a source of times, as Beta(1, 2), or none,"
                f" got {degradation!r} and {time!r}"
            )
        self.degradation, self.time = degradation, time or Beta(1, 2)
        self.step: int | None = None

    def generate_parameters(self, batch_shape: tuple[int, ...]) -> dict[str, Tensor]:
        """Draws a t for each image, and the seed of its noise; kornia draws from PyTorch's generator."""
        drawn = 1 if self.same_on_batch else batch_shape[0]
        t = self.time.sample(drawn, step=self.step)
        if self.degradation.fixed_t is not None:
            t = torch.full_like(t, self.degradation.fixed_t)
        seed = torch.randint(2**62, (drawn,), device="cpu")
        return {"t": t.expand(batch_shape[0]), "seed": seed.expand(batch_shape[0])}

    def forward_parameters(self, batch_shape: tuple[int, ...]) -> dict[str, Tensor]:
        """Adds kornia's choice of images, and tells t of it, so that labels stay where images do."""
        params = super().forward_parameters(batch_shape)
        chosen = params["batch_prob"]
        return params | {"t": params["t"].to(chosen.device) * chosen}

    def apply_transform(
        self, input: Tensor, params: dict[str, Tensor], flags: dict[str, Any], transform: Tensor | None = None
    ) -> Tensor:
        """Degrades images by the t and the noise of `params`."""
        # Seeds are on the CPU, where they were drawn: reading them makes no device wait.
        rng = CounterRNG("kornia", params["seed"].cpu().numpy(), input.device)

        def noise(like: Tensor) -> Tensor:
            return rng.normal(*like.shape[1:]).to(like.dtype)

        return self.degradation.degrade(input, params["t"].to(input.device, torch.float32), noise)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.degradation}, time={self.time}, p={self.p})"
