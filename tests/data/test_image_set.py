from dataclasses import replace

import numpy as np
import pytest
import torch

from robustmoll.data import ImageSet
from tests.data.samples import image_set


def test_pixels_are_read_once_for_their_moments(monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = torch.arange(24, dtype=torch.uint8).view(2, 3, 2, 2)
    images = ImageSet("x", "train", pixels, torch.zeros(2, dtype=torch.int64), ("a", "b"))
    first = images.moments()
    monkeypatch.setattr(ImageSet, "batches", None)
    assert images.moments() == first


def test_moments_are_those_of_the_pixels() -> None:
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(256, (7, 3, 5, 4), generator=generator, dtype=torch.uint8)
    mean, std = ImageSet("x", "train", images, torch.zeros(7, dtype=torch.int64), ("a", "b")).moments()
    pixels = images.double().div(255).transpose(0, 1).flatten(1)
    np.testing.assert_allclose(mean, pixels.mean(1))
    np.testing.assert_allclose(std, pixels.std(1, unbiased=False))


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (torch.zeros(2, 3, 4, 4), torch.zeros(2, dtype=torch.int64), "must be uint8"),
        (torch.zeros(2, 2, 4, 4, dtype=torch.uint8), torch.zeros(2, dtype=torch.int64), "1 or 3 channels"),
        (torch.zeros(2, 3, 4, 4, dtype=torch.uint8), torch.zeros(3, dtype=torch.int64), "2 images and"),
        (torch.zeros(0, 3, 4, 4, dtype=torch.uint8), torch.zeros(0, dtype=torch.int64), "at least one image"),
        (torch.zeros(2, 3, 4, 4, dtype=torch.uint8), torch.tensor([0, 2]), r"labels 0\.\.2 do not fit 2 classes"),
    ],
)
def test_parts_that_do_not_fit_are_refused(images: torch.Tensor, labels: torch.Tensor, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ImageSet("x", "train", images, labels, ("a", "b"))


@pytest.mark.parametrize("fraction", [0.05, 0.95])
def test_a_share_too_small_for_one_image_of_each_class_is_refused(fraction: float) -> None:
    with pytest.raises(ValueError, match=f"a share of {fraction} of 12 images .* for each of 3 classes"):
        image_set(12, classes=3).hold_out(fraction)


@pytest.mark.parametrize(("fraction", "place"), [(0.2, "held out"), (0.8, "for the training")])
def test_a_split_without_an_image_of_a_class_is_refused(fraction: float, place: str) -> None:
    labels = (torch.arange(202) >= 200).long()
    images = replace(image_set(202, classes=2, size=8), labels=labels, classes=("many", "few"))
    with pytest.raises(ValueError, match=f"a share of {fraction} leaves none of the 2 images of class 'few' {place}"):
        images.hold_out(fraction)
    for part in images.hold_out(0.5):
        assert set(part.labels.tolist()) == {0, 1}
