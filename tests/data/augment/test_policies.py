"""Frequencies and magnitudes of the policies beside torchvision's, and AugMix operation by operation."""

from collections import Counter
from collections.abc import Iterator

import pytest
import torch
from scipy.stats import chi2_contingency, kstest
from torch import Tensor
from torchvision.transforms import v2

from robustmoll.data.augment import AugMix, AutoAugment, RandAugment, TrivialAugmentWide
from robustmoll.data.augment.auto_policies import POLICIES
from robustmoll.data.augment.operations import OPERATIONS
from robustmoll.data.augment.policy import Policy
from tests.data.augment.augment_images import natural_images, seeded

N = 3000
PAIRS: dict[str, tuple[Policy, v2.Transform]] = {
    "TrivialAugmentWide": (TrivialAugmentWide(7), v2.TrivialAugmentWide(7)),
    "RandAugment": (RandAugment(2, 5, 7), v2.RandAugment(2, 5, 7)),
    "AutoAugment imagenet": (AutoAugment("imagenet"), v2.AutoAugment(v2.AutoAugmentPolicy.IMAGENET)),
    "AutoAugment cifar10": (AutoAugment("cifar10"), v2.AutoAugment(v2.AutoAugmentPolicy.CIFAR10)),
}
# What has no magnitude is given 0 by torchvision.
PLAIN = {"Identity", "AutoContrast", "Equalize", "Invert"}


Steps = list[tuple[str, float]]


def watched(policy: v2.Transform) -> Iterator[Steps]:
    """Runs torchvision's policy and gives the operations that it applies to each image."""

    def apply(image: Tensor, name: str, magnitude: float, **kwargs: object) -> Tensor:
        seen.append((name, round(magnitude, 4)))
        return image

    policy._apply_image_or_video_transform = apply
    image = torch.zeros(3, 32, 32, dtype=torch.uint8)
    torch.manual_seed(0)
    for _ in range(N):
        seen: Steps = []
        policy(image)
        yield seen


def drawn(policy: Policy, quiet: bool) -> Iterator[Steps]:
    """Gives the operations of our draws; without Identity where torchvision does not speak of it."""
    draw = policy.draw(N, (32, 32), seeded(1))
    for operations, magnitudes in zip(draw["operation"].tolist(), draw["magnitude"].tolist(), strict=True):
        named = [(OPERATIONS[i], round(m, 4)) for i, m in zip(operations, magnitudes, strict=True)]
        yield [(op, 0.0 if op in PLAIN else m) for op, m in named if not (quiet and op == "Identity")]


@pytest.mark.parametrize("name", PAIRS)
def test_operations_and_magnitudes_are_as_frequent_as_torchvision_s(name: str) -> None:
    ours, theirs = PAIRS[name]
    both = list(drawn(ours, name.startswith("AutoAugment"))), list(watched(theirs))
    single = [Counter(step for steps in found for step in steps) for found in both]
    whole = [Counter(tuple(op for op, _ in steps) for steps in found) for found in both]
    assert single[0].keys() == single[1].keys()
    for counts in (single, whole):
        table = [[count[key] for key in counts[1]] for count in counts]
        assert chi2_contingency(table).pvalue > 0.001


@pytest.mark.parametrize("name", ["imagenet", "cifar10"])
def test_learned_pairs_are_torchvision_s(name: str) -> None:
    theirs = v2.AutoAugment(getattr(v2.AutoAugmentPolicy, name.upper()))._policies
    expected = tuple(tuple((op, p, m or 0) for op, p, m in pair) for pair in theirs)
    assert POLICIES[name] == expected and len(expected) == 25


def test_augmix_mixes_chains_of_torchvision_s_operations() -> None:
    images, augmix = natural_images(40), AugMix()
    draw = augmix.draw(40, (32, 32), seeded())
    result = augmix.apply(images, draw)
    for i, image in enumerate(images):
        weights = draw["weight"][i, 0]
        mix = weights[0] * image
        for chain in range(3):
            changed, steps = image, zip(draw["operation"][i, 0, chain], draw["magnitude"][i, 0, chain], strict=True)
            for operation, magnitude in steps:
                changed = v2.AugMix()._apply_image_or_video_transform(
                    changed, OPERATIONS[operation], float(magnitude), v2.InterpolationMode.BILINEAR, {Tensor: None}
                )
            mix = mix + weights[1 + chain] * changed
        difference = (result[i].int() - mix.to(torch.uint8).int()).abs()
        # Equalize can make much of one level that came out differently before it.
        assert difference.float().mean() < 0.05 and (difference > 1).float().mean() < 0.01


@pytest.mark.parametrize("alpha", [0.3, 1.0])
def test_augmix_draws_depths_operations_and_weights_as_said(alpha: float) -> None:
    draw = AugMix(alpha=alpha, severity=4).draw(N, (32, 32), seeded())
    operation, magnitude, weight = draw["operation"], draw["magnitude"], draw["weight"]
    depth = (operation != 0).sum(-1)
    assert torch.equal(operation != 0, torch.arange(3) < depth[..., None]), "what is not used comes last"
    assert [round(float((depth == d).float().mean()), 1) for d in (1, 2, 3)] == [0.3, 0.3, 0.3]
    shares = torch.bincount(operation[operation > 0], minlength=len(OPERATIONS))[1:].double()
    used = shares[shares > 0]
    assert len(used) == 13 and (used / used.mean() - 1).abs().max() < 0.1
    rotations = magnitude[operation == OPERATIONS.index("Rotate")].abs().round(decimals=3).unique()
    torch.testing.assert_close(rotations, torch.linspace(0, 30, 10)[:4].double(), atol=1e-3, rtol=0)
    torch.testing.assert_close(weight.sum(-1), torch.ones(N, 1))
    assert kstest(weight[:, 0, 0].double().numpy(), "beta", args=(alpha, alpha)).pvalue > 0.01
    among = weight[:, 0, 1] / weight[:, 0, 1:].sum(-1)
    assert kstest(among.double().nan_to_num(0.5).numpy(), "beta", args=(alpha, 2 * alpha)).pvalue > 0.01


def test_augmix_s_views_are_the_image_and_independent_mixtures() -> None:
    images = natural_images(50)
    views = AugMix(views=3)(images, seeded()).view(50, 3, 3, 32, 32)
    assert torch.equal(views[:, 0], images)
    assert (views[:, 1] != views[:, 2]).flatten(1).any(1).float().mean() > 0.9


def test_augmix_without_colours_and_with_a_fixed_depth() -> None:
    operation = AugMix(all_ops=False, chain_depth=4).draw(200, (32, 32), seeded())["operation"]
    names = {OPERATIONS[i] for i in operation.unique()}
    assert operation.shape == (200, 1, 3, 4) and len(names) == 9
    assert not names & {"Identity", "Invert", "Brightness", "Color", "Contrast", "Sharpness"}
