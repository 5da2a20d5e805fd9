"""Linear layers for the networks of flows on vectors: wide layers, small batches."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

__all__ = ["Linear", "MaskedLinear"]


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
        return self._product(x, self.weight)

    def _product(self, x: Tensor, weight: Tensor) -> Tensor:
        # Evaluation stays with what vmap and second derivatives go through, and oneDNN's layout knows no autocast.
        plain = x.device.type == "cpu" and x.dtype == torch.float32 and not torch.is_autocast_enabled("cpu")
        if self.training and plain and torch.backends.mkldnn.is_available():
            return F.linear(x.to_mkldnn(), weight, self.bias).to_dense()
        return F.linear(x, weight, self.bias)


class MaskedLinear(Linear):
    """A linear layer between units that have degrees (Germain et al., "MADE", 2015).

    Args:
        in_degrees: Degree of each input, shape (I,).
        out_degrees: Degree of each output, shape (O,): it sees inputs of this degree and below.
    """

    mask: Tensor

    def __init__(self, in_degrees: Tensor, out_degrees: Tensor) -> None:
        super().__init__(len(in_degrees), len(out_degrees))
        self.register_buffer("mask", (out_degrees[:, None] >= in_degrees).float(), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        return self._product(x, self.weight * self.mask)
