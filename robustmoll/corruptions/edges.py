"""The OpenCV steps behind `spatter`, on batches: Canny edges, chamfer distance, equalisation, filters.

Images are the last axis here, (H, W, B): moved by some pixels they are still long runs of memory. Edges and
distances are whole numbers of 16 bits, exact and half as large as float32. Truth is 0 or 1 in such a tensor,
and a choice is a product: on a CPU comparisons that give booleans, and `torch.where`, cost several times as
much.
"""

import torch
from torch import Tensor
from torch.nn.functional import pad

TAN_22_5, TAN_67_5 = 13573 / 32768, 79109 / 32768  # OpenCV's
FOLLOWED = 8  # steps along a weak edge: more change nothing in some thousand layers of spatter
UNIT = 645  # per pixel; makes the steps of OpenCV's 5 x 5 distance mask, 1, 1.4 and 2.1969, whole to 1e-6
STRAIGHT, DIAGONAL, KNIGHT = 645, 903, 1417
# Steps up to sign: (rows, columns, length).
STEPS = (
    (0, 1, STRAIGHT),
    (1, 0, STRAIGHT),
    (1, 1, DIAGONAL),
    (1, -1, DIAGONAL),
    (1, 2, KNIGHT),
    (1, -2, KNIGHT),
    (2, 1, KNIGHT),
    (2, -1, KNIGHT),
)


def framed(x: Tensor, mirror: bool) -> Tensor:
    """Images with one more pixel on each side: the second pixel from there (dcb|abcd|cba), or the first again."""
    for axis in (0, 1):
        first, last = (1, -2) if mirror else (0, -1)
        x = torch.cat([x.select(axis, first).unsqueeze(axis), x, x.select(axis, last).unsqueeze(axis)], dim=axis)
    return x


def exceeds(x: Tensor, y: Tensor | int) -> Tensor:
    """x > y as 1 or 0, for whole numbers of 16 bits that are not too large."""
    return (x - y).clamp_(0, 1)


def canny(levels: Tensor, low: int, high: int) -> Tensor:
    """OpenCV's Canny edges with a 3 x 3 Sobel operator and |dx| + |dy| as the strength.

    Weak edges are followed from strong ones for `FOLLOWED` steps; OpenCV follows them to their end.

    Args:
        levels: Grey levels, int16 of shape (H, W, B).
        low: An edge is stronger than this ...
        high: ... and connected to one stronger than this.

    Returns:
        1 at edges and 0 elsewhere, uint8 of shape (H, W, B).
    """
    x = framed(levels, mirror=False)
    rows = torch.add(x[:-2], x[1:-1], alpha=2).add_(x[2:])
    columns = torch.add(x[:, :-2], x[:, 1:-1], alpha=2).add_(x[:, 2:])
    dx, dy = rows[:, 2:] - rows[:, :-2], columns[2:] - columns[:-2]
    strength = dx.abs().add_(dy.abs())
    edge = ridge(strength, dx, dy).mul_(exceeds(strength, low)).to(torch.uint8)
    reached = pad(edge * exceeds(strength, high).to(torch.uint8), [0, 0, 1, 1, 1, 1])
    for _ in range(FOLLOWED):
        grown = reached[:-2] | reached[1:-1] | reached[2:]
        grown = grown[:, :-2] | grown[:, 1:-1] | grown[:, 2:]
        torch.bitwise_and(edge, grown, out=reached[1:-1, 1:-1])
    return reached[1:-1, 1:-1]


