"""Samples as files: rows as CSV, images side by side, and the way from one to another."""

import io
from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from PIL import Image
from torch import Generator, Tensor

from robustmoll.storage.files import csv_text
from robustmoll.tasks import Likelihood

__all__ = ["Latent", "grid", "interpolation", "rows_csv", "sheet_png"]


@runtime_checkable
class Latent(Protocol):
    """A likelihood model with a way from latent variables to data."""

    def encode(self, x: Tensor) -> Tensor:
        """Returns latent variables of x, shape (B, L); a VAE's likeliest ones."""

    def decode(self, z: Tensor) -> Tensor:
        """Returns data of latent variables."""


def grid(images: Tensor, columns: int) -> np.ndarray:
    """Returns images (N, C, H, W), uint8, side by side in one of shape (H', W', C), with white between."""
    n, channels, height, width = images.shape
    columns = min(columns, n)
    down = -(-n // columns)
    sheet = torch.full((down * columns, channels, height + 1, width + 1), 255, dtype=torch.uint8)
    sheet[:n, :, :height, :width] = images
    rows = sheet.view(down, columns, channels, height + 1, width + 1).permute(0, 3, 1, 4, 2)
    return rows.reshape(down * (height + 1), columns * (width + 1), channels)[:-1, :-1].numpy()


def sheet_png(images: Tensor, columns: int) -> bytes:
    """Returns images (N, C, H, W), uint8, as one PNG, pixel for pixel."""
    content = io.BytesIO()
    Image.fromarray(grid(images, columns).squeeze()).save(content, format="PNG")
    return content.getvalue()


def rows_csv(rows: Tensor, names: Sequence[str]) -> bytes:
    """Returns rows (N, D) as CSV with a line of names."""
    return csv_text(names, ([f"{value:.8g}" for value in row] for row in rows.tolist())).encode()


def interpolation(
    model: Likelihood, n: int, steps: int, generator: Generator | None = None, temperature: float = 1.0
) -> Tensor:
    """Draws pairs of data, and what lies between their latent variables.

    The way is an arc of a great circle: a straight line between two Gaussian vectors passes where there is little mass.

    Args:
        model: With `encode` and `decode`.
        n: Number of pairs.
        steps: Of data on the way of each pair, its ends among them, at least 2.
        generator: Of the samples, on the device of the weights.
        temperature: Of the samples.

    Returns:
        Shape (n * steps, ...), pair by pair, in the units of the data.

    Raises:
        ValueError: If the model has no latent variables, or there are too few steps.
    """
    density = model.density
    if not isinstance(density, Latent):
        raise ValueError(f"{type(density).__name__} has no encode and decode, so there is nothing between two samples")
    if steps < 2:
        raise ValueError(f"an interpolation has its two ends at least, got {steps} step")
    z = density.encode(density.sample(2 * n, generator, temperature))
    start, end = z[:n], z[n:]
    way = torch.linspace(0, 1, steps, device=z.device)[:, None]
    between = torch.stack([_arc(a, b, way) for a, b in zip(start, end, strict=True)])
    return model.domain.leave(density.decode(between.flatten(0, 1)))


def _arc(a: Tensor, b: Tensor, way: Tensor) -> Tensor:
    """Returns points on the arc from a to b, whose length changes evenly; shape (steps, D)."""
    norms = a.norm() * b.norm()
    angle = torch.acos((a @ b / norms).clamp(-1, 1))
    if norms == 0 or angle.sin() < 1e-6:  # no direction, as at temperature 0, or one and the same
        return a + way * (b - a)
    return (torch.sin((1 - way) * angle) * a + torch.sin(way * angle) * b) / angle.sin()
