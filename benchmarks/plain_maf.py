"""A masked autoregressive flow as it is commonly written: the baseline of `maf_speed`, and the test of ours.

Papamakarios et al., "Masked Autoregressive Flow for Density Estimation" (2017): blocks of an autoregressive network
with one hidden layer more than its input's, batch normalisation as a flow, and the columns in reverse order.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

__all__ = ["PlainMAF"]


class MaskedLinear(nn.Module):
    """A linear layer whose weight is multiplied by a mask in every forward pass."""

    mask: Tensor

    def __init__(self, in_degrees: Tensor, out_degrees: Tensor) -> None:
        super().__init__()
        self.linear = nn.Linear(len(in_degrees), len(out_degrees))
        self.register_buffer("mask", (out_degrees[:, None] >= in_degrees).float())
        nn.init.orthogonal_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.linear.weight * self.mask, self.linear.bias)


class Autoregression(nn.Module):
    """u_i = (x_i - m_i) exp(-a_i), where m_i and a_i depend on the columns before i."""

    def __init__(self, columns: int, hidden: int) -> None:
        super().__init__()
        given, inner = torch.arange(columns), torch.arange(hidden) % (columns - 1)
        self.net = nn.Sequential(
            MaskedLinear(given, inner),
            nn.ReLU(),
            MaskedLinear(inner, inner),
            nn.ReLU(),
            MaskedLinear(inner, given.repeat(2) - 1),
        )

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        m, a = self.net(x).chunk(2, 1)
        return (x - m) * torch.exp(-a), -a.sum(1, keepdim=True)


class BatchNormFlow(nn.Module):
    """Standardises the columns of a batch, then scales and shifts them."""

    running_mean: Tensor
    running_var: Tensor

    def __init__(self, columns: int, eps: float = 1e-5) -> None:
        super().__init__()
        self.log_gamma = nn.Parameter(torch.zeros(columns))
        self.beta = nn.Parameter(torch.zeros(columns))
        self.eps = eps
        self.register_buffer("running_mean", torch.zeros(columns))
        self.register_buffer("running_var", torch.ones(columns))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        if self.training:
            mean = x.mean(0)
            var = (x - mean).pow(2).mean(0) + self.eps
            self.running_mean.copy_(mean.detach())
            self.running_var.copy_(var.detach())
        else:
            mean, var = self.running_mean, self.running_var
        z = (x - mean) / var.sqrt()
        return torch.exp(self.log_gamma) * z + self.beta, (self.log_gamma - 0.5 * torch.log(var)).sum(-1, keepdim=True)


class Reverse(nn.Module):
    """Puts the columns in reverse order."""

    order: Tensor

    def __init__(self, columns: int) -> None:
        super().__init__()
        self.register_buffer("order", torch.arange(columns).flip(0))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return x[:, self.order], torch.zeros(len(x), 1)


class PlainMAF(nn.Module):
    """The flow.

    Args:
        columns: Of the table, at least 2.
        blocks: How often the three parts come one after the other.
        hidden: Width of the two hidden layers.
    """

    def __init__(self, columns: int, blocks: int = 5, hidden: int = 512) -> None:
        super().__init__()
        self.columns = columns
        parts: list[nn.Module] = []
        for _ in range(blocks):
            parts += [Autoregression(columns, hidden), BatchNormFlow(columns), Reverse(columns)]
        self.parts = nn.ModuleList(parts)

    def log_prob(self, x: Tensor) -> Tensor:
        total = torch.zeros(len(x), 1)
        for part in self.parts:
            x, log_det = part(x)
            total = total + log_det
        normal = (-0.5 * x.pow(2) - 0.5 * math.log(2 * math.pi)).sum(-1, keepdim=True)
        return (normal + total)[:, 0]
