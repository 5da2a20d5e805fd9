"""Features of images: Inception's against pytorch-fid and SciPy, a classifier's against its last layer."""

import pickle
from pathlib import Path
from urllib.error import URLError

import numpy as np
import pytest
import pytorch_fid.inception
import scipy.ndimage
import torch
from torch import Generator

from robustmoll.evaluate.densities.features import (
    INCEPTION_FILE,
    classifier_features,
    fid_inception,
    inception_features,
)
from robustmoll.storage import checkpoint
from robustmoll.storage.files import sha256
from robustmoll.tasks import load_classifier
from tests.tiny_data import FewDigits


def test_features_are_those_of_pytorch_fid(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pytorch_fid.inception, "load_state_dict_from_url", lambda *args, **kwargs: torch.load(weights))
    network = pytorch_fid.inception.InceptionV3([3]).eval()
    images = torch.randint(256, (3, 3, 32, 40), generator=Generator().manual_seed(0), dtype=torch.uint8)
    with torch.inference_mode():
        theirs = network(images.float() / 255)[0].flatten(1)
    assert float(theirs.std(0).mean()) > 0.01
    torch.testing.assert_close(inception_features(weights)(images), theirs)


def test_inception_pools_as_that_of_2015(weights: Path) -> None:
    network = fid_inception(torch.load(weights))
    x = torch.randn(1, 2048, 4, 5, generator=Generator().manual_seed(0))
    ones = scipy.ndimage.uniform_filter(np.ones((4, 5)), 3, mode="constant")
    window = (1, 1, 3, 3)
    maximum = scipy.ndimage.maximum_filter(x.numpy(), size=window, mode="nearest")
    for name, channels in [("Mixed_5b", 192), ("Mixed_6e", 768), ("Mixed_7b", 1280), ("Mixed_7c", 2048)]:
        block, part = network.get_submodule(name), x[:, :channels]
        average = scipy.ndimage.uniform_filter(part.numpy(), window, mode="constant") / ones
        pooled = torch.from_numpy(maximum if name == "Mixed_7c" else average).float()
        with torch.no_grad():
            expected = block.branch_pool(pooled)
            torch.testing.assert_close(block(x[:, :channels])[:, -expected.shape[1] :], expected, atol=1e-4, rtol=1e-4)


def test_weights_that_cannot_be_used(weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match=r"there is no .*nowhere.pth: put the Inception weights there \(https"):
        inception_features(tmp_path / "nowhere.pth")
    bad = tmp_path / "bad.pth"
    for content in (pickle.dumps(print, protocol=2), b"https://github.com", b"(", b""):
        bad.write_bytes(content)
        with pytest.raises(ValueError, match=r"bad.pth holds no weights, or more than weights; get it from"):
            inception_features(bad)
    torch.save({1: torch.zeros(1)}, bad)
    with pytest.raises(ValueError, match=r"bad.pth holds no weights by name"):
        inception_features(bad)
    torch.save({"fc.weight": torch.zeros(1)}, bad)
    with pytest.raises(ValueError, match=f"these are not the weights {INCEPTION_FILE}: Missing key") as error:
        inception_features(bad)
    assert len(str(error.value)) < 300

    def unreachable(*args: object, **kwargs: object) -> None:
        raise URLError("no route")

    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))
    monkeypatch.setattr(torch.hub, "download_url_to_file", unreachable)
    place = tmp_path / "hub" / "checkpoints" / INCEPTION_FILE
    with pytest.raises(ValueError, match=rf"cannot be downloaded \(URLError.*put it at {place}, or take a classifier"):
        inception_features()
    place.write_bytes(weights.read_bytes())
    assert inception_features().sha256 == sha256(weights.read_bytes())


def test_a_classifier_s_features_are_what_its_last_layer_sees(run: Path) -> None:
    saved = checkpoint.load(run / "checkpoints" / "last")
    classifier, images = load_classifier(saved.config, saved.weights).eval(), FewDigits(size=24).load()[1].images[:8]
    features = classifier_features(run)(images)
    with torch.no_grad():
        logits = classifier.backbone.get_classifier()(features)
        torch.testing.assert_close(logits, classifier(images.float() / 255))
