"""Laws of `Mollify`."""

import pytest
import torch
from torch import Tensor, nn
from torchvision.transforms.v2 import CutMix, MixUp

from benchmarks.plain_mollify import plain_mollify
from robustmoll import Draw, Mollify
from robustmoll.counter_rng import CounterRNG
from robustmoll.degradations import GaussianBlur, Noise
from robustmoll.labels import POLICIES
from robustmoll.schedules import PowerLabel
from robustmoll.times import Annealed, Fixed


def batch(n: int = 60, classes: int = 10, size: tuple[int, int] = (8, 12)) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(7)
    return torch.randn(n, 3, *size, generator=generator), torch.randint(classes, (n,), generator=generator)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def noise_of(draw: Draw, pixels: int = 3 * 16 * 16) -> Tensor:
    """The noise that each place of a batch stands for."""
    return CounterRNG(f"{draw.seed}/mollify", range(len(draw.t)), torch.device("cpu")).normal(pixels)


def test_the_fast_way_is_the_plain_one() -> None:
    x, y = batch(128, size=(16, 16))
    mollify = Mollify(10)
    draw = mollify.draw(len(x), seeded())
    x_t, y_t = mollify.apply(x, y, draw)
    noise = noise_of(draw)[draw.roles == 1]
    expected = plain_mollify(x, y, draw.roles, draw.t, lambda like: noise[:, : like[0].numel()].view_as(like), 10)
    torch.testing.assert_close(x_t, expected[0], atol=1e-5, rtol=0)
    torch.testing.assert_close(y_t, expected[1])


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("soft", [False, True])
def test_shapes_sums_and_clean_images(policy: str, soft: bool) -> None:
    x, y = batch()
    y_in = torch.nn.functional.one_hot(y, 10).float() if soft else y
    mollify = Mollify(10, policy=policy)
    draw = mollify.draw(len(x), seeded())
    before = x.clone(), y_in.clone()
    x_t, y_t = mollify.apply(x, y_in, draw)
    assert x_t.shape == x.shape and y_t.shape == (len(x), mollify.num_outputs) == (len(x), 10 + POLICIES[policy].sink)
    assert torch.equal(x, before[0]) and torch.equal(y_in, before[1]), "the caller's tensors are untouched"
    clean = draw.roles == 0
    assert torch.equal(x_t[clean], x[clean]) and (draw.t[clean] == 0).all() and 0 < clean.sum() < len(x)
    assert (x_t[~clean] != x[~clean]).flatten(1).any(1).all()
    assert torch.equal(y_t[clean, :10], torch.nn.functional.one_hot(y[clean], 10).float())
    if POLICIES[policy].softens:
        torch.testing.assert_close(y_t.sum(1), torch.ones(len(x)))


def test_the_same_draw_replays_the_same_result_and_the_same_seed_the_same_draw() -> None:
    x, y = batch()
    mollify, before = Mollify(10), torch.get_rng_state()
    one, other = mollify.draw(len(x), seeded()), mollify.draw(len(x), seeded())
    assert torch.equal(one.roles, other.roles) and torch.equal(one.t, other.t) and one.seed == other.seed
    for a, b in zip(mollify.apply(x, y, one), mollify.apply(x, y, other), strict=True):
        assert torch.equal(a, b)
    assert torch.equal(mollify(x, y, seeded())[0], mollify.apply(x, y, one)[0])
    assert torch.equal(before, torch.get_rng_state()), "no global randomness"
    assert not torch.equal(one.t, mollify.draw(len(x), seeded(1)).t)


def test_without_a_generator_torch_s_own_seed_holds() -> None:
    x, y = batch()
    results = []
    for _ in range(2):
        torch.manual_seed(3)
        results.append(Mollify(10)(x, y)[0])
    assert torch.equal(*results)


@pytest.mark.parametrize(
    ("weights", "shares"),
    [
        (None, {"clean": 1 / 3, "noise": 1 / 3, "blur": 1 / 3}),
        ({"clean": 2, "noise": 1, "pure_noise": 1}, {"clean": 0.5, "noise": 0.25, "pure_noise": 0.25}),
        ({"blur": 0.2}, {"blur": 1.0}),
    ],
)
def test_roles_come_with_their_probabilities(weights: dict[str, float] | None, shares: dict[str, float]) -> None:
    mollify = Mollify(10, weights)
    counts = torch.bincount(mollify.draw(30_000, seeded()).roles, minlength=len(mollify.roles)) / 30_000
    expected = torch.tensor([shares.get(role, 0.0) for role in mollify.roles])
    torch.testing.assert_close(counts, expected, atol=0.01, rtol=0)
    assert (counts[expected == 0] == 0).all()


