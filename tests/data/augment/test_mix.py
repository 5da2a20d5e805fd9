"""MixUp and CutMix: laws, torchvision's results at equal draws, distributions."""

import pytest
import torch
from scipy.stats import kstest
from torch import Tensor
from torchvision.transforms import v2

from robustmoll.data.augment import Augmentations, AugMix, CutMix, MixUp
from robustmoll.data.augment.mix import Mix
from tests.data.augment.augment_images import seeded

MIXES: tuple[type[Mix], ...] = (MixUp, CutMix)


def batch(n: int, classes: int = 10) -> tuple[Tensor, Tensor]:
    generator = seeded(3)
    x = torch.randn(n, 3, 16, 24, generator=generator)
    return x, torch.nn.functional.one_hot(torch.randint(classes, (n,), generator=generator), classes).float()


@pytest.mark.parametrize("kind", MIXES)
@pytest.mark.parametrize("per_image", [True, False])
@pytest.mark.parametrize("n", [1, 2, 7, 64])
def test_targets_sum_to_one_for_any_batch(kind: type[Mix], per_image: bool, n: int) -> None:
    x, y = batch(n)
    before = x.clone(), y.clone()
    x_m, y_m = kind(per_image=per_image)(x, y, seeded())
    assert x_m.shape == x.shape and x_m.dtype == x.dtype and y_m.shape == y.shape and (y_m >= 0).all()
    torch.testing.assert_close(y_m.sum(1), torch.ones(n))
    assert torch.equal(x, before[0]) and torch.equal(y, before[1])
    draw = kind(per_image=per_image).draw(n, (16, 24), seeded())
    # Areas of rectangles are whole pixels, so some are equal.
    assert n / 2 < len(draw["kept"].unique()) <= n if per_image else len(draw["kept"].unique()) == 1


@pytest.mark.parametrize("name", ["MixUp", "CutMix"])
def test_a_shared_draw_gives_what_torchvision_gives(name: str) -> None:
    x, y = batch(9)
    ours, theirs = {"MixUp": MixUp, "CutMix": CutMix}[name](per_image=False), getattr(v2, name)(num_classes=10)
    draw = ours.draw(9, (16, 24), seeded())
    kept = float(draw["kept"][0])
    params = {"lam": kept, "lam_adjusted": kept, "labels": y, "batch_size": 9}
    if name == "CutMix":
        top, left, bottom, right = draw["box"][0].tolist()
        params["box"] = (left, top, right, bottom)
    x_m, y_m = ours.apply(x, y, draw)
    torch.testing.assert_close(x_m, theirs.transform(x, params), atol=1e-6, rtol=0)
    torch.testing.assert_close(y_m, theirs._mixup_label(y, lam=kept), atol=1e-6, rtol=0)


def test_cutmix_targets_tell_the_area() -> None:
    x = torch.arange(30.0)[:, None, None, None].expand(30, 1, 16, 24)
    y = torch.eye(30)
    x_c, y_c = CutMix()(x, y, seeded())
    own = (x_c == x).flatten(1).float().mean(1)
    torch.testing.assert_close(y_c.diagonal(), own)
    torch.testing.assert_close(y_c[torch.arange(30), torch.arange(30) - 1], 1 - own)
    assert set(x_c.unique().tolist()) <= set(range(30)), "pixels are one image's or the other's"


def test_mixup_images_and_targets_mix_alike() -> None:
    y = torch.eye(20)
    x = y[:, :, None, None].expand(20, 20, 8, 8).contiguous()
    x_m, y_m = MixUp(0.4)(x, y, seeded())
    torch.testing.assert_close(x_m.mean((2, 3)), y_m)


@pytest.mark.parametrize("alpha", [0.2, 1.0, 3.0])
def test_shares_are_beta_distributed(alpha: float) -> None:
    kept = MixUp(alpha).draw(2000, (32, 32), seeded())["kept"]
    assert kstest(kept.double().numpy(), "beta", args=(alpha, alpha)).pvalue > 0.01


@pytest.mark.parametrize("kind", MIXES)
def test_some_images_stay_as_they_are(kind: type[Mix]) -> None:
    x, y = batch(600)
    x_m, y_m = kind(p=0.4)(x, y, seeded())
    same = (x_m == x).flatten(1).all(1)
    assert torch.equal(y_m[same], y[same]) and 0.5 < same.float().mean() < 0.75  # a box of no pixels changes nothing
    assert torch.equal(kind(p=0)(x, y)[0], x)


@pytest.mark.parametrize("kind", MIXES)
def test_views_of_an_image_are_mixed_alike(kind: type[Mix]) -> None:
    x, y = batch(7)
    mix = kind()
    draw = mix.draw(7, (16, 24), seeded())
    views = torch.stack([x, -x, 2 * x], 1).flatten(0, 1)
    x_v, y_v = mix.apply(views, y, draw)
    x_m, y_m = mix.apply(x, y, draw)
    assert torch.equal(y_v, y_m)
    torch.testing.assert_close(x_v.view(7, 3, 3, 16, 24), torch.stack([x_m, -x_m, 2 * x_m], 1))


def test_mixing_twice_and_after_views() -> None:
    steps = Augmentations([AugMix(views=3), MixUp(), CutMix()])
    x = torch.randint(256, (5, 3, 16, 24), dtype=torch.uint8)
    y = torch.eye(10)[:5]
    draws = steps.draw(5, (16, 24), seeded())
    x_m, y_m = steps.mix(steps.augment(x, draws) / 255, y, draws)
    assert x_m.shape == (15, 3, 16, 24) and y_m.shape == (5, 10)
    torch.testing.assert_close(y_m.sum(1), torch.ones(5))


def test_half_precision_is_kept() -> None:
    x, y = batch(4)
    x_m, y_m = MixUp()(x.bfloat16(), y, seeded())
    assert x_m.dtype == torch.bfloat16 and y_m.dtype == torch.float32
