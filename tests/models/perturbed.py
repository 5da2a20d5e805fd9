"""Likelihood models away from their first weights, where zeros and identities would hide mistakes."""

from typing import TypeVar

import torch
from torch import nn

M = TypeVar("M", bound=nn.Module)


def perturbed(model: M, scale: float = 0.2) -> M:
    """Returns a model in float64 and eval mode, with noise added to every weight."""
    generator = torch.Generator().manual_seed(1)
    model = model.double().eval()
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(scale * torch.randn(weight.shape, generator=generator, dtype=torch.float64))
    return model


def jacobian_log_det(f: object, x: torch.Tensor) -> torch.Tensor:
    """Returns log |det df/dx| at one x, shape (1, ...), by automatic differentiation."""
    jacobian = torch.autograd.functional.jacobian(f, x)  # type: ignore[no-untyped-call]
    return torch.linalg.slogdet(jacobian.reshape(x.numel(), x.numel())).logabsdet
