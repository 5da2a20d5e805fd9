r"""Noise: gaussian, shot and impulse noise; speckle noise is one of the extra four.

In the original the draws are numpy's; here they are the addressed ones of `draws.py`, with the same
distribution:

- the normal numbers end at 5.3 standard deviations;
- `impulse_noise` decides with one number per value (not per pixel: channels are independent) what the
  original decides with two, first whether the value flips and then whether to salt or pepper;
- `shot_noise` inverts the Poisson distribution function: by summation below `EXACT` photons, by an
  expansion from there on, which is one photon off for less than one value in a thousand (see `poisson`).
"""

import math

import torch
from torch import Tensor

from robustmoll.corruptions.draws import Draws
from robustmoll.corruptions.registry import corruption

EXACT = 6


@corruption("noise")
def gaussian_noise(x: Tensor, draws: Draws, sigma: float) -> Tensor:
    """x + sigma n, with n standard normal for each value."""
    return x.add_(draws.normal(*x.shape[1:]).mul_(sigma))


@corruption("noise")
def shot_noise(x: Tensor, draws: Draws, photons: float) -> Tensor:
    """Poisson(photons x) / photons: the light of a pixel arrives in whole photons.

    Args:
        x: Images.
        draws: Random numbers.
        photons: Expected number of photons of a white pixel.
    """
    return poisson(x.mul_(photons), draws).div_(photons)


@corruption("noise")
def impulse_noise(x: Tensor, draws: Draws, amount: float) -> Tensor:
    """Salt and pepper: each value turns 1 or 0 with probability amount / 2 each."""
    u = draws.uniform(*x.shape[1:])
    return torch.where(u < amount, (u < amount / 2).to(x.dtype), x)


@corruption("extra")
def speckle_noise(x: Tensor, draws: Draws, sigma: float) -> Tensor:
    """x + sigma x n, with n standard normal for each value."""
    return x.mul_(draws.normal(*x.shape[1:]).mul_(sigma).add_(1))


def poisson(rate: Tensor, draws: Draws) -> Tensor:
    r"""Poisson numbers with an expectation of their own for each value.

    Inverts the distribution function F at a uniform number u. The counts k < `EXACT` are summed, as the
    number of k with u > F(k). Larger ones are the integer below the Cornish-Fisher expansion of the
    quantile, with z standard normal and r the rate,

    .. math:: r + \sqrt r z + \frac{2 + z^2}{6} - \frac{2 z + z^3}{72 \sqrt r}
              + \frac{3 z^4 + 7 z^2 - 16}{810 r}

    Args:
        rate: Float32 tensor of shape (B, ...), at least 0.
        draws: Random numbers.
    """
    signed = draws.signed(*rate.shape[1:])
    u = signed.add(1).mul_(0.5)
    probability = rate.neg().exp_()
    cumulative = probability.clone()
    count = (u > cumulative).to(rate.dtype)
    for k in range(1, EXACT):
        probability.mul_(rate).div_(k)
        cumulative.add_(probability)
        count.add_(u > cumulative)
    z = signed.erfinv_().mul_(math.sqrt(2))
    square, root = z.square(), rate.sqrt()
    expansion = (3 * square + 7).mul_(square).sub_(16).div_(rate).div_(810)
    expansion.sub_((square + 2).mul_(z).div_(root).div_(72))
    expansion.add_(rate).add_(root.mul_(z)).add_(square.add_(2).div_(6))
    return torch.where(count < EXACT, count, expansion.floor_().clamp_(min=EXACT))
