"""The Gaussian that stands beside likelihood models of tables."""

import numpy as np
import pytest
import torch

from robustmoll.data.tables import EmbeddedTable
from robustmoll.evaluate.densities.gaussian import gaussian_nll


def test_the_gaussian_s_line_is_scipy_s() -> None:
    from scipy.stats import multivariate_normal

    train, test = (part.inputs.double() for part in EmbeddedTable("wine").load())
    found = gaussian_nll(train, test)
    expected = multivariate_normal(train.mean(0), np.cov(train.T.numpy(), bias=True)).logpdf(test.numpy())
    assert found is not None
    torch.testing.assert_close(-found, torch.from_numpy(expected))


FREE = torch.randn(500, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
SHARES = 100 * FREE.softmax(1)
IN_A_PLANE = {
    "a column twice": FREE[:, [0, 1, 2, 0]],
    "a sum": torch.cat([FREE, 2 * FREE[:, :1] - FREE[:, 1:2]], 1),
    "a sum in other units": torch.cat([FREE, FREE.sum(1, keepdim=True)], 1) * 10.0 ** torch.arange(4),
    "percentages": (SHARES - SHARES.mean(0)) / SHARES.std(0),
    "a constant": torch.cat([FREE, torch.full((500, 1), 0.1)], 1),
}


@pytest.mark.parametrize("kind", IN_A_PLANE)
def test_the_gaussian_has_no_density_in_a_plane_however_it_was_rounded(kind: str) -> None:
    rows = IN_A_PLANE[kind].float()
    assert gaussian_nll(rows, rows) is None


def test_the_gaussian_of_columns_that_nearly_repeat_each_other_has_one() -> None:
    rows = torch.cat([FREE, FREE[:, :1] + 1e-3 * FREE[:, 1:2].square()], 1).float()
    found = gaussian_nll(rows, rows)
    assert found is not None and found.isfinite().all()