def test_pure_noise_is_noise_under_the_uniform_label() -> None:
    x, y = batch(200, size=(16, 16))
    mollify = Mollify(10, {"pure_noise": 1})
    draw = mollify.draw(200, seeded())
    x_t, y_t = mollify.apply(100 + x, y, draw)
    assert (draw.t == 1).all()
    torch.testing.assert_close(y_t, torch.full((200, 10), 0.1))
    assert float(x_t.mean()) == pytest.approx(0, abs=0.02) and float(x_t.std()) == pytest.approx(1, abs=0.02)


def test_the_label_loses_what_its_degradation_says() -> None:
    x, y = batch()
    degradations = {"noise": Noise(label=PowerLabel(3)), "gauss": GaussianBlur()}
    mollify = Mollify(10, {"noise": 1, "gauss": 1}, Fixed(0.5), degradations, "degrade")
    draw = mollify.draw(len(x), seeded())
    _, y_t = mollify.apply(x, y, draw)
    expected = torch.where(draw.roles == mollify.roles.index("noise"), 1 - 0.5**3, 0.5)
    torch.testing.assert_close(y_t.sum(1), expected)


def test_repeats_are_independent_draws_side_by_side() -> None:
    x, y = batch(20)
    mollify = Mollify(10, {"noise": 1}, repeats=3)
    x_t, y_t = mollify(x, y, seeded())
    assert x_t.shape == (60, 3, 8, 12) and torch.equal(y_t.argmax(1), y.repeat_interleave(3))
    copies = x_t.view(20, 3, -1)
    assert not torch.equal(copies[:, 0], copies[:, 1])
    still, _ = Mollify(10, {"clean": 1}, repeats=3)(x, y)
    assert torch.equal(still, x.repeat_interleave(3, 0))


@pytest.mark.parametrize("mix", [MixUp(num_classes=10), CutMix(num_classes=10)])
@pytest.mark.parametrize("policy", POLICIES)
def test_it_follows_mixup_and_cutmix(mix: nn.Module, policy: str) -> None:
    torch.manual_seed(0)
    x, y = mix(*batch(33))
    x_t, y_t = Mollify(10, policy=policy)(x, y, seeded())
    assert x_t.shape == x.shape and y_t.isfinite().all()


def test_a_time_that_depends_on_the_step_is_told_it() -> None:
    mollify = Mollify(10, {"noise": 1}, Annealed(10))
    assert [float(mollify.draw(1, seeded(), step).t) for step in (0, 5, 20)] == [1, 0.5, 0]
    with pytest.raises(ValueError, match="need to know the training step"):
        mollify(*batch())


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("y", [torch.empty(32, dtype=torch.int64), torch.empty(32, 10)], ids=["int", "soft"])
def test_no_tensor_of_the_device_is_read_by_the_host(y: Tensor, policy: str, generator: torch.Generator) -> None:
    # Tensors of the meta device have no values: reading one, or counting with one, raises.
    x, y = torch.empty(32, 3, 8, 8, device="meta"), y.to("meta")
    weights = {"clean": 1, "noise": 1, "blur": 1, "pure_noise": 1, "gauss": 1}
    mollify = Mollify(10, weights, degradations={"gauss": GaussianBlur()}, policy=policy, repeats=2)
    x_t, y_t = mollify(x, y, generator)
    assert x_t.shape == (64, 3, 8, 8) and y_t.shape == (64, mollify.num_outputs) and x_t.is_meta and y_t.is_meta
    with pytest.raises(RuntimeError, match="meta"):
        x.max().item()


def test_labels_go_where_the_images_are() -> None:
    x, y = batch(4)
    assert Mollify(10)(x.to("meta"), y)[1].is_meta


def test_gradients_reach_the_images_and_inference_mode_is_no_hindrance() -> None:
    x, y = batch()
    mollify = Mollify(10)
    draw = mollify.draw(len(x), seeded())
    with torch.inference_mode():
        expected, _ = mollify.apply(x, y, draw)
    x_t, _ = mollify.apply(x.requires_grad_(), y, draw)
    assert torch.equal(x_t, expected)
    x_t.sum().backward()
    clean = draw.roles == 0
    assert x.grad is not None and (x.grad[clean] == 1).all() and (x.grad[~clean] != 0).any()


@pytest.mark.parametrize("n", [1, 2, 3])
def test_small_batches_and_roles_without_images(n: int) -> None:
    x, y = batch(n)
    assert all(Mollify(10)(x, y, seeded(seed))[0].isfinite().all() for seed in range(10))


def test_a_part_of_a_batch_gets_what_it_would_get_in_the_whole() -> None:
    x, y = batch(20)
    mollify = Mollify(10, repeats=2)
    draw = mollify.draw(20, seeded())
    whole = mollify.apply(x, y, draw)
    part = mollify.apply(x[13:], y[13:], Draw(draw.roles[26:], draw.t[26:], draw.seed, first=26))
    torch.testing.assert_close(part[0], whole[0][26:])
    torch.testing.assert_close(part[1], whole[1][26:])
