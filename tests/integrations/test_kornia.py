"""The degradations in kornia's pipelines: replayed from saved parameters, each image by its own t."""

import copy
import pickle

import kornia.augmentation as K
import pytest
import torch

from robustmoll.counter_rng import CounterRNG
from robustmoll.degradations import Degradation, GaussianBlur, HeatBlur, Noise, PureNoise
from robustmoll.integrations.kornia import RandomDegradation
from robustmoll.times import Annealed, Fixed

DEGRADATIONS: list[Degradation] = [Noise(), HeatBlur(), GaussianBlur(), PureNoise()]


def images() -> torch.Tensor:
    return torch.rand(12, 3, 10, 14, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("degradation", DEGRADATIONS, ids=lambda d: type(d).__name__)
def test_saved_parameters_replay_the_same_images(degradation: Degradation) -> None:
    x = images()
    pipeline = K.AugmentationSequential(
        K.RandomHorizontalFlip(p=0.5), RandomDegradation(degradation, p=0.7), K.RandomErasing(p=0.5)
    )
    one = pipeline(x)
    saved = pipeline._params
    assert not torch.equal(pipeline(x), one)
    assert torch.equal(pipeline(x, params=saved), one)


@pytest.mark.parametrize("degradation", DEGRADATIONS, ids=lambda d: type(d).__name__)
def test_it_is_the_degradation_at_the_saved_t(degradation: Degradation) -> None:
    x, aug = images(), RandomDegradation(degradation)
    result, params = aug(x), aug._params
    rng = CounterRNG("kornia", params["seed"].numpy(), x.device)
    torch.testing.assert_close(result, degradation.degrade(x, params["t"], lambda like: rng.normal(*like.shape[1:])))
    if degradation.fixed_t is None:
        assert params["t"].unique().numel() == 12
    else:
        assert (params["t"] == degradation.fixed_t).all()


@pytest.mark.parametrize("degradation", DEGRADATIONS, ids=lambda d: type(d).__name__)
def test_an_image_that_is_left_alone_has_t_0_and_keeps_its_label(degradation: Degradation) -> None:
    x, aug = images().repeat(50, 1, 1, 1), RandomDegradation(degradation, Fixed(0.5), p=0.25)
    changed = (aug(x) != x).flatten(1).any(1)
    assert 0.15 < changed.float().mean() < 0.35
    assert torch.equal(aug._params["t"] > 0, changed)
    assert torch.equal(degradation.gamma(aug._params["t"]) > 0, changed)
    assert torch.equal(RandomDegradation(degradation, p=0.0)(x), x)


def test_a_time_that_depends_on_the_step_is_told_it() -> None:
    aug = RandomDegradation(HeatBlur(), Annealed(10))
    aug.step = 5
    aug(images())
    assert torch.equal(aug._params["t"], torch.full((12,), 0.5))


@pytest.mark.parametrize("degradation", DEGRADATIONS, ids=lambda d: type(d).__name__)
def test_all_of_a_batch_get_the_same_if_so_wished(degradation: Degradation) -> None:
    x = images()[:1].expand(5, -1, -1, -1)
    results = [
        RandomDegradation(degradation, same_on_batch=True)(x),
        K.AugmentationSequential(RandomDegradation(degradation), data_keys=["input"], same_on_batch=True)(x),
    ]
    for result in results:
        assert torch.equal(result, result[:1].expand_as(result)) and not torch.equal(result, x)


def test_frames_of_a_video_get_the_same() -> None:
    video = images()[:2, :, None].expand(-1, -1, 4, -1, -1)
    result = K.VideoSequential(RandomDegradation(Noise()), data_format="BCTHW")(video)
    assert torch.equal(result, result[:, :, :1].expand_as(result)) and not torch.equal(result[0], result[1])


def test_a_single_image_comes_back_as_one() -> None:
    x = images()[0]
    assert RandomDegradation(HeatBlur(), keepdim=True)(x).shape == x.shape


def test_what_is_no_degradation_is_refused() -> None:
    with pytest.raises(ValueError, match="needs a degradation, as Noise"):
        RandomDegradation("noise")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"got .* and 0\.5"):
        RandomDegradation(Noise(), time=0.5)  # type: ignore[arg-type]


def test_it_copies_and_prints() -> None:
    x, aug = images(), RandomDegradation(Noise(), Fixed(0.5), p=0.5)
    result = aug(x)
    for other in (copy.deepcopy(aug), pickle.loads(pickle.dumps(aug))):
        assert torch.equal(other(x, params=aug._params), result)
    assert "Noise(" in repr(aug) and "time=Fixed(t=0.5)" in repr(aug) and "p=0.5" in repr(aug)
