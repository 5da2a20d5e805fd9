"""What may be asked of `corrupt`, by which names, and what is refused."""

import pytest
import torch
from torch import Tensor

from robustmoll.corruptions import (
    EXTRA,
    GROUPS,
    NAMES,
    REGISTRY,
    Corrupt,
    corrupt,
)

BAD = [
    (dict(name="gausian_noise"), "unknown corruption 'gausian_noise'; did you mean 'gaussian_noise'"),
    (dict(preset="cifar100"), "unknown preset 'cifar100'; did you mean 'cifar'"),
    (dict(severity=6), "severity must be a number from 0 .* got 6"),
    (dict(severity=-1), "severity must be a number from 0 .* got -1"),
    (dict(severity=float("nan")), "severity must be a number from 0 .* got nan"),
    (dict(severity="3"), "severity must be a number from 0 .* got '3'"),
    (dict(severity=[1, 2]), "one severity per image, got 2 for 6"),
    (dict(name=["fog"]), "one corruption per image, got 1 for 6"),
    (dict(ids=[1, 2, 3]), "one id per image, got 3 for 6"),
    (dict(ids=[0.5] * 6), "ids must be integers, got 0.5"),
    (dict(ids=5), r"one integer per image, got 5; say range\(5, 5 \+ len\(x\)\)"),
    (dict(seed=None), "seed must be an integer, got None"),
    (dict(seed=torch.tensor(1)), r"seed must be an integer, got tensor\(1\)"),
    (dict(x=torch.full((6, 3, 16, 16), 1.01)), r"float images must lie in \[0, 1\]"),
    (dict(x=torch.full((6, 3, 16, 16), float("nan"))), r"float images must lie in \[0, 1\]"),
    (dict(x=torch.zeros(6, 3, 16, 16, dtype=torch.int64)), "got torch.int64"),
    (dict(x=[[0.0]]), "got list"),
    (dict(x=torch.zeros(6, 16, 16, 3)), r"got \(6, 16, 16, 3\)"),
    (dict(x=torch.zeros(3, 32, 32)), r"got \(3, 32, 32\)"),
    (dict(x=torch.zeros(2, 3, 15, 32)), r"got \(2, 3, 15, 32\)"),
    (dict(x=torch.zeros(0, 3, 32, 32)), "the batch is empty"),
]


@pytest.mark.parametrize("change, message", BAD)
def test_mistakes_get_one_clear_line(change: dict, message: str, images: Tensor) -> None:
    request = {"x": images, "name": "contrast", "severity": 3} | change
    with pytest.raises(ValueError, match=message) as caught:
        corrupt(**request)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("side", "preset"), [(32, "cifar"), (64, "tiny"), (224, "imagenet")])
def test_without_a_preset_the_size_of_the_images_chooses_the_constants(side: int, preset: str) -> None:
    x = torch.randint(256, (1, 3, side, side), dtype=torch.uint8)
    expected = corrupt(x, "gaussian_noise", 3, preset)
    assert torch.equal(corrupt(x, "gaussian_noise", 3), expected)
    assert torch.equal(Corrupt()(x, "gaussian_noise", 3), expected)


def test_names_and_groups_partition_the_family() -> None:
    assert set(NAMES) | set(EXTRA) == set(REGISTRY)
    assert sorted(sum(GROUPS.values(), ())) == sorted(REGISTRY)
