"""Laws of label policies; the tests run over `POLICIES`."""

import pytest
import torch
from torch import Tensor

from robustmoll.labels import POLICIES, soft_targets

Y = torch.tensor([[0.7, 0.2, 0.1], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]], dtype=torch.float64)
GAMMA = torch.tensor([0.0, 0.25, 0.5, 1.0], dtype=torch.float64)
# What the rows sum to, as a function of gamma.
SUMS = {"smooth": 1 + 0 * GAMMA, "degrade": 1 - GAMMA, "sink": 1 + GAMMA, "sink_smooth": 1 + 0 * GAMMA}


@pytest.mark.parametrize("name", POLICIES)
def test_rows_sum_to_what_the_policy_says(name: str) -> None:
    result = POLICIES[name].function(Y, GAMMA)
    assert result.shape == (4, 3 + (POLICIES[name].sink)) and (result >= 0).all()
    torch.testing.assert_close(result.sum(1), SUMS[name])


@pytest.mark.parametrize("name", POLICIES)
def test_nothing_changes_without_loss_and_the_input_never(name: str) -> None:
    y, gamma = Y.clone(), GAMMA.clone()
    result = POLICIES[name].function(y, gamma)
    assert torch.equal(result[0, :3], Y[0]) and torch.equal(y, Y) and torch.equal(gamma, GAMMA)
    assert not POLICIES[name].sink or result[0, 3] == 0


@pytest.mark.parametrize("name", POLICIES)
def test_policies_are_linear_so_they_compose_with_mixing(name: str) -> None:
    mixed = 0.3 * Y + 0.7 * Y.flip(0)
    separate = 0.3 * POLICIES[name].function(Y, GAMMA) + 0.7 * POLICIES[name].function(Y.flip(0), GAMMA)
    torch.testing.assert_close(POLICIES[name].function(mixed, GAMMA), separate)


def test_policies_against_their_formulas() -> None:
    g = GAMMA[:, None]
    torch.testing.assert_close(POLICIES["smooth"].function(Y, GAMMA), (1 - g) * Y + g / 3)
    torch.testing.assert_close(POLICIES["degrade"].function(Y, GAMMA), (1 - g) * Y)
    torch.testing.assert_close(POLICIES["sink"].function(Y, GAMMA), torch.cat([Y, g], 1))
    torch.testing.assert_close(POLICIES["sink_smooth"].function(Y, GAMMA), torch.cat([(1 - g) * Y, g], 1))


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int32, torch.int64])
def test_indices_become_one_hot(dtype: torch.dtype) -> None:
    expected = torch.nn.functional.one_hot(torch.tensor([2, 0]), 3).float()
    assert torch.equal(soft_targets(torch.tensor([2, 0], dtype=dtype), 3), expected)


def test_soft_targets_stay_as_they_are() -> None:
    assert soft_targets(Y, 3) is Y


BAD: list[tuple[Tensor, str]] = [
    (torch.tensor([0, 3]), r"must lie in 0\.\.2.*num_classes=3"),
    (torch.tensor([-1, 0]), r"must lie in 0\.\.2"),
    (torch.tensor([[1, 0, 0]]), "class indices of shape"),
    (torch.tensor([True, False]), "class indices of shape"),
    (torch.full((2, 4), 0.25), "soft labels must have shape"),
    (torch.tensor([0.3, 0.7]), "soft labels must have shape"),
    (torch.tensor([[0.5, 0.4, 0.0]]), "sum to 1"),
    (torch.tensor([[1.5, -0.5, 0.0]]), "non-negative"),
    (torch.tensor([[float("nan"), 0.5, 0.5]]), "sum to 1"),
]


@pytest.mark.parametrize(("y", "message"), BAD)
def test_labels_that_do_not_fit_are_refused(y: Tensor, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        soft_targets(y, 3)
