"""Sheets about a training, of numbers that are known."""

import numpy as np
import torch
from matplotlib.figure import Figure

from robustmoll.evaluate.classifiers.plots import (
    sample_sheet,
    schedule_sheet,
)

T = np.linspace(0, 1, 101)


ROWS = [
    {
        "epoch": str(e),
        "loss": str(2 / e),
        "test_nll": str(1 / e),
        "test_error": str(0.5 / e),
        "lr": str(0.1 / e),
    }
    for e in range(1, 31)
]


def schedules() -> Figure:
    with np.errstate(divide="ignore"):
        snr = 1 / np.tan(np.pi * T / 2) ** 2
    return schedule_sheet(
        T,
        alpha=np.cos(np.pi * T / 2),
        sigma=np.sin(np.pi * T / 2),
        snr=snr,
        blur_sigma=0.3 * (32 / 0.3) ** T,
        gamma={"noise": np.sin(np.pi * T / 2) ** 2, "blur": T},
        density=2 * (1 - T),
    )


def samples(channels: int = 3) -> tuple[Figure, torch.Tensor]:
    images = torch.rand(7, channels, 16, 16, generator=torch.Generator().manual_seed(0)) * 1.4 - 0.2
    return sample_sheet(images, [f"noise, t = {i / 7:.2f}\n91 % automobile" for i in range(7)]), images
