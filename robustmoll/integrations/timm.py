"""Mollification in timm's train script.

timm's train script calls `mixup_fn(x, y)` on each batch where its loader does not prefetch; where it does, batches are
standardised by the loader, and a loader around it mollifies them.
"""

from collections.abc import Callable, Iterable, Iterator

import torch
from torch import Tensor

from robustmoll.mollify import Draw, Mollify

__all__ = ["MixupFn", "MollifiedLoader"]

Mix = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]


class MixupFn:
    """A `mixup_fn` of timm's train script: mixes as timm does, if at all, then mollifies.

    Args:
        mollify: What happens to images and labels last.
        mixup: timm's `Mixup`, or None. It smooths labels by its own `label_smoothing`; 0 leaves that to `mollify`.

    Attributes:
        mixup_enabled: Whether batches are changed; timm switches it off with --mixup-off-epoch. When off, images stay
            as they are, but targets are soft all the same, as the loss expects.
        step: How many batches there were, for a time source that depends on it; a resumed training must set it.

    Example:
        >>> mixup_fn = MixupFn(Mollify(num_classes=10))
        >>> x_t, y_t = mixup_fn(torch.randn(5, 3, 8, 8), torch.arange(5))
        >>> x_t.shape, y_t.shape
        (torch.Size([5, 3, 8, 8]), torch.Size([5, 10]))
    """

    def __init__(self, mollify: Mollify, mixup: Mix | None = None) -> None:
        self.mollify, self.mixup, self.step = mollify, mixup, 0
        self._enabled = True

    @property
    def mixup_enabled(self) -> bool:
        return self._enabled

    @mixup_enabled.setter
    def mixup_enabled(self, enabled: bool) -> None:
        self._enabled = enabled
        if self.mixup is not None:
            self.mixup.mixup_enabled = enabled  # type: ignore[attr-defined]

    def __call__(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Returns images and soft targets; arguments as for `Mollify`."""
        if self.mixup is not None:
            x, y = self.mixup(x, y)
        self.step += 1
        if self.mixup_enabled:
            return self.mollify(x, y, step=self.step - 1)
        n = len(x) * self.mollify.repeats
        roles, t = (torch.zeros(n, dtype=dtype, device="cpu") for dtype in (torch.int64, torch.float32))
        return self.mollify.apply(x, y, Draw(roles, t, seed=0))


class MollifiedLoader:
    """A loader around another one, whose batches are mollified where they are, such as on a device.

    Args:
        loader: Of standardised images and labels.
        mixup_fn: `MixupFn`, or any function of images and labels.

    Attributes:
        mixup_enabled: Whether they are, see `MixupFn`.
    """

    def __init__(self, loader: Iterable[tuple[Tensor, Tensor]], mixup_fn: Mix) -> None:
        self.loader, self.mixup_fn = loader, mixup_fn

    @property
    def mixup_enabled(self) -> bool:
        return bool(getattr(self.mixup_fn, "mixup_enabled", True))

    @mixup_enabled.setter
    def mixup_enabled(self, enabled: bool) -> None:
        for part in (self.mixup_fn, self.loader):
            if hasattr(part, "mixup_enabled"):
                part.mixup_enabled = enabled

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        return (self.mixup_fn(x, y) for x, y in self.loader)

    def __len__(self) -> int:
        return len(self.loader)  # type: ignore[arg-type]

    def __getattr__(self, name: str) -> object:
        """All else (`sampler`, `dataset`, ...) is the loader's."""
        if name == "loader":  # as it is not there yet while a copy is made
            raise AttributeError(name)
        return getattr(self.loader, name)
