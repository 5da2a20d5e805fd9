"""Draw: what chance decides for a batch that is mollified, apart from its application."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from robustmoll.counter_rng import CounterRNG
from robustmoll.degradations import NoiseSource

__all__ = ["Draw"]


@dataclass(frozen=True, eq=False)
class Draw:
    """The random choices for one batch; applying the same draw again gives the same result.

    Attributes:
        roles: Index into `Mollify.roles`, shape (n,), int64, on the CPU.
        t: Time of each image, shape (n,), float32, on the CPU; 0 for clean ones.
        seed: Of the noise of pixels.
        first: Index of the first image in the whole batch. A process that has images 64 to 127 of a batch says 64,
            and its images get the noise that they have there.

    Raises:
        ValueError: If roles and t are not of one length, or t leaves [0, 1].
    """

    roles: Tensor
    t: Tensor
    seed: int
    first: int = 0

    def __post_init__(self) -> None:
        if self.roles.dim() != 1 or self.roles.shape != self.t.shape:
            raise ValueError(
                "a draw needs a role and a t for each image, each of shape (n,),"
                f" got {tuple(self.roles.shape)} and {tuple(self.t.shape)}"
            )
        if not (self.t.is_floating_point() and self.t.clamp(0, 1).equal(self.t)):  # never true of NaN
            raise ValueError(
                "the t of a draw must be floats in [0, 1] (0 = clean, 1 = fully degraded),"
                f" got {self.t.dtype} from {self.t.min():g} to {self.t.max():g}"
            )

    def part(self, share: slice) -> "Draw":
        """Returns the choices for some of the images, the same as in the whole."""
        return Draw(self.roles[share], self.t[share], self.seed, self.first + share.start)

    def noise(self, places: np.ndarray, device: torch.device) -> NoiseSource:
        """Returns the source of the noise of the images at some places."""
        rng = CounterRNG(f"{self.seed}/mollify", self.first + places, device)
        return lambda like: rng.normal(*like.shape[1:]).to(like.dtype)
