from pathlib import Path

import pytest
import torch
from PIL import Image

from robustmoll.data import ImageNet
from robustmoll.data.images import FolderImages, crop

IDS = [f"n{100_000 + 7 * label:08d}" for label in range(1000)]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("imagenet")
    for split in ("train", "val"):
        for label, name in enumerate(IDS):
            (root / split / name).mkdir(parents=True)
            colour = (label % 256, label // 256, split == "val")
            Image.new("RGB", (40, 30), colour).save(root / split / name / "a.png")
    return root


def test_pictures_are_decoded_when_asked_for(root: Path) -> None:
    train, test = ImageNet(str(root), size=16).load()
    for part, blue in ((train, 0), (test, 1)):
        assert isinstance(part.images, FolderImages) and tuple(part.images.shape) == (1000, 3, 16, 16)
        assert part.labels.tolist() == list(range(1000)) and part.classes == tuple(IDS)
        assert part.images[torch.tensor([700])][0, :, 8, 8].tolist() == [700 % 256, 700 // 256, blue]
    assert test.moments()[0] == (0.485, 0.456, 0.406) and test.files == ("a",) * 1000
    assert ImageNet(str(root)).test(crop(24, 1.0, "bicubic")).size == (24, 24)
    assert ImageNet(str(root)).test().size == (224, 224)


def test_a_part_of_imagenet_is_refused(root: Path, tmp_path: Path) -> None:
    (tmp_path / "val").mkdir()
    for name in IDS[:3]:
        (tmp_path / "val" / name).symlink_to(root / "val" / name)
    with pytest.raises(ValueError, match="has 3 classes, ImageNet has 1,000; for a part of it take ImageFolder"):
        ImageNet(str(tmp_path)).test()
    (tmp_path / "val" / "goldfish").mkdir()
    with pytest.raises(ValueError, match="goldfish is not named by a WordNet id"):
        ImageNet(str(tmp_path)).test()
    with pytest.raises(ValueError, match=r"folder .*val does not exist"):
        ImageNet(str(tmp_path / "nowhere")).classes()
    with pytest.raises(ValueError, match="ImageNet needs size >= 16"):
        ImageNet(str(root), crop_pct=0)
