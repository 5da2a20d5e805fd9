"""Adapters change nothing but the place at which mollification happens."""

import copy

import pytest
import torch
from timm.data import Mixup
from timm.data.loader import PrefetchLoader
from timm.loss import SoftTargetCrossEntropy
from torch import Tensor

from robustmoll import Mollify
from robustmoll.integrations.timm import MixupFn, MollifiedLoader
from robustmoll.times import Annealed


@pytest.fixture
def batch(generator: torch.Generator) -> tuple[Tensor, Tensor]:
    return torch.randn(7, 3, 8, 8, generator=generator), torch.arange(7) % 4


def test_it_is_mollify(batch: tuple[Tensor, Tensor]) -> None:
    mollify = Mollify(4)
    torch.manual_seed(3)
    expected = mollify(*batch)
    torch.manual_seed(3)
    for one, other in zip(MixupFn(mollify)(*batch), expected, strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize("policy", ["smooth", "sink"])
def test_switched_off_it_leaves_images_and_makes_targets_soft(policy: str, batch: tuple[Tensor, Tensor]) -> None:
    mixup_fn = MixupFn(Mollify(4, policy=policy, repeats=2))
    mixup_fn.mixup_enabled = False
    with torch.device("meta"):  # whatever the default device: the host decides
        x, y = mixup_fn(*batch)
    assert torch.equal(x, batch[0].repeat_interleave(2, 0))
    assert torch.equal(y[:, :4].argmax(1), batch[1].repeat_interleave(2)) and torch.equal(y.amax(1), torch.ones(14))


def test_timm_mixes_first_and_is_switched_off_too(batch: tuple[Tensor, Tensor]) -> None:
    mixup = Mixup(mixup_alpha=1.0, label_smoothing=0.0, num_classes=4)
    mixup_fn = MixupFn(Mollify(4, probabilities={"clean": 1}), mixup)
    x, y = batch[0][:6], batch[1][:6]
    mixed, targets = mixup_fn(x.clone(), y)
    assert not torch.equal(mixed, x) and ((targets > 0).sum(1) == 2).any(), "two classes in one image"
    assert SoftTargetCrossEntropy()(torch.zeros(6, 4), targets).item() == pytest.approx(torch.tensor(4.0).log().item())
    mixup_fn.mixup_enabled = False
    assert not mixup.mixup_enabled and torch.equal(mixup_fn(x.clone(), y)[0], x)


def test_the_step_is_told_to_the_time() -> None:
    mixup_fn = MixupFn(Mollify(4, {"blur": 1}, time=Annealed(2)))
    x, y = torch.randn(2, 3, 8, 8), torch.tensor([0, 1])
    assert not torch.equal(mixup_fn(x, y)[0], x)
    mixup_fn(x, y)
    torch.testing.assert_close(mixup_fn(x, y)[1].amax(1), torch.ones(2), msg="annealed after two steps")


def test_a_prefetching_loader_is_mollified_behind_its_standardisation() -> None:
    images, labels = torch.randint(256, (6, 3, 8, 8), dtype=torch.uint8), torch.arange(6) % 4
    inner = PrefetchLoader([(images, labels)], device=torch.device("cpu"))
    loader = MollifiedLoader(inner, MixupFn(Mollify(4, {"clean": 1})))
    ((x, y),) = list(loader)
    ((expected, _),) = list(inner)
    assert torch.equal(x, expected) and torch.equal(y.argmax(1), labels) and len(loader) == 1
    assert loader.img_dtype is torch.float32 and copy.copy(loader).loader is inner
    loader.mixup_enabled = False
    assert not loader.mixup_enabled and not loader.mixup_fn.mixup_enabled
