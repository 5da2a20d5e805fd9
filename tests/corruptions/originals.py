"""Outputs of the original code, kept beside the repository and not in it."""

import json
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

FOLDER = Path(__file__).parents[2].parent / "shared" / "oracle"
FILES = {"cifar": "public_cifar", "tiny": "public_tiny", "imagenet": "public_224"}


class Originals:
    """Clean and corrupted images of one preset, uint8 of shape (N, 3, H, W)."""

    def __init__(self, preset: str) -> None:
        self.preset = preset
        self.arrays = np.load(FOLDER / f"{FILES[preset]}.npz")
        self.draws = json.loads((FOLDER / f"{FILES[preset]}_draws.json").read_text())
        self.clean = as_tensor(self.arrays["clean"])
        self.seed = int(self.arrays["seedbase"])

    def corrupted(self, name: str, severity: int) -> Tensor:
        """The output of the original code."""
        return as_tensor(self.arrays[name][severity - 1])


def as_tensor(images: np.ndarray) -> Tensor:
    """(N, H, W, 3) to (N, 3, H, W)."""
    return torch.from_numpy(images).permute(0, 3, 1, 2).contiguous()
