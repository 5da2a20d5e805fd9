"""Constants that are kept bear no marks of the moment in which they were made."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from robustmoll.corruptions import ALL, corrupt
from robustmoll.degradations import HeatBlur
from robustmoll.heat import _heat_basis, heat_blur
from robustmoll.kept import kept

MODES: list[Callable[[], AbstractContextManager[object]]] = [
    torch.inference_mode,
    FakeTensorMode,
    lambda: torch.device("meta"),
]


@pytest.mark.parametrize("mode", MODES)
def test_a_constant_is_a_plain_tensor_on_the_cpu(mode: Callable[[], AbstractContextManager[object]]) -> None:
    made = kept(2)(lambda n: torch.arange(n))
    with mode():
        first = made(3)
    assert made(3) is first and type(first) is torch.Tensor
    assert first.tolist() == [0, 1, 2] and not first.is_inference() and not first.requires_grad


def test_blur_after_an_export_is_blur() -> None:
    x, t = torch.rand(2, 1, 9, 9), torch.tensor([0.4, 0.6])
    _heat_basis.cache_clear()  # type: ignore[attr-defined]
    exported = torch.export.export(HeatBlur(), (x, t)).module()
    result = HeatBlur()(x, t)
    assert type(result) is torch.Tensor
    torch.testing.assert_close(exported(x, t), result)
    torch.testing.assert_close(result.mean((2, 3)), x.mean((2, 3)))


def test_blur_compiles_for_any_batch() -> None:
    compiled = torch.compile(heat_blur, backend="eager", fullgraph=True)
    for n in (4, 3):
        x, sigma = torch.rand(n, 1, 8, 8), torch.rand(n)
        torch.testing.assert_close(compiled(x, sigma), heat_blur(x, sigma))


@pytest.mark.parametrize("name", ALL)
def test_corruptions_know_their_device_whatever_the_default(name: str) -> None:
    x = torch.randint(256, (2, 3, 32, 32), dtype=torch.uint8)
    expected = corrupt(x, name, severity=3)
    with torch.device("meta"):
        assert torch.equal(corrupt(x, name, severity=3), expected)
