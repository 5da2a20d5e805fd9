import numpy as np
import pytest
import torch
from scipy.integrate import quad

from robustmoll.tasks.losses import LOSSES, binary_cross_entropy, cross_entropy, normalised_cross_entropy


def batch(scale: float = 2.0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    logits = scale * torch.randn(6, 5, generator=generator, dtype=torch.float64)
    return logits, torch.rand(6, 5, generator=generator, dtype=torch.float64).softmax(1)


@pytest.mark.parametrize("name", LOSSES)
def test_one_loss_an_image_with_a_gradient(name: str) -> None:
    logits, y = batch()
    assert torch.autograd.gradcheck(lambda z: LOSSES[name](z, y), logits.requires_grad_())
    assert LOSSES[name](logits, y).shape == (6,)


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_logits_give_float32_losses(name: str, dtype: torch.dtype) -> None:
    logits, y = (x.float() for x in batch())
    half = LOSSES[name](logits.to(dtype), y)
    assert half.dtype == torch.float32
    torch.testing.assert_close(half, LOSSES[name](logits, y), atol=3e-2, rtol=3e-2)


def test_cross_entropy_is_torch_s() -> None:
    logits, y = batch()
    torch.testing.assert_close(cross_entropy(logits, y), torch.nn.functional.cross_entropy(logits, y, reduction="none"))


def test_binary_cross_entropy_against_its_formula() -> None:
    logits, y = batch()
    p = torch.sigmoid(logits)
    expected = -(y * p.log() + (1 - y) * (1 - p).log()).mean(1)
    torch.testing.assert_close(binary_cross_entropy(logits, y), expected)


def test_normalised_cross_entropy_against_its_integral() -> None:
    logits, y = batch()
    log_f = torch.log_softmax(logits, 1).numpy()
    mean = log_f.mean(1)
    z = [
        sum(quad(lambda g, k=k, i=i: np.exp(g * mean[i] + (1 - g) * log_f[i, k]), 0, 1)[0] for k in range(5))
        for i in range(6)
    ]
    expected = -(y.numpy() * log_f).sum(1) + np.log(z)
    np.testing.assert_allclose(normalised_cross_entropy(logits, y).numpy(), expected, rtol=1e-10)


def test_normalised_cross_entropy_is_finite_where_its_formula_is_not() -> None:
    equal, certain = torch.zeros(1, 5), torch.tensor([[500.0, 0, 0, 0, 0]])
    y = torch.full((1, 5), 0.2)
    for logits in (equal, certain):
        logits = logits.clone().requires_grad_()
        loss = normalised_cross_entropy(logits, y)
        loss.sum().backward()
        assert torch.isfinite(loss).all() and torch.isfinite(logits.grad).all()
    torch.testing.assert_close(normalised_cross_entropy(equal, y), torch.tensor([np.log(5.0)], dtype=torch.float32))
