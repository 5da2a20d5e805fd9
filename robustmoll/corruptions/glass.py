"""The displacement of pixels in `glass_blur`, without visiting them one by one."""

import torch
from torch import Tensor

DOUBLINGS = 5


def shuffled(x: Tensor, moves: list[Tensor], delta: int) -> Tensor:
    """Replaces pixels, last row first and in each row last column first, by a neighbour as it is by then.

    Args:
        x: Images of shape (B, C, H, W).
        moves: For each time that this is done, integers in [0, 2 delta), (B, 2, H, W): how far right (first
            channel) and down (second) the neighbour is, plus delta.
        delta: Farthest displacement in pixels.
    """
    # Last round first: each round says from where in the image before it a pixel comes.
    index = sources(moves[-1], delta)
    for move in moves[-2::-1]:
        index = sources(move, delta).gather(1, index)
    return x.flatten(2).gather(2, index[:, None].expand(-1, x.shape[1], -1)).view_as(x)


def sources(move: Tensor, delta: int) -> Tensor:
    """Where each pixel's colour comes from in one round, as positions 0 ... H W - 1, int64 (B, H W).

    A pixel copies its neighbour. If that was visited before (it lies further down, or in the same row further
    right), it has been replaced itself; so each pixel starts a chain of visited pixels that ends at one not
    yet visited, whose own colour is what arrives. All chains are followed at once by pointer doubling:
    `DOUBLINGS` of them follow 32 links. Up to delta = 4 a link exists with probability below 0.43, so that
    in one image of a million a longer chain is cut short, at one pixel. With delta = 1 there are no links.
    """
    height, width = move.shape[-2:]
    n = height * width
    inside = visited(height, delta, move.device)[:, None] & visited(width, delta, move.device)
    here = torch.arange(n, device=move.device)
    step = move[:, 1].sub(delta).mul_(width).add_(move[:, 0]).sub_(delta)
    there = step.mul_(inside).flatten(1) + here  # a pixel that is not visited copies itself
    if delta == 1:
        return there
    # Two states of each pixel: replaced (0 ... n - 1) and as it was before (n ... 2 n - 1), where chains end.
    linked = inside.flatten().index_select(0, there.flatten()).view_as(there) & (there > here)
    pointer = torch.cat([torch.where(linked, there, there + n), (here + n).expand_as(there)], dim=1)
    for _ in range(DOUBLINGS):
        pointer[:, :n] = pointer.gather(1, pointer[:, :n])
    return pointer[:, :n] % n


def visited(n: int, delta: int, device: torch.device) -> Tensor:
    """Which positions of a line of n the original's loop `range(n - delta, delta, -1)` visits."""
    position = torch.arange(n, device=device)
    return (position > delta) & (position <= n - delta)
