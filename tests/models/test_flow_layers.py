"""Layers for the networks of flows: faster than plain ones in training, and the same."""

from collections.abc import Callable

import pytest
import torch
from torch import nn

from robustmoll.models.densities.linear import WIDE, Linear, MaskedLinear


def test_masked_weights_do_not_count_and_do_not_learn() -> None:
    torch.manual_seed(0)
    layer = MaskedLinear(torch.tensor([0, 1, 2]), torch.tensor([1, 0]))
    assert layer.mask.tolist() == [[1, 1, 0], [1, 0, 0]]
    x = torch.randn(4, 3)
    expected = x @ (layer.weight * layer.mask).T + layer.bias
    layer(x).square().sum().backward()
    assert torch.allclose(layer(x), expected, atol=1e-6)
    assert layer.weight.grad is not None and torch.equal(layer.weight.grad != 0, layer.mask.bool())


def masked_layer(columns: int, shuffled: bool) -> MaskedLinear:
    """A wide layer, whose degrees rise or lie in any order."""
    inputs, outputs = (torch.arange(n) * columns // n for n in (WIDE + 30, WIDE))
    if shuffled:
        inputs, outputs = (degrees[torch.randperm(len(degrees))] for degrees in (inputs, outputs))
    return MaskedLinear(inputs, outputs - 1)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Linear(20, 30),
        lambda: MaskedLinear(torch.arange(5), torch.arange(30) % 5),
        lambda: masked_layer(3, shuffled=False),
        lambda: masked_layer(100, shuffled=False),
        lambda: masked_layer(10, shuffled=True),
    ],
)
def test_a_layer_is_the_same_in_training_and_evaluation(make: Callable[[], nn.Linear]) -> None:
    torch.manual_seed(0)
    layer = make()
    x = torch.randn(6, layer.in_features, requires_grad=True)
    results = []
    for mode in (True, False):
        y = layer.train(mode)(x)
        results.append((y, *torch.autograd.grad(y.square().sum(), [x, layer.weight, layer.bias])))
    for trains, evaluates in zip(*results, strict=True):
        assert torch.allclose(trains, evaluates, atol=1e-5)


@pytest.mark.parametrize("units", (6, WIDE))
def test_a_layer_in_training_goes_through_autocast_and_learns_as_in_evaluation(units: int) -> None:
    layer = MaskedLinear(torch.arange(units), torch.arange(units)).train()
    x = torch.randn(5, units, generator=torch.Generator().manual_seed(0))
    with torch.autocast("cpu", torch.bfloat16):
        layer(x).float().sum().backward()
    assert layer.weight.grad is not None and layer.weight.grad.isfinite().all()
    torch.testing.assert_close(layer(x), layer.eval()(x))
