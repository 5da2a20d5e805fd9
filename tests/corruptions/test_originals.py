"""Pixel by pixel against the original code: the deterministic corruptions as they are, the random ones with
its draws.

`shot_noise` is missing here: the original's Poisson numbers cannot be replayed through an inverted
distribution function; see test_noise.py.
"""

import pytest
import torch
from torch import Tensor

from robustmoll.corruptions import CONSTANTS, REGISTRY, corrupt, frost_source
from robustmoll.corruptions.constants import constants
from robustmoll.corruptions.frost import frost_folder, scaled_pictures
from tests.corruptions.originals import FOLDER, Originals
from tests.corruptions.replay import PREPARE, Replay, replay

if not FOLDER.is_dir():
    pytest.skip("no outputs of the original; other tests use scipy, Pillow and loops", allow_module_level=True)

DETERMINISTIC = [
    "defocus_blur",
    "zoom_blur",
    "brightness",
    "contrast",
    "pixelate",
    "jpeg_compression",
    "gaussian_blur",
    "saturate",
]


def with_draws(name: str, x: Tensor, draws: Replay, values: tuple[float, ...]) -> Tensor:
    """What the engine computes for uint8 images, with draws from elsewhere."""
    return REGISTRY[name].function(x.float(), draws, *values).clamp(0, 255).to(torch.uint8)


def assert_alike(ours: Tensor, theirs: Tensor, share: float, most: int) -> None:
    """At least `share` of the values lie within one grey level, none is more than `most` off."""
    error = (ours.int() - theirs.int()).abs()
    assert (error <= 1).float().mean() >= share
    assert error.max() <= most


@pytest.mark.parametrize("severity", range(1, 6))
@pytest.mark.parametrize("name", DETERMINISTIC)
def test_deterministic(name: str, severity: int, originals: Originals) -> None:
    ours = corrupt(originals.clean, name, severity, originals.preset)
    assert_alike(ours, originals.corrupted(name, severity), share=0.9999, most=1)


@pytest.mark.parametrize("severity", range(1, 6))
@pytest.mark.parametrize("name", PREPARE)
def test_random_with_the_draws_of_the_original(name: str, severity: int, originals: Originals) -> None:
    values = constants(name, originals.preset, severity)
    clean = originals.clean
    seed = originals.seed + 100 * list(CONSTANTS).index(name) + severity
    draws = replay(name, values, len(clean), clean.shape[-1], seed)
    # The sampling of today's scipy and OpenCV is the intent of the original's; see digital.py.
    theirs = originals.corrupted("elastic_transform__modern" if name == "elastic_transform" else name, severity)
    ours = with_draws(name, clean, draws, values)
    # In spatter one grey level of the noise, lost to float32, can tip an edge and relight a whole drop.
    share, most = (0.99, 255) if name == "spatter" else (0.999, 2)
    assert_alike(ours, theirs, share, most)


@pytest.mark.parametrize("severity", range(1, 6))
def test_frost_with_the_draws_of_the_original(severity: int, originals: Originals) -> None:
    if frost_source() != "frost":
        pytest.skip("no pictures of the original; test_frost.py crops pictures of its own")
    values = constants("frost", originals.preset, severity)
    size = originals.clean.shape[-1]
    pictures = scaled_pictures(frost_folder(), values[2], size, size, torch.device("cpu"))
    fractions = []
    for image_draws in originals.draws["frost"][str(severity)]:
        pick, row, column = (int(value) for _, value in image_draws)
        height, width = pictures[pick].shape[1:]
        fractions.append([(pick + 0.5) / 5, (row + 0.5) / (height - size), (column + 0.5) / (width - size)])
    draws = Replay(scalars=[torch.tensor(fractions).numpy()])
    ours = with_draws("frost", originals.clean, draws, values)
    assert_alike(ours, originals.corrupted("frost", severity), share=0.9999, most=1)
