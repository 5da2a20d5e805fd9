"""The displacement of pixels in `glass_blur`, without visiting them one by one."""

import torch
from torch import Tensor

DOUBLINGS = 6


def shuffled(x: Tensor, choice: Tensor, delta: int) -> Tensor:
    """Replaces pixels, last row first and in each row last column first, by a neighbour as it is by then.

    Pixel p becomes p + (dy, dx). If that pixel was visited before p, its replacement is what is copied; so
    each pixel starts a chain of visited pixels, ever farther down, that ends at one not yet visited, whose
    own colour is what arrives. All chains are followed at once, by pointer doubling: `DOUBLINGS` of them
    follow 64 links. A link exists with probability below 0.45, so that a longer chain turns up in one image
    of 10^18.

    Args:
        x: Images of shape (B, C, H, W).
        choice: Integers in [0, 4 delta^2), shape (B, H, W): (dy, dx) in [-delta, delta)^2, row-major.
        delta: Farthest displacement in pixels. With 1, no link exists: neighbours down and right are never
            taken.
    """
    batch, channels, height, width = x.shape
    offset_y, offset_x = choice // (2 * delta) - delta, choice % (2 * delta) - delta
    rows, columns = visited(height, delta, x.device)[:, None], visited(width, delta, x.device)
    here = torch.arange(height * width, device=x.device).view(height, width)
    # Where a pixel is not visited its "neighbour" is itself.
    there = here + torch.where(rows & columns, offset_y * width + offset_x, 0)
    there = there.view(batch, -1)
    if delta > 1:
        there = last_link(there, (rows & columns).flatten(), here.flatten())
    index = there[:, None].expand(-1, channels, -1)
    return x.flatten(2).gather(2, index).view_as(x)


def last_link(there: Tensor, inside: Tensor, here: Tensor) -> Tensor:
    """Follows chains to their ends.

    Args:
        there: The pixel that each pixel copies, (B, H W).
        inside: Which pixels are visited at all, (H W).
        here: 0 ... H W - 1.
    """
    # A pixel that is copied before its visit stands for its old colour: such a link is marked by a final
    # state, the index shifted by H W, which points at itself.
    n = len(here)
    final = ~inside[there] | (there <= here)
    pointer = torch.where(final, there + n, there)
    for _ in range(DOUBLINGS):
        next_pointer = pointer.gather(1, pointer.remainder(n))
        pointer = torch.where(pointer < n, next_pointer, pointer)
    return pointer.remainder(n)


def visited(n: int, delta: int, device: torch.device) -> Tensor:
    """Which positions of a line of n the original's loop `range(n - delta, delta, -1)` visits."""
    position = torch.arange(n, device=device)
    return (position > delta) & (position <= n - delta)
