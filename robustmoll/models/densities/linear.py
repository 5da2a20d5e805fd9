"""Linear layers for the networks of flows on vectors: wide layers, small batches.

A masked layer whose units are sorted by degree is block lower triangular: nearly half of its products are with zeros.
"""

from collections.abc import Sequence
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

__all__ = ["Linear", "MaskedLinear"]

Block: TypeAlias = tuple[slice, int]
BLOCKS = 4  # more multiply less, but small products are slow
WIDE = 256  # inputs and outputs from which on blocks are worth it


class Linear(nn.Linear):
    """A linear layer that starts with an orthogonal weight and no bias, and is trained through oneDNN on CPUs.

    PyTorch multiplies float32 matrices by Intel's MKL, which on other makers' processors uses half of the vector units.

    Args:
        inputs: Length of an input.
        outputs: Length of an output.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs)
        nn.init.orthogonal_(self.weight)
        nn.init.zeros_(self.bias)

    def forward(self, x: Tensor) -> Tensor:
        # Evaluation stays with what vmap and second derivatives go through. The layout of oneDNN knows neither autocast
        # nor compilers.
        plain = x.device.type == "cpu" and x.dtype == torch.float32 and not torch.is_autocast_enabled("cpu")
        if self.training and plain and torch.backends.mkldnn.is_available() and not torch.compiler.is_compiling():
            return F.linear(x.to_mkldnn(), self.weight, self.bias).to_dense()
        return F.linear(x, self.weight, self.bias)


class MaskedLinear(Linear):
    """A linear layer between units that have degrees (Germain et al., "MADE", 2015).

    In training on CPUs, a wide layer's outputs are computed in `BLOCKS` blocks, each of the inputs up to the last that
    any of its units sees. Degrees in any order are right; degrees in rising order save a third of the products.

    Args:
        in_degrees: Degree of each input, shape (I,).
        out_degrees: Degree of each output, shape (O,): it sees inputs of this degree and below.
    """

    mask: Tensor

    def __init__(self, in_degrees: Tensor, out_degrees: Tensor) -> None:
        super().__init__(len(in_degrees), len(out_degrees))
        mask = out_degrees[:, None] >= in_degrees
        self.register_buffer("mask", mask.float(), persistent=False)
        self._blocks = _cut(mask) if min(mask.shape) >= WIDE else []

    def forward(self, x: Tensor) -> Tensor:
        weight = self.weight * self.mask
        if 2 * self.in_features < self.out_features:
            # The gradient of a tall weight is several times faster to compute lying down.
            weight = weight.t().contiguous().t()
        # Evaluation stays with what vmap and second derivatives go through; other devices like one large product.
        if self._blocks and self.training and x.device.type == "cpu" and not torch.is_autocast_enabled("cpu"):
            return _BlockProduct.apply(x, weight, self.bias, self._blocks)
        return F.linear(x, weight, self.bias)


class _BlockProduct(torch.autograd.Function):
    """x W^T + b for a weight (O, I) of which block (rows, n) is zero from column n on; shape (B, O) for x (B, I)."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, blocks: Sequence[Block]) -> Tensor:  # noqa: ANN401
        ctx.save_for_backward(x, weight)
        ctx.blocks = blocks
        y = x.new_empty(len(x), len(weight))
        for rows, n in blocks:
            torch.addmm(bias[rows], x[:, :n], weight[rows, :n].t(), out=y[:, rows])
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:  # noqa: ANN401
        x, weight = ctx.saved_tensors
        grad_x, grad_weight = torch.zeros_like(x), torch.zeros_like(weight)
        for rows, n in ctx.blocks:
            grad_x[:, :n].addmm_(grad[:, rows], weight[rows, :n])
            torch.mm(grad[:, rows].t(), x[:, :n], out=grad_weight[rows, :n])
        return grad_x, grad_weight, grad.sum(0), None


def _cut(mask: Tensor) -> list[Block]:
    """Cuts a mask's rows into blocks of like height, and counts the columns up to the last that each one sees."""
    columns = torch.arange(1, mask.shape[1] + 1)
    blocks: list[Block] = []
    for chosen in torch.arange(len(mask)).tensor_split(BLOCKS):
        rows = slice(int(chosen[0]), int(chosen[-1]) + 1)
        blocks.append((rows, int((mask[rows] * columns).max())))
    return blocks
