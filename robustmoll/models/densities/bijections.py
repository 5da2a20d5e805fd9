"""Invertible maps, and the logarithms of their Jacobian determinants: the parts of flows, here those of images.

A bijection takes images (B, C, H, W), or table rows (B, D), to others of the same shape. Its `forward` gives
log |det dz/dx| besides, for each one, as the change of variables log p(x) = log p(z) + log |det dz/dx| asks for. Under
autocast, networks inside run in half precision, but images and determinants stay in float32: these are sums over all
pixels.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn import functional as F

__all__ = ["ActNorm", "Bijection", "Chain", "Coupling", "InvertibleConv", "Permutation", "squeeze", "unsqueeze"]


def squeeze(x: Tensor) -> Tensor:
    """Makes channels of the four pixels of each 2x2 block: (B, C, H, W) to (B, 4 C, H / 2, W / 2)."""
    return F.pixel_unshuffle(x, 2)


def unsqueeze(x: Tensor) -> Tensor:
    """Undoes `squeeze`."""
    return F.pixel_shuffle(x, 2)


class Bijection(nn.Module, ABC):
    """An invertible map; a new one defines the map, with its log-determinant, and its inverse."""

    @abstractmethod
    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Returns z, shaped as x, and log |det dz/dx|, shape (B,), or () where it is the same for all of x."""

    @abstractmethod
    def inverse(self, z: Tensor) -> Tensor:
        """Returns x."""


class Chain(Bijection):
    """Bijections, one after the other; the logarithms of their determinants add up.

    Args:
        parts: In the order from data to latent variables.
    """

    parts: Sequence[Bijection]

    def __init__(self, parts: Iterable[Bijection]) -> None:
        super().__init__()
        self.parts = nn.ModuleList(parts)  # type: ignore[assignment]

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        total = x.new_zeros(len(x))
        for part in self.parts:
            x, log_det = part(x)
            total = total + log_det
        return x, total

    def inverse(self, z: Tensor) -> Tensor:
        for part in reversed(self.parts):
            z = part.inverse(z)
        return z


class ActNorm(Bijection):
    """z = (x + shift) exp(log_scale), channel by channel; the first training batch comes out standardised.

    Kingma and Dhariwal, "Glow" (2018), section 3.1. In a job of several processes the statistics are those of all
    their batches. Whether the first batch has been is part of the state, so a resumed training does not start over.

    Args:
        channels: Of the images.
    """

    initialised: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.shift = nn.Parameter(torch.zeros(channels, 1, 1))
        self.log_scale = nn.Parameter(torch.zeros(channels, 1, 1))
        self.register_buffer("initialised", torch.tensor(False))
        self._initialised = False  # the same, known without asking the device

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        if self.training and not self._initialised:
            self._initialise(x)
        return (x + self.shift) * self.log_scale.exp(), self.log_scale.sum() * x[0, 0].numel()

    def inverse(self, z: Tensor) -> Tensor:
        return z * (-self.log_scale).exp() - self.shift

    @torch.no_grad()
    def _initialise(self, x: Tensor) -> None:
        moments = torch.stack([x.mean((0, 2, 3)), x.square().mean((0, 2, 3))])
        if dist.is_available() and dist.is_initialized():
            dist.all_reduce(moments)
            moments /= dist.get_world_size()
        mean, square = moments[..., None, None]
        self.shift.copy_(-mean)
        # The floor keeps a constant channel from becoming noise: less than a grey level of 256 in [-1, 1].
        self.log_scale.copy_((square - mean.square()).clamp(min=1e-5).log() / -2)
        self.initialised.fill_(True)
        self._initialised = True

    def _load_from_state_dict(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 (PyTorch's own signature)
        super()._load_from_state_dict(*args, **kwargs)
        self._initialised = bool(self.initialised)


class Permutation(Bijection):
    """Puts the channels in another, fixed order.

    Args:
        order: Which channel comes first, second, ...
    """

    order: Tensor
    back: Tensor

    def __init__(self, order: Sequence[int]) -> None:
        super().__init__()
        indices = torch.tensor(order)
        self.register_buffer("order", indices, persistent=False)
        self.register_buffer("back", indices.argsort(), persistent=False)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return x[:, self.order], x.new_zeros(())

    def inverse(self, z: Tensor) -> Tensor:
        return z[:, self.back]


class InvertibleConv(Bijection):
    """A learnt invertible matrix between the channels of each pixel, W = P L (U + diag(s)); a rotation at first.

    Kingma and Dhariwal, "Glow" (2018), section 3.2: P is a fixed permutation, L is lower triangular with ones on the
    diagonal, U strictly upper triangular, so that log |det W| is the sum of log |s|; the signs of s stay.

    Args:
        channels: Of the images.
    """

    permutation: Tensor
    sign: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        rotation = torch.linalg.qr(torch.randn(channels, channels)).Q
        permutation, lower, upper = torch.linalg.lu(rotation)
        diagonal = upper.diagonal()
        self.register_buffer("permutation", permutation)
        self.register_buffer("sign", diagonal.sign())
        self.lower = nn.Parameter(lower.tril(-1))
        self.upper = nn.Parameter(upper.triu(1))
        self.log_s = nn.Parameter(diagonal.abs().log())

    def weight(self) -> Tensor:
        """Returns W, shape (C, C)."""
        return self.permutation @ self._lower() @ self._upper()

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        with torch.autocast(x.device.type, enabled=False):  # half precision would be no inverse of anything
            return F.conv2d(x, self.weight()[..., None, None]), self.log_s.sum() * x[0, 0].numel()

    def inverse(self, z: Tensor) -> Tensor:
        rows = z[:, self.permutation.argmax(0)].flatten(2)
        rows = torch.linalg.solve_triangular(self._lower(), rows, upper=False, unitriangular=True)
        return torch.linalg.solve_triangular(self._upper(), rows, upper=True).view_as(z)

    def _lower(self) -> Tensor:
        return self.lower.tril(-1) + torch.eye(len(self.log_s), dtype=self.lower.dtype, device=self.lower.device)

    def _upper(self) -> Tensor:
        return self.upper.triu(1) + torch.diag(self.sign * self.log_s.exp())


class Coupling(Bijection):
    """Scales and shifts the second half of the channels by what a network makes of the first half.

    Dinh et al., "Density estimation using Real NVP" (2017), equation 7. Logarithms of scales are kept within +-2 by a
    tanh, so that no step of the optimizer can make them overflow.

    Args:
        net: From the first C - C // 2 channels to 2 (C // 2): raw log-scales, then shifts.
    """

    BOUND = 2.0

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        kept, changed = self._halves(x)
        log_scale, shift = self._affine(kept)
        return torch.cat([kept, changed * log_scale.exp() + shift], 1), log_scale.sum((1, 2, 3))

    def inverse(self, z: Tensor) -> Tensor:
        kept, changed = self._halves(z)
        log_scale, shift = self._affine(kept)
        return torch.cat([kept, (changed - shift) * (-log_scale).exp()], 1)

    def _halves(self, x: Tensor) -> tuple[Tensor, ...]:
        changed = x.shape[1] // 2
        return x.split([x.shape[1] - changed, changed], 1)

    def _affine(self, kept: Tensor) -> tuple[Tensor, Tensor]:
        raw, shift = self.net(kept).to(kept.dtype).chunk(2, 1)
        return self.BOUND * torch.tanh(raw / self.BOUND), shift
