"""Images for the corruption tests, and the outputs of the original code where they are at hand."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

ORACLE = Path(__file__).parents[2].parent / "shared" / "oracle"


def natural_images(n: int, height: int, width: int) -> Tensor:
    """Smooth blobs of colour with sharp edges and a little grain: uint8 of shape (n, 3, height, width)."""
    generator = torch.Generator().manual_seed(height * 1000 + width)
    coarse = torch.rand(n, 3, 5, 6, generator=generator)
    smooth = torch.nn.functional.interpolate(coarse, (height, width), mode="bicubic").clamp(0, 1)
    edges = (torch.rand(n, 1, 4, 4, generator=generator) > 0.7).float()
    edges = torch.nn.functional.interpolate(edges, (height, width), mode="nearest")
    grain = torch.randn(n, 3, height, width, generator=generator) / 50
    return ((smooth * 0.8 + edges * 0.3 + grain).clamp(0, 1) * 255).to(torch.uint8)


@pytest.fixture
def images() -> Tensor:
    """Six images, not square, 40 x 32."""
    return natural_images(6, 40, 32)


class Oracle:
    """Outputs of the original code for one preset, as uint8 tensors of shape (N, 3, H, W)."""

    def __init__(self, preset: str) -> None:
        self.preset = preset
        size = {"cifar": "cifar", "tiny": "tiny", "imagenet": "224"}[preset]
        self.arrays = np.load(ORACLE / f"public_{size}.npz")
        self.draws = json.loads((ORACLE / f"public_{size}_draws.json").read_text())
        self.clean = self._tensor(self.arrays["clean"])

    def corrupted(self, name: str, severity: int) -> Tensor:
        """The output of the original code."""
        return self._tensor(self.arrays[name][severity - 1])

    @staticmethod
    def _tensor(array: np.ndarray) -> Tensor:
        return torch.from_numpy(array).permute(0, 3, 1, 2).contiguous()


@pytest.fixture(params=["cifar", "tiny", "imagenet"])
def oracle(request: pytest.FixtureRequest) -> Oracle:
    """The original's outputs, preset by preset."""
    if not ORACLE.is_dir():
        pytest.skip("the original's outputs are not beside the repository; the closed forms below still run")
    return Oracle(request.param)
