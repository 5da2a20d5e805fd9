"""Frost with pictures of one's own, and without any."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from robustmoll.corruptions import corrupt, frost_source
from robustmoll.corruptions import frost as frost_module
from robustmoll.corruptions.frost import PICTURES, VARIABLE, resized
from robustmoll.corruptions.frost_texture import frost_texture


@pytest.fixture
def pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[np.ndarray]:
    """Five pictures in a folder that the environment names, each a ramp of colours of its own."""
    arrays = []
    for i, name in enumerate(PICTURES):
        y, x = np.mgrid[:90, :120]
        array = np.stack([y, x + 100, np.full_like(x, 40 * i)], axis=-1).astype(np.uint8)
        Image.fromarray(array).save(tmp_path / name, format="PNG")
        arrays.append(array)
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    return arrays


@pytest.fixture
def no_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a folder nor a package."""
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setattr(frost_module, "PACKAGES", {})


def test_other_pictures_are_called_so(pictures: list[np.ndarray]) -> None:
    assert frost_source() == "frost (other pictures)"


def test_procedural_frost_is_called_so(no_pictures: None) -> None:
    assert frost_source() == "frost (procedural)"


def test_procedural_frost_warns(no_pictures: None, images: Tensor) -> None:
    frost_module.raw_pictures.cache_clear()
    frost_module.scaled_pictures.cache_clear()
    with pytest.warns(UserWarning, match="report it as 'frost .procedural.'.* ROBUSTMOLL_FROST"):
        corrupt(images, "frost", 3)


def test_an_incomplete_folder_is_an_error(pictures: list[np.ndarray], tmp_path: Path, images: Tensor) -> None:
    (tmp_path / "frost4.jpg").unlink()
    with pytest.raises(ValueError, match=r"ROBUSTMOLL_FROST names .*, which lacks frost4\.jpg"):
        frost_source()
    with pytest.raises(ValueError, match=r"which lacks frost4\.jpg"):
        corrupt(images, "frost", 3)


def test_a_crop_of_a_picture_is_added(pictures: list[np.ndarray]) -> None:
    # The imagenet preset does not scale; severity 1 adds 0.4 of the picture to the whole image.
    y = corrupt(torch.zeros(200, 3, 32, 48), "frost", 1, "imagenet") * 255 / 0.4
    crops = y.round().long()
    corner = crops[:, :, 0, 0]
    top, left, picture = corner[:, 0], corner[:, 1] - 100, corner[:, 2] // 40
    for i in range(len(crops)):
        crop = pictures[picture[i]][top[i] : top[i] + 32, left[i] : left[i] + 48].transpose(2, 0, 1)
        assert np.array_equal(crops[i].numpy(), crop)
    assert set(picture.tolist()) == {0, 1, 2, 3, 4}
    assert top.min() < 3 and 90 - 32 - 4 < top.max() < 90 - 32  # the last position is never drawn
    assert left.min() < 3 and 120 - 48 - 4 < left.max() < 120 - 48


def test_small_presets_shrink_the_pictures(pictures: list[np.ndarray]) -> None:
    # A fifth of 90 x 120 is 18 x 24: from row to row of a crop the ramp climbs by five; 0.2 of it is added.
    y = corrupt(torch.zeros(20, 3, 16, 16), "frost", 1, "cifar") * 255 / 0.2
    climb = y[:, 0].diff(dim=1)
    torch.testing.assert_close(climb, torch.full_like(climb, 5), atol=1e-3, rtol=0)


def test_pictures_are_enlarged_for_large_images(pictures: list[np.ndarray]) -> None:
    y = corrupt(torch.zeros(3, 3, 100, 60), "frost", 1, "imagenet")
    assert y.shape == (3, 3, 100, 60) and (y.amax(dim=(1, 2, 3)) > 0).all()


def test_shrinking_reads_single_points() -> None:
    # By a fifth, OpenCV's bilinear reads the third of each five pixels, with no smoothing.
    picture = torch.randint(256, (3, 40, 50), dtype=torch.uint8)
    assert torch.equal(resized(picture, 0.2), picture[:, 2::5, 2::5].float())


def test_procedural_frost_looks_like_frost(no_pictures: None, images: Tensor) -> None:
    textures = torch.stack([frost_texture(i) for i in range(5)]).float()
    means = textures.mean(dim=(2, 3))
    assert (means[:, 2] > means[:, 0]).all()  # bluish
    assert (means > 60).all() and (means < 230).all() and (textures.std(dim=(2, 3)) > 5).all()
    assert len({tuple(mean.tolist()) for mean in means}) == 5
    light = corrupt(images, "frost", 1).float().mean() - images.float().mean()
    assert light > 10
