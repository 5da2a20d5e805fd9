"""Flows on table rows: MAF, RealNVP, Glow, and neural splines.

The first three are those of the density estimation literature, with batch normalisation between the transforms, weights
that start orthogonal and scales without bounds; 5 transforms of 512 hidden units are the usual size.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Generator, Tensor

from robustmoll.models.densities.base import DensityModel, register
from robustmoll.models.densities.bijections import Bijection, Chain
from robustmoll.models.densities.normal import normal_noise, standard_log_prob
from robustmoll.models.densities.table_bijections import Autoregression, BatchNorm, InvertibleLinear, RowCoupling

__all__ = ["TableFlow", "ZukoFlow", "glow", "maf", "nsf", "realnvp"]


class TableFlow(DensityModel):
    """A chain of invertible maps from rows to a standard normal: log p(x) = log N(z; 0, 1) + log |det dz/dx|.

    In training, the density is relative to the statistics of the batch, see `BatchNorm`.

    Args:
        columns: Of the table.
        parts: From rows to the normal.
    """

    def __init__(self, columns: int, parts: Iterable[Bijection]) -> None:
        super().__init__()
        self.columns = columns
        self.flow = Chain(parts)

    def log_prob(self, x: Tensor, generator: Generator | None = None, samples: int = 1) -> Tensor:
        with torch.autocast(x.device.type, enabled=False):  # scales without bounds are no place for half precision
            z, log_det = self.flow(x)
            return standard_log_prob(z) + log_det

    @torch.no_grad()
    def sample(self, n: int, generator: Generator | None = None, temperature: float = 1.0) -> Tensor:
        return self.flow.inverse(
            temperature * normal_noise(next(self.parameters()).new_empty(n, self.columns), generator)
        )

    @torch.no_grad()
    def calibrate(self, x: Tensor) -> None:
        """Takes the statistics of batch normalisation from all of these rows, in place of the moving average.

        Batches of mollified data have other moments than the clean data that a model is judged on.

        Args:
            x: The training rows, clean, shape (B, D).
        """
        training = self.training
        self.eval()
        for part in self.flow.parts:
            if isinstance(part, BatchNorm):
                part.measure(x)
            x, _ = part(x)
        self.train(training)


class ZukoFlow(DensityModel):
    """A flow of the zuko library, unconditional and on a standard normal.

    Args:
        flow: A `zuko.flows.Flow`.
        columns: Of the table.
    """

    def __init__(self, flow: Any, columns: int) -> None:  # noqa: ANN401 (zuko is an extra)
        super().__init__()
        self.flow, self.columns = flow, columns

    def log_prob(self, x: Tensor, generator: Generator | None = None, samples: int = 1) -> Tensor:
        with torch.autocast(x.device.type, enabled=False):
            return self.flow().log_prob(x)

    @torch.no_grad()
    def sample(self, n: int, generator: Generator | None = None, temperature: float = 1.0) -> Tensor:
        return self.flow().transform.inv(
            temperature * normal_noise(next(self.parameters()).new_empty(n, self.columns), generator)
        )


@register
def maf(shape: Sequence[int], transforms: int = 5, hidden: int = 512) -> TableFlow:
    """Masked autoregressive flow (Papamakarios et al., 2017); the order of the columns turns from one to the next.

    Args:
        shape: (D,), the number of columns.
        transforms: Number of autoregressive networks.
        hidden: Width of their two hidden layers.

    Raises:
        ValueError: If a number is out of its range.
    """
    order = torch.arange(_columns(shape, transforms, hidden))
    parts: list[Bijection] = []
    for step in range(transforms):
        parts += [Autoregression(order.flip(0) if step % 2 else order, hidden), BatchNorm(len(order))]
    return TableFlow(len(order), parts)


@register
def realnvp(shape: Sequence[int], transforms: int = 5, hidden: int = 512) -> TableFlow:
    """RealNVP (Dinh et al., 2017): couplings that change even and odd columns in turn.

    Args:
        shape: (D,), the number of columns, at least 2.
        transforms: Number of couplings.
        hidden: Width of the two hidden layers of their networks.

    Raises:
        ValueError: If a number is out of its range.
    """
    columns = _coupled_columns(shape, transforms, hidden)
    parts: list[Bijection] = []
    for step in range(transforms):
        parts += [RowCoupling(_every_other(columns, step), hidden), BatchNorm(columns)]
    return TableFlow(columns, parts)


@register
def glow(shape: Sequence[int], transforms: int = 5, hidden: int = 512) -> TableFlow:
    """Glow (Kingma and Dhariwal, 2018) on rows: before each coupling of RealNVP, a learnt matrix mixes the columns.

    Args:
        shape: (D,), the number of columns, at least 2.
        transforms: Number of couplings.
        hidden: Width of the two hidden layers of their networks.

    Raises:
        ValueError: If a number is out of its range.
    """
    columns = _coupled_columns(shape, transforms, hidden)
    parts: list[Bijection] = []
    for step in range(transforms):
        parts += [BatchNorm(columns), InvertibleLinear(columns), RowCoupling(_every_other(columns, step), hidden)]
    return TableFlow(columns, parts)


@register
def nsf(shape: Sequence[int], transforms: int = 5, hidden: int = 512, bins: int = 8) -> ZukoFlow:
    """Neural spline flow, autoregressive (Durkan et al., 2019), of the zuko library; splines from -5 to 5.

    Args:
        shape: (D,), the number of columns.
        transforms: Number of autoregressive networks.
        hidden: Width of their two hidden layers.
        bins: Pieces of each spline.

    Raises:
        ValueError: If a number is out of its range, or zuko is not installed.
    """
    columns = _columns(shape, transforms, hidden)
    try:
        from zuko.flows import NSF
    except ImportError:
        raise ValueError("nsf needs the zuko library: pip install 'robustmoll[flows]'") from None
    return ZukoFlow(NSF(columns, transforms=transforms, bins=bins, hidden_features=[hidden, hidden]), columns)


def _columns(shape: Sequence[int], transforms: int, hidden: int) -> int:
    if len(shape) != 1:
        raise ValueError(
            f"a flow on tables needs the shape (D,) of one row, got {tuple(shape)}; for images take image_realnvp, vae"
            " or another of `robustmoll models list`"
        )
    if min(transforms, hidden) < 1:
        raise ValueError(f"a flow on tables needs transforms and hidden of at least 1, got {transforms=}, {hidden=}")
    if shape[0] < 1:
        raise ValueError("a flow on tables needs at least 1 column, got 0")
    return shape[0]


def _coupled_columns(shape: Sequence[int], transforms: int, hidden: int) -> int:
    columns = _columns(shape, transforms, hidden)
    if columns < 2:
        raise ValueError("a coupling needs at least 2 columns, got 1; take maf or nsf")
    return columns


def _every_other(columns: int, start: int) -> Tensor:
    return (torch.arange(columns) + start) % 2 == 0
