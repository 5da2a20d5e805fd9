"""Networks whose features tell images apart."""

from pathlib import Path

import pytest
import torch
from torch import nn
from torchvision.models.inception import Inception3

from robustmoll import Mollify
from robustmoll.evaluate.densities.features import INCEPTION_FILE
from robustmoll.tasks import Classify, ModelArgs
from robustmoll.training import Trainer
from tests.tiny_data import FewDigits


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random weights, in the form of the usual file; there is no network here."""
    torch.manual_seed(0)
    network = Inception3(num_classes=1008, aux_logits=False, init_weights=False)
    for part in network.modules():
        if isinstance(part, nn.Conv2d):
            nn.init.kaiming_normal_(part.weight)  # or nothing of an image would come through
    file = tmp_path_factory.mktemp("weights") / INCEPTION_FILE
    torch.save(network.state_dict(), file)
    return file


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run") / "digits"
    Trainer(
        FewDigits(size=24), Classify(ModelArgs("digits_cnn"), Mollify(10)), str(folder), epochs=1, batch_size=32
    ).fit()
    return folder
