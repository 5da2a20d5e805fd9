"""AugMix: chains of operations, mixed with each other and with the image."""

import torch
from torch import Generator, Tensor

from robustmoll.data.augment.base import AugmentDraw, ImageAugmentation, Size
from robustmoll.data.augment.magnitudes import AUGMIX
from robustmoll.data.augment.operations import apply_operations, index
from robustmoll.data.augment.policy import indices, random_operations
from robustmoll.data.augment.tables import to_levels

__all__ = ["AugMix"]

BINS = 10  # severity counts in tenths of the greatest magnitude
DEEPEST = 3
ALL = indices(without=["Identity", "Invert"])
PARTIAL = indices(without=["Identity", "Invert", "Brightness", "Contrast", "Color", "Sharpness"])


class AugMix(ImageAugmentation):
    r"""Mixes an image with chains of 1 to 3 random operations on it (Hendrycks et al., ICLR 2020).

    .. math:: m_0 x + m_1 \sum_i w_i \mathrm{chain}_i(x)

    with m ~ Dirichlet(alpha, alpha) and w ~ Dirichlet(alpha, ..., alpha). Every chain of every image has operations,
    magnitudes and a depth of its own. Operations, magnitudes and the cut to whole levels are torchvision's, bilinear.

    Args:
        severity: How many of the 10 magnitudes can be drawn, the weakest first, 1 to 10.
        mixture_width: Number of chains, at least 1.
        chain_depth: Operations in a chain, at least 1; -1 draws 1, 2 or 3, all alike.
        alpha: Parameter of both distributions, > 0.
        all_ops: Whether Brightness, Contrast, Color and Sharpness are among the operations. They resemble test-time
            corruptions; the paper's results on those are without.
        views: 1 returns the mixed image alone. With 3, as the Jensen-Shannon loss wants, the batch grows threefold: the
            image itself and two mixed ones, side by side; at least 1.

    Raises:
        ValueError: If a number is out of its range.
    """

    def __init__(
        self,
        severity: int = 3,
        mixture_width: int = 3,
        chain_depth: int = -1,
        alpha: float = 1.0,
        all_ops: bool = True,
        views: int = 1,
    ) -> None:
        if not (1 <= severity <= BINS and mixture_width >= 1 and alpha > 0 and views >= 1):
            raise ValueError(
                f"AugMix needs severity in 1..{BINS}, mixture_width >= 1, alpha > 0 and views >= 1,"
                f" got {severity=}, {mixture_width=}, {alpha=}, {views=}"
            )
        if chain_depth < 1 and chain_depth != -1:
            raise ValueError(f"AugMix needs chain_depth >= 1, or -1 to draw it, got {chain_depth}")
        self.severity, self.mixture_width, self.chain_depth = severity, mixture_width, chain_depth
        self.alpha, self.all_ops, self.views = alpha, all_ops, views

    @property
    def repeats(self) -> int:
        return self.views

    def draw(self, n: int, size: Size, generator: Generator | None = None) -> AugmentDraw:
        mixed = max(self.views - 1, 1)
        chains = (n, mixed, self.mixture_width)
        shape = (*chains, self.chain_depth if self.chain_depth > 0 else DEEPEST)
        operation = random_operations(shape, generator, ALL if self.all_ops else PARTIAL)
        bins = torch.randint(self.severity, shape, generator=generator, device="cpu")
        sign = torch.randint(2, shape, generator=generator, device="cpu")
        magnitude = AUGMIX.magnitudes(BINS, size)[operation, bins, sign]
        if self.chain_depth == -1:
            depth = torch.randint(1, DEEPEST + 1, chains, generator=generator, device="cpu")
            operation[depth[..., None] <= torch.arange(DEEPEST, device="cpu")] = index("Identity")
        share = _dirichlet(n, mixed, 2, self.alpha, generator)
        weight = _dirichlet(*chains, self.alpha, generator) * share[..., 1:]
        return {"operation": operation, "magnitude": magnitude, "weight": torch.cat([share[..., :1], weight], 2)}

    def apply(self, x: Tensor, draw: AugmentDraw) -> Tensor:
        n, mixed, width, depth = draw["operation"].shape
        chains = x.repeat_interleave(mixed * width, 0)
        for step in range(depth):
            operation, magnitude = (draw[name][..., step].flatten() for name in ("operation", "magnitude"))
            chains = apply_operations(chains, operation, magnitude, interpolate=True)
        weight = draw["weight"].to(x.device, non_blocking=True)[..., None, None, None]
        mix = x[:, None].float() * weight[:, :, 0]
        for i, chain in enumerate(chains.view(n, mixed, width, *x.shape[1:]).unbind(2), start=1):
            mix.add_(chain.float().mul_(weight[:, :, i]))
        mix = to_levels(mix)
        return (mix if self.views == 1 else torch.cat([x[:, None], mix], 1)).flatten(0, 1)


def _dirichlet(n: int, mixed: int, k: int, alpha: float, generator: Generator | None) -> Tensor:
    """Draws k shares that sum to 1, float32, shape (n, mixed, k)."""
    # In double, as a small alpha underflows.
    shape = torch.full((n, mixed, k), alpha, dtype=torch.float64, device="cpu")
    return torch._sample_dirichlet(shape, generator=generator).float()
