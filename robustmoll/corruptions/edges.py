"""The OpenCV steps behind `spatter`, on batches: Canny edges, chamfer distance, equalisation, box blur."""

import torch
from torch import Tensor
from torch.nn.functional import pad

TAN_22_5 = 13573  # in units of 2^-15
FOLLOWED = 8  # steps along a weak edge: more change nothing in some thousand layers of spatter
STRAIGHT, DIAGONAL, KNIGHT = 1.0, 1.4, 2.1969  # lengths of the steps of OpenCV's 5 x 5 distance mask
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


def canny(levels: Tensor, low: int, high: int) -> Tensor:
    """OpenCV's Canny edges with a 3 x 3 Sobel operator and |dx| + |dy| as the strength.

    Weak edges are followed from strong ones for `FOLLOWED` steps; OpenCV follows them to their end.

    Args:
        levels: Grey levels, int32 of shape (B, H, W).
        low: An edge is stronger than this ...
        high: ... and connected to one stronger than this.

    Returns:
        Boolean of shape (B, H, W).
    """
    padded = pad(levels.float()[:, None], [1] * 4, mode="replicate")[:, 0].to(torch.int32)
    rows = padded[:, :-2] + 2 * padded[:, 1:-1] + padded[:, 2:]
    columns = padded[:, :, :-2] + 2 * padded[:, :, 1:-1] + padded[:, :, 2:]
    dx, dy = rows[:, :, 2:] - rows[:, :, :-2], columns[:, 2:] - columns[:, :-2]
    strength = dx.abs() + dy.abs()
    edge = (strength > low) & is_ridge(strength, dx, dy)
    strong = edge & (strength > high)
    for _ in range(FOLLOWED):
        strong = edge & grown(strong)
    return strong


def is_ridge(strength: Tensor, dx: Tensor, dy: Tensor) -> Tensor:
    """Whether the strength is largest across the edge, whose direction is rounded to 45 degrees.

    Of two equal neighbours the left or upper one of a horizontal or vertical pair is kept, and none of a
    diagonal pair.
    """
    tangent, slope = dx.abs() * TAN_22_5, dy.abs() << 15
    across = (strength > moved(strength, 0, 1)) & (strength >= moved(strength, 0, -1))
    down = (strength > moved(strength, 1, 0)) & (strength >= moved(strength, -1, 0))
    falling = (strength > moved(strength, 1, 1)) & (strength > moved(strength, -1, -1))
    rising = (strength > moved(strength, 1, -1)) & (strength > moved(strength, -1, 1))
    diagonal = torch.where((dx ^ dy) < 0, rising, falling)
    steep = slope > tangent + (dx.abs() << 16)
    return torch.where(slope < tangent, across, torch.where(steep, down, diagonal))


def moved(x: Tensor, down: int, right: int) -> Tensor:
    """Images (B, H, W) moved by one pixel; zeros enter."""
    height, width = x.shape[-2:]
    padded = pad(x, [1] * 4)
    return padded[:, 1 - down : 1 - down + height, 1 - right : 1 - right + width]


def grown(mask: Tensor) -> Tensor:
    """A boolean mask and its eight neighbours."""
    mask = pad(mask, [1] * 4)
    mask = mask[:, :-2] | mask[:, 1:-1] | mask[:, 2:]
    return mask[:, :, :-2] | mask[:, :, 1:-1] | mask[:, :, 2:]


def chamfer_distance(source: Tensor, most: float) -> Tensor:
    """OpenCV's distance transform with the 5 x 5 mask: the shortest path of `STEPS` to the source.

    A shortest path may take its steps in any order, so all its steps of one kind can come first, then all
    of the next. For each kind, paths of 1, 2, 4 ... steps double the reach until it exceeds `most`.

    Args:
        source: Boolean, (B, H, W).
        most: Longer distances are cut to this.
    """
    distance = torch.where(source, 0.0, most)
    for down, right, length in STEPS:
        steps = 1
        while (steps - 1) * length < most:
            for sign in (steps, -steps):
                relax(distance, sign * down, sign * right, steps * length)
            steps *= 2
    return distance


def relax(distance: Tensor, down: int, right: int, length: float) -> None:
    """Lets each pixel be reached, in place, from the pixel that lies so many rows up and columns left."""
    height, width = distance.shape[-2:]
    if abs(down) >= height or abs(right) >= width:
        return
    target = distance[:, max(down, 0) : height + min(down, 0), max(right, 0) : width + min(right, 0)]
    source = distance[:, max(-down, 0) : height + min(-down, 0), max(-right, 0) : width + min(-right, 0)]
    torch.minimum(target, source + length, out=target)


def equalized(levels: Tensor, levels_count: int) -> Tensor:
    """OpenCV's histogram equalisation; an image of one level stays as it is.

    Args:
        levels: Whole numbers in [0, levels_count), float32 of shape (B, H, W).
        levels_count: How many levels there can be.
    """
    flat = levels.flatten(1).to(torch.int64)
    histogram = torch.zeros(len(flat), levels_count, device=levels.device)
    histogram.scatter_add_(1, flat, torch.ones_like(levels).flatten(1))
    lowest = flat.amin(dim=1, keepdim=True)
    rest = flat.shape[1] - histogram.gather(1, lowest)
    table = (histogram.cumsum(1) - histogram.gather(1, lowest)) * (255 / rest.clamp(min=1))
    table = torch.where(rest > 0, table.round_(), torch.arange(levels_count, device=levels.device))
    return table.gather(1, flat).view_as(levels)


def box_blur(x: Tensor) -> Tensor:
    """The mean of 3 x 3 pixels, borders mirrored."""
    x = pad(x[:, None], [1] * 4, mode="reflect")[:, 0]
    x = x[:, :-2] + x[:, 1:-1] + x[:, 2:]
    return (x[:, :, :-2] + x[:, :, 1:-1] + x[:, :, 2:]).div_(9)


def emboss(x: Tensor) -> Tensor:
    """The correlation with [[-2, -1, 0], [-1, 1, 1], [0, 1, 2]], borders mirrored."""
    x = pad(x[:, None], [1] * 4, mode="reflect")[:, 0]
    falling = x[:, 2:, 2:] - x[:, :-2, :-2]
    down, right = x[:, 2:, 1:-1] - x[:, :-2, 1:-1], x[:, 1:-1, 2:] - x[:, 1:-1, :-2]
    return falling.mul_(2).add_(down).add_(right).add_(x[:, 1:-1, 1:-1])
