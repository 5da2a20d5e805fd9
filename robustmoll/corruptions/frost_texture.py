"""Frost drawn by a procedure, for when the original's pictures are not at hand."""

import math

import torch
from torch import Tensor

from robustmoll.corruptions.plasma import plasma, stretched
from robustmoll.counter_rng import CounterRNG

HEIGHT, WIDTH = 256, 384
# Of each texture: dark and bright colour, share of crystals against clouds, sizes of its crystals in pixels.
TEXTURES = (
    ((40, 110, 130), (130, 190, 205), 0.4, (64, 16)),
    ((130, 132, 145), (255, 255, 255), 0.7, (32, 16)),
    ((110, 114, 128), (255, 255, 255), 0.7, (16, 8)),
    ((70, 85, 100), (235, 245, 255), 0.8, (16, 8)),
    ((25, 35, 50), (245, 250, 255), 0.9, (32, 8)),
)
NEEDLE = 4.0  # length of a crystal over its breadth
NEIGHBOURS = [(dy, dx) for dy in range(-2, 3) for dx in range(-2, 3)]


def frost_texture(index: int) -> Tensor:
    """Crystals in all directions on a clouded pane.

    Args:
        index: Which of the `TEXTURES`.

    Returns:
        uint8 of shape (3, HEIGHT, WIDTH); always the same.
    """
    dark, bright, share, sizes = TEXTURES[index]
    rng = CounterRNG("0/frost texture/0.0", [index], torch.device("cpu"))
    clouds = stretched(plasma(rng.uniform(512**2 - 1).mul_(2).sub_(1), 512, 1.4), 1)[0, :HEIGHT, :WIDTH]
    light = (1 - share) * clouds
    for size in sizes:
        light += share / len(sizes) * crystals(rng, size)
    low, high = (torch.tensor(colour, dtype=torch.float32)[:, None, None] for colour in (dark, bright))
    return (low + (high - low) * light).to(torch.uint8)


def crystals(rng: CounterRNG, size: int) -> Tensor:
    """Needles that meet: each pixel belongs to the nearest seed, and shines the more the nearer its spine.

    There is one seed in each cell of `size` pixels; its distance is measured as if the plane were shrunk by
    `NEEDLE` along a direction of its own.

    Returns:
        Brightness in [0, 1], (HEIGHT, WIDTH).
    """
    seed_y, seed_x, turn, tone = rng.uniform(4, HEIGHT // size, WIDTH // size)[0]
    seeds = torch.stack([seed_y, seed_x, torch.sin(math.pi * turn), torch.cos(math.pi * turn), (tone + 1) / 2])
    # Where a pixel lies in its cell, in cells.
    y, x = torch.arange(HEIGHT)[:, None] % size / size, torch.arange(WIDTH) % size / size
    nearest, light = torch.full((HEIGHT, WIDTH), math.inf), torch.zeros(HEIGHT, WIDTH)
    for dy, dx in NEIGHBOURS:
        of_pixels = seeds.roll((-dy, -dx), (1, 2)).repeat_interleave(size, 1).repeat_interleave(size, 2)
        seed_y, seed_x, sine, cosine, tone = of_pixels
        from_y, from_x = y - dy - seed_y, x - dx - seed_x
        along, across = cosine * from_x + sine * from_y, cosine * from_y - sine * from_x
        distance = (along / NEEDLE).square() + across.square()
        light = torch.where(distance < nearest, tone * (1 - 2 * across.abs()).clamp(0, 1), light)
        nearest = torch.minimum(distance, nearest)
    return light
