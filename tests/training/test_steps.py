"""What a training step computes: every augmentation, label policy and loss together."""

import itertools
import warnings
from pathlib import Path

import pytest
import torch

from robustmoll import Mollify
from robustmoll.data import ImageSet
from robustmoll.data.augment import (
    Augmentation,
    AugMix,
    CutMix,
    MixUp,
    NoisePatches,
    RandomCrop,
    RandomErasing,
    RandomHorizontalFlip,
    RandomRotation,
)
from robustmoll.labels import POLICIES
from robustmoll.seeds import generator_at
from robustmoll.tasks import Classify, ModelArgs
from robustmoll.tasks.losses import LOSSES
from tests.data.augment.augment_images import IMAGES, MIXING
from tests.tiny_data import FewDigits
from tests.tiny_training import NET

SIZE = (16, 16)
ALONE: dict[str, list[Augmentation]] = {name: [make()] for name, make in (IMAGES | MIXING).items()}
AUGMENTATIONS = {name: steps for name, steps in ALONE.items() if steps[0].output_size(SIZE) == SIZE} | {
    "moves": [RandomHorizontalFlip(), RandomCrop(padding=4), RandomRotation(15)],
    "all of them with views": [RandomCrop(padding=4), AugMix(views=3), RandomErasing(), MixUp(), CutMix()],
}
POLICIES_AND_LOSSES = list(itertools.product(POLICIES, LOSSES))


@pytest.mark.parametrize("augmentations", AUGMENTATIONS)
@pytest.mark.parametrize(("policy", "loss"), POLICIES_AND_LOSSES, ids=str)
def test_every_augmentation_takes_two_steps_with_every_policy_and_loss(
    tmp_path: Path, augmentations: str, policy: str, loss: str
) -> None:
    views = "views" in augmentations
    mollify = Mollify(10, policy=policy, repeats=2 if views else 1)
    task = Classify(NET, mollify, loss, AUGMENTATIONS[augmentations], jsd_weight=12.0 if views else 0.0)
    train, _ = FewDigits(66, 10).load()
    classifier = task.build(train)
    optimizer = torch.optim.SGD(classifier.parameters(), 0.01)
    for step in range(2):
        rows = slice(33 * step, 33 * step + 33)  # an odd batch
        draw = task.draw(33, train.size, generator_at(0, step), step)
        x, y = task.prepare(classifier, train.images[rows], train.labels[rows], draw)
        losses = task.losses(classifier, classifier.backbone, x, y)
        assert losses.shape == (33 * mollify.repeats,) and losses.isfinite().all()
        losses.mean().backward()
        optimizer.step()
    assert all(weights.isfinite().all() for weights in classifier.parameters())


@pytest.mark.parametrize("augmentations", ["moves", "TrivialAugmentWide", "AugMix with views"])
def test_a_part_of_a_batch_is_augmented_as_in_the_whole(augmentations: str) -> None:
    views = "views" in augmentations
    task = Classify(NET, Mollify(10), augment=AUGMENTATIONS[augmentations], jsd_weight=12.0 if views else 0.0)
    train, _ = FewDigits(20, 10).load()
    classifier = task.build(train).eval()  # batch statistics would tell images of each other
    draw = task.draw(20, train.size, generator_at(0), 0)
    x, y = train.images, train.labels
    share = slice(7, 20)
    whole = task.losses(classifier, classifier.backbone, *task.prepare(classifier, x, y, draw))
    prepared = task.prepare(classifier, x[share], y[share], draw.part(share))
    part = task.losses(classifier, classifier.backbone, *prepared)
    torch.testing.assert_close(part, whole[7:])


@pytest.mark.parametrize(("pretrained", "channels"), [(True, 3), (True, 1), (False, 3)])
def test_images_are_standardised_as_pretrained_weights_know_them(pretrained: bool, channels: int) -> None:
    images = torch.full((2, channels, 16, 16), 51, dtype=torch.uint8)
    train = ImageSet("grey", "train", images, torch.tensor([0, 1]), ("a", "b"))
    name = "vit_tiny_patch16_224.augreg_in21k"
    cfg = Classify(ModelArgs(name, {"pretrained": pretrained}), Mollify(2)).config(train)["pretrained_cfg"]
    assert cfg["mean"][0] == pytest.approx(0.5 if pretrained and channels == 3 else 0.2)


def test_views_of_an_image_have_one_target() -> None:
    task = Classify(NET, Mollify(10, repeats=2), augment=[AugMix(views=3)], jsd_weight=1.0)
    draw = task.draw(8, (16, 16), generator_at(0), 0).mollify
    assert draw.t.view(8, 3, 2).std(1).max() == 0 and draw.t.view(8, 3, 2).std(2).max() > 0


CLEAN, NOISE = {"clean": 1.0}, {"clean": 1.0, "noise": 1.0}


@pytest.mark.parametrize(
    ("probabilities", "augment", "families"),
    [
        (CLEAN, [], []),
        (NOISE, [], ["noise"]),
        (None, [NoisePatches()], ["blur", "noise"]),
        ({"blur": 1.0}, [NoisePatches()], ["blur", "noise"]),
        (CLEAN, [RandomCrop(), NoisePatches(), MixUp()], ["noise"]),
        (CLEAN, [RandomErasing(value="noise")], ["noise"]),
        (CLEAN, [RandomErasing(value="noise", p=0)], []),
        (CLEAN, [RandomErasing(value=0.5)], []),
    ],
    ids=str,
)
def test_families_of_corruptions_that_the_training_has_seen(
    probabilities: dict[str, float] | None, augment: list[Augmentation], families: list[str]
) -> None:
    assert Classify(NET, Mollify(10, probabilities), augment=augment).families() == families


def test_what_does_not_go_together_is_said() -> None:
    with pytest.raises(ValueError, match="add AugMix with views=3"):
        Classify(NET, Mollify(10), jsd_weight=12.0)
    with pytest.raises(ValueError, match=r"label_smoothing in \[0, 1\)"):
        Classify(NET, Mollify(10), label_smoothing=1.0)
    with pytest.warns(UserWarning, match="labels are smoothed twice"):
        Classify(NET, Mollify(10), label_smoothing=0.1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Classify(NET, Mollify(10, {"clean": 1}), label_smoothing=0.1)
