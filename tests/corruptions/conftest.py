"""Images for the corruption tests, and the outputs of the original code where they are at hand."""

import pytest
import torch
from torch import Tensor

from tests.corruptions.originals import Originals


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


@pytest.fixture(params=["cifar", "tiny", "imagenet"])
def originals(request: pytest.FixtureRequest) -> Originals:
    """The original's outputs, preset by preset."""
    return Originals(request.param)
