"""The fractal that fog, and our own frost, are made of."""

from torch import Tensor


def plasma(noise: Tensor, size: int, wibble_decay: float) -> Tensor:
    """Diamond-square fractals that wrap around.

    From a grid of n x n points comes one of 2n x 2n: new points in the middle of four old ones, then new
    points in the middle of two old and two new ones. Each is the mean of its four neighbours plus wibble^2
    times its number. The wibble starts at 100 and is divided by the decay from grid to grid.

    Args:
        noise: Numbers in (-1, 1), float32 of shape (B, size^2 - 1): for each grid those of the centres, of
            the points to the right of old ones, and of those below.
        size: Of the last grid, a power of two.
        wibble_decay: At least 1.

    Returns:
        Heights of any range, (B, size, size).
    """
    heights = noise.new_zeros(len(noise), 1, 1)
    used, wibble = 0, 100.0
    while (n := heights.shape[-1]) < size:
        numbers = noise[:, used : used + 3 * n * n].view(-1, 3, n, n)
        below = heights + heights.roll(-1, 1)
        centre = numbers[:, 0].mul(wibble**2).add_(below + below.roll(-1, 2), alpha=0.25)
        across = centre + centre.roll(1, 1) + heights + heights.roll(-1, 2)
        across = numbers[:, 1].mul(wibble**2).add_(across, alpha=0.25)
        down = numbers[:, 2].mul(wibble**2).add_(centre + centre.roll(1, 2) + below, alpha=0.25)
        finer = heights.new_empty(len(noise), n, 2, n, 2)
        finer[:, :, 0, :, 0], finer[:, :, 0, :, 1] = heights, across
        finer[:, :, 1, :, 0], finer[:, :, 1, :, 1] = down, centre
        heights = finer.view(-1, 2 * n, 2 * n)
        used, wibble = used + 3 * n * n, wibble / wibble_decay
    return heights


def stretched(heights: Tensor, top: float) -> Tensor:
    """Scales each map to the range from 0 to `top`."""
    low, high = heights.amin(dim=(1, 2), keepdim=True), heights.amax(dim=(1, 2), keepdim=True)
    return (heights - low).mul_(top / (high - low))