def ridge(strength: Tensor, dx: Tensor, dy: Tensor) -> Tensor:
    """1 where the strength is largest across the edge, whose direction is rounded to 45 degrees.

    Of two equal neighbours the left or upper one of a horizontal or vertical pair is kept, and none of a
    diagonal pair.
    """
    height, width = strength.shape[:2]
    padded = pad(strength, [0, 0, 1, 1, 1, 1])
    above = strength + 1  # strength >= y is above > y

    def neighbour(down: int, right: int) -> Tensor:
        return padded[1 + down : 1 + down + height, 1 + right : 1 + right + width]

    across = exceeds(strength, neighbour(0, -1)).mul_(exceeds(above, neighbour(0, 1)))
    along = exceeds(strength, neighbour(-1, 0)).mul_(exceeds(above, neighbour(1, 0)))
    falling = exceeds(strength, neighbour(-1, -1)).mul_(exceeds(strength, neighbour(1, 1)))
    rising = exceeds(strength, neighbour(-1, 1)).mul_(exceeds(strength, neighbour(1, -1)))
    slope, level = dy.abs().to(torch.float32), dx.abs().to(torch.float32)
    flat = level.mul(TAN_22_5).gt_(slope).to(torch.int16)
    steep = level.mul_(-TAN_67_5).add_(slope).gt_(0).to(torch.int16)
    opposite = (dx ^ dy).lt_(0)
    diagonal = falling.addcmul_(opposite, rising.sub_(falling))
    return diagonal.mul_(1 - flat - steep).addcmul_(flat, across).addcmul_(steep, along)


def chamfer_distance(source: Tensor, most: int) -> Tensor:
    """OpenCV's distance transform with the 5 x 5 mask: the shortest path of `STEPS` to the source.

    A shortest path may take its steps in any order, so all its steps of one kind can come first, then all
    of the next. For each kind, paths of 1, 2, 4 ... steps double the reach until it exceeds `most`.

    Args:
        source: 1 at the source and 0 elsewhere, of shape (H, W, B).
        most: Longer distances are cut to this, in pixels; at most 20.

    Returns:
        Distances in pixels, float32 of shape (H, W, B).
    """
    height, width = source.shape[:2]
    far = most * UNIT
    margin = most  # no step that is tried is longer
    field = pad((1 - source).to(torch.int16).mul_(far), [0, 0] + [margin] * 4, value=far)

    def moved(down: int, right: int) -> Tensor:
        return field[margin + down : margin + down + height, margin + right : margin + right + width]

    distance = moved(0, 0)
    for down, right, length in STEPS:
        steps = 1
        while (steps - 1) * length < far:
            there, back = moved(steps * down, steps * right), moved(-steps * down, -steps * right)
            torch.minimum(distance, torch.minimum(there, back).add_(steps * length), out=distance)
            steps *= 2
    return distance.to(torch.float32).div_(UNIT)


def equalized(levels: Tensor, levels_count: int) -> Tensor:
    """OpenCV's histogram equalisation; an image of one level stays as it is.

    Args:
        levels: Whole numbers in [0, levels_count), float32 of shape (H, W, B).
        levels_count: How many levels there can be.
    """
    flat = levels.flatten(0, 1).to(torch.int64)
    histogram = levels.new_zeros(levels_count, flat.shape[1])
    histogram.scatter_add_(0, flat, torch.ones_like(levels).flatten(0, 1))
    lowest = histogram.gather(0, histogram.gt(0).to(torch.uint8).argmax(dim=0, keepdim=True))
    rest = len(flat) - lowest
    table = (histogram.cumsum(0) - lowest).mul_(255 / rest.clamp(min=1)).round_()
    table = torch.where(rest > 0, table, torch.arange(levels_count, device=levels.device)[:, None])
    return table.gather(0, flat).view_as(levels)


def box_blur(x: Tensor) -> Tensor:
    """The mean of 3 x 3 pixels, borders mirrored."""
    x = framed(x, mirror=True)
    x = (x[:-2] + x[1:-1]).add_(x[2:])
    return (x[:, :-2] + x[:, 1:-1]).add_(x[:, 2:]).div_(9)


def emboss(x: Tensor) -> Tensor:
    """The correlation with [[-2, -1, 0], [-1, 1, 1], [0, 1, 2]], borders mirrored."""
    x = framed(x, mirror=True)
    y = (x[2:, 2:] - x[:-2, :-2]).mul_(2).add_(x[1:-1, 1:-1])
    y.add_(x[2:, 1:-1]).sub_(x[:-2, 1:-1])
    return y.add_(x[1:-1, 2:]).sub_(x[1:-1, :-2])
