"""Invertible maps of table rows, shape (B, D), and the logarithms of their Jacobian determinants."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from robustmoll.models.densities.bijections import Bijection, InvertibleConv
from robustmoll.models.densities.linear import Linear, MaskedLinear

__all__ = ["Autoregression", "BatchNorm", "InvertibleLinear", "RowCoupling"]


class Autoregression(Bijection):
    """z_i = (x_i - m_i) exp(-a_i), where m_i and a_i depend on the columns before i.

    Papamakarios et al., "Masked Autoregressive Flow for Density Estimation" (2017), equation 4. The way back takes as
    many passes of the network as there are columns.

    Args:
        order: Place of each column in the order of dependence, a permutation of 0 to D - 1.
        hidden: Width of both hidden layers.
    """

    def __init__(self, order: Tensor, hidden: int) -> None:
        super().__init__()
        # In rising order, by which wide layers skip what their masks hide.
        inner = (torch.arange(hidden) % max(len(order) - 1, 1)).sort().values
        self.net = nn.Sequential(
            MaskedLinear(order, inner),
            nn.ReLU(inplace=True),
            MaskedLinear(inner, inner),
            nn.ReLU(inplace=True),
            MaskedLinear(inner, order.repeat(2) - 1),
        )

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        m, a = self.net(x).chunk(2, 1)
        log_scale = -a
        return (x - m) * log_scale.exp(), log_scale.sum(1)

    def inverse(self, z: Tensor) -> Tensor:
        x = torch.zeros_like(z)
        for _ in range(z.shape[1]):  # each pass makes one column more right
            m, a = self.net(x).chunk(2, 1)
            x = z * a.exp() + m
        return x


class BatchNorm(Bijection):
    """z = gamma (x - mean) / std + beta, column by column; mean and std are the batch's in training.

    Dinh et al., "Density estimation using Real NVP" (2017), section 3.7. Evaluation and the way back use a moving
    average over batches, or what `measure` last saw. A batch of one row is refused in training: its variance is 0.

    Args:
        columns: Of the rows.
        momentum: Weight of a batch in the moving average.
        eps: Added to variances.
    """

    mean: Tensor
    variance: Tensor

    def __init__(self, columns: int, momentum: float = 0.1, eps: float = 1e-5) -> None:
        super().__init__()
        self.momentum, self.eps = momentum, eps
        self.log_gamma = nn.Parameter(torch.zeros(columns))
        self.beta = nn.Parameter(torch.zeros(columns))
        self.register_buffer("mean", torch.zeros(columns))
        self.register_buffer("variance", torch.ones(columns))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        mean, variance = self.mean, self.variance
        if self.training:
            self.check_rows(len(x))
            variance, mean = torch.var_mean(x, 0, correction=0)
            self._average(mean, variance, self.momentum)
        log_scale = self.log_gamma - 0.5 * torch.log(variance + self.eps)
        return torch.addcmul(self.beta, x - mean, log_scale.exp()), log_scale.sum()

    def inverse(self, z: Tensor) -> Tensor:
        log_scale = self.log_gamma - 0.5 * torch.log(self.variance + self.eps)
        return (z - self.beta) * (-log_scale).exp() + self.mean

    @staticmethod
    def check_rows(n: int) -> None:
        """Raises a ValueError if batches of n rows have no statistics to train by."""
        if n < 2:
            raise ValueError(
                f"batch normalisation needs more than 1 row in training, got {n}; take larger batches, or fewer parts"
                " of them (accumulate), and leave out an incomplete one (DataLoader: drop_last=True)"
            )

    def measure(self, x: Tensor) -> None:
        """Takes mean and variance of these rows in place of the moving average."""
        variance, mean = torch.var_mean(x, 0, correction=0)
        self._average(mean, variance, 1.0)

    @torch.no_grad()
    def _average(self, mean: Tensor, variance: Tensor, weight: float) -> None:
        self.mean.lerp_(mean.detach(), weight)
        self.variance.lerp_(variance.detach(), weight)


class RowCoupling(Bijection):
    """Scales and shifts some columns by what two networks make of the others: z = x exp(s) + t.

    Dinh et al., "Density estimation using Real NVP" (2017), equation 7, with the networks that tables are usually
    given: two hidden layers, of tanh for s and of rectifiers for t.

    Args:
        changed: Which columns, shape (D,), bool; at least one, and not all.
        hidden: Width of all hidden layers.
    """

    kept_columns: Tensor
    changed_columns: Tensor

    def __init__(self, changed: Tensor, hidden: int) -> None:
        super().__init__()
        self.register_buffer("kept_columns", (~changed).nonzero()[:, 0], persistent=False)
        self.register_buffer("changed_columns", changed.nonzero()[:, 0], persistent=False)
        sizes = (len(self.kept_columns), hidden, len(self.changed_columns))
        self.log_scale, self.shift = _network(*sizes, nn.Tanh), _network(*sizes, nn.ReLU)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        kept = x[:, self.kept_columns]
        log_scale, shift = self.log_scale(kept), self.shift(kept)
        changed = x[:, self.changed_columns] * log_scale.exp() + shift
        return x.index_copy(1, self.changed_columns, changed), log_scale.sum(1)

    def inverse(self, z: Tensor) -> Tensor:
        kept = z[:, self.kept_columns]
        changed = (z[:, self.changed_columns] - self.shift(kept)) * (-self.log_scale(kept)).exp()
        return z.index_copy(1, self.changed_columns, changed)


class InvertibleLinear(InvertibleConv):
    """A learnt invertible matrix between the columns: Glow's convolution on rows as images of one pixel.

    Args:
        columns: Of the rows.
    """

    def __init__(self, columns: int) -> None:
        super().__init__(columns)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        z, log_det = super().forward(x[..., None, None])
        return z.flatten(1), log_det

    def inverse(self, z: Tensor) -> Tensor:
        return super().inverse(z[..., None, None]).flatten(1)


def _network(inputs: int, hidden: int, outputs: int, activation: Callable[[], nn.Module]) -> nn.Sequential:
    return nn.Sequential(
        Linear(inputs, hidden), activation(), Linear(hidden, hidden), activation(), Linear(hidden, outputs)
    )
