"""How a corruption gets its name: `@corruption(group)` above a function, and a row in `CONSTANTS`."""

from collections.abc import Callable
from typing import NamedTuple

from torch import Tensor

from robustmoll.corruptions.constants import CONSTANTS

Function = Callable[..., Tensor]  # (x, rng, *constants) -> corrupted x


class Corruption(NamedTuple):
    """A corruption as the engine sees it.

    Attributes:
        function: `(x, rng, *constants) -> y` with x and y float32 of shape (B, C, H, W) in grey levels
            [0, 255]; y may leave that range, the engine clips. x may be overwritten: it is a copy.
        group: Family: noise, blur, weather, digital, or extra.
        colour: True if the function wants three channels. A grey image is then repeated three times and the
            luma of the result is kept.
        whole: True if the function works in whole grey levels: x and y are uint8 then, and x is not its own.
        copies: About how many copies of its images the function makes at a time. The more, the fewer images it
            is given, so that they fit a CPU's cache.
    """

    function: Function
    group: str
    colour: bool
    whole: bool
    copies: float


REGISTRY: dict[str, Corruption] = {}


def corruption(
    group: str, colour: bool = False, whole: bool = False, copies: float = 1
) -> Callable[[Function], Function]:
    """Registers a function under its own name; see `Corruption` for the form it must have."""

    def register(function: Function) -> Function:
        name = function.__name__
        if name in REGISTRY:
            raise ValueError(f"there is a corruption {name!r} already; give the new one another name")
        if name not in CONSTANTS:
            raise ValueError(f"corruption {name!r} has no row in CONSTANTS; add one before registering it")
        REGISTRY[name] = Corruption(function, group, colour, whole, copies)
        return function

    return register
