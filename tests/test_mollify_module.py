"""`Mollify` as a module among others: copied, moved, compiled, and in PyTorch with other defaults."""

import copy
import pickle

import pytest
import torch
from torch import Tensor, nn

from robustmoll import Mollify


def batch(n: int = 60, classes: int = 10, size: tuple[int, int] = (8, 12)) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(7)
    return torch.randn(n, 3, *size, generator=generator), torch.randint(classes, (n,), generator=generator)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("repeats", [1, 3])
def test_channels_last_images_stay_so(repeats: int) -> None:
    x = torch.randn(9, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    mollify, y = Mollify(10, repeats=repeats), torch.arange(9)
    draw = mollify.draw(9, torch.Generator().manual_seed(0))
    x_t, _ = mollify.apply(x.to(memory_format=torch.channels_last), y, draw)
    assert x_t.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(x_t, mollify.apply(x, y, draw)[0])


def test_what_is_compiled_around_it_leaves_it_as_it_is() -> None:
    x, y = batch(20)
    mollify = Mollify(10)
    draw = mollify.draw(len(x), seeded())
    expected = mollify.apply(x, y, draw)
    torch._dynamo.reset()
    whole = torch.compile(mollify, backend="eager")(x, y, seeded())
    part = torch.compile(lambda x, y: [part + 0 for part in mollify.apply(x, y, draw)], backend="eager")(x, y)
    for result in (whole, part):
        assert torch.equal(result[0], expected[0]) and torch.equal(result[1], expected[1])


def test_draws_are_made_on_the_cpu_in_float32_whatever_the_defaults() -> None:
    expected = Mollify(10).draw(8, seeded())
    try:
        torch.set_default_dtype(torch.float64)
        with torch.device("meta"):
            draw = Mollify(10).draw(8, seeded())
    finally:
        torch.set_default_dtype(torch.float32)
    assert torch.equal(draw.t, expected.t) and torch.equal(draw.roles, expected.roles) and draw.seed == expected.seed


def test_a_batch_is_mollified_alike_whatever_the_default_dtype() -> None:
    x, y = batch()
    mollify = Mollify(10)
    draw = mollify.draw(len(x), seeded())
    expected = mollify.apply(x, y, draw)
    try:
        torch.set_default_dtype(torch.float64)
        results = mollify.apply(x, y, draw)
    finally:
        torch.set_default_dtype(torch.float32)
    assert all(torch.equal(one, other) for one, other in zip(results, expected, strict=True))


def test_it_moves_copies_and_prints() -> None:
    x, y = batch()
    mollify = Mollify(10, policy="sink")
    for other in (copy.deepcopy(mollify), pickle.loads(pickle.dumps(mollify)), mollify.to(torch.float64)):
        assert torch.equal(other(x, y, seeded())[0], Mollify(10)(x, y, seeded())[0])
    assert "policy='sink'" in repr(mollify) and "HeatBlur" in repr(mollify)
    assert not list(mollify.parameters()) and not mollify.state_dict()


def test_a_model_that_holds_it_can_still_initialise_its_parts() -> None:
    seen: list[nn.Module] = []
    model = nn.Sequential(nn.Linear(2, 2), Mollify(10))
    assert model.apply(seen.append) is model
    assert set(seen) == set(model.modules())
