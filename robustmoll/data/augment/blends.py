"""Colour operations that move an image away from another one or towards it: black, its mean, its greys, a blurred one.

A new one is a function and a row in `BLENDS`.
"""

from collections.abc import Callable

from torch import Tensor

from robustmoll.data.augment.tables import to_levels

__all__ = ["BLENDS", "blend"]


def blend(x: Tensor, others: Tensor, magnitude: Tensor) -> Tensor:
    """Returns x + magnitude (x - other), cut to whole levels, uint8.

    Args:
        x: Images, float levels, shape (n, C, H, W).
        others: The other images, of that shape.
        magnitude: Shape (n, 1, 1, 1); -1 gives the other image.
    """
    # Not `addcmul`, which is several times slower where a factor is broadcast.
    return to_levels((x - others).mul_(magnitude).add_(x))


def black(x: Tensor) -> Tensor:
    """Brightness: a factor of 1 + magnitude."""
    return x.new_zeros(len(x), 1, 1, 1)


def mean_grey(x: Tensor) -> Tensor:
    """Contrast."""
    return greys(x)[:, :1].mean((1, 2, 3), keepdim=True)


def greys(x: Tensor) -> Tensor:
    """Color: whole grey levels."""
    if x.shape[1] == 1:
        return x
    red, green, blue = x.split(1, 1)
    return red.mul(0.2989).add_(green, alpha=0.587).add_(blue, alpha=0.114).floor_()


def blurred(x: Tensor) -> Tensor:
    """Sharpness: the mean of 3 x 3 pixels, the middle one counted five times, in whole levels; the border stays."""
    blurred = x.clone()
    rows = (x[..., :-2, :] + x[..., 1:-1, :]).add_(x[..., 2:, :])
    total = (rows[..., :-2] + rows[..., 1:-1]).add_(rows[..., 2:]).add_(x[..., 1:-1, 1:-1], alpha=4)
    blurred[..., 1:-1, 1:-1] = total.mul_(1 / 13).round_()
    return blurred


BLENDS: dict[str, Callable[[Tensor], Tensor]] = {
    "Brightness": black,
    "Contrast": mean_grey,
    "Color": greys,
    "Sharpness": blurred,
}
"""Functions of images, float levels (n, C, H, W), to the other ones, of a shape that broadcasts to theirs."""
