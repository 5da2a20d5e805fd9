r"""Noise: gaussian, shot and impulse noise; speckle noise is one of the extra four.

In the original the draws are numpy's; here they are the addressed ones of `counter_rng.py`, with the same
distribution:

- the normal numbers take 65,536 values and end at 4.4 standard deviations;
- `impulse_noise` decides with one number per value (not per pixel: channels are independent) what the
  original decides with two, first whether the value flips and then whether to salt or pepper;
- `shot_noise` inverts the Poisson distribution function: by summation below `EXACT` photons, by an
  expansion from there on, which is one photon off for about one value in a thousand (see `poisson`).
"""

import math

import torch
from torch import Tensor

from robustmoll.corruptions.registry import corruption
from robustmoll.counter_rng import CounterRNG, normal_number, uniform_number

EXACT = 4
RARE = 0.05  # photons: four or more of them come with probability 2.5e-7
STEEP = 1e12  # turns a difference into a step


@corruption("noise")
def gaussian_noise(x: Tensor, rng: CounterRNG, sigma: float) -> Tensor:
    """x + sigma n, with n standard normal for each value.

    Args:
        x: Images.
        rng: Random numbers.
        sigma: Standard deviation, as a share of white.
    """
    return x.add_(rng.normal(*x.shape[1:]), alpha=255 * sigma)


@corruption("noise")
def shot_noise(x: Tensor, rng: CounterRNG, photons: float) -> Tensor:
    """Poisson(photons x) / photons: the light of a pixel arrives in whole photons.

    Args:
        x: Images.
        rng: Random numbers.
        photons: Expected number of photons of a white pixel.
    """
    return poisson(x.mul_(photons / 255), rng.ranks(*x.shape[1:])).mul_(255 / photons)


@corruption("noise")
def impulse_noise(x: Tensor, rng: CounterRNG, amount: float) -> Tensor:
    """Salt and pepper: each value turns white or black with probability amount / 2 each.

    Args:
        x: Images.
        rng: Random numbers.
        amount: Probability that a value turns, in [0, 1].
    """
    u = rng.uniform(*x.shape[1:])
    # Steps from 0 to 255 in place of masks, which cost several times as much.
    pepper = (u - amount).mul_(STEEP).clamp_(0, 255)
    salt = u.neg_().add_(amount / 2).mul_(STEEP).clamp_(0, 255)
    return torch.maximum(torch.minimum(x, pepper, out=x), salt, out=x)


@corruption("extra")
def speckle_noise(x: Tensor, rng: CounterRNG, sigma: float) -> Tensor:
    """x + sigma x n, with n standard normal for each value.

    Args:
        x: Images.
        rng: Random numbers.
        sigma: Standard deviation, as a share of the value itself.
    """
    return x.addcmul_(x, rng.normal(*x.shape[1:]), value=sigma)


def poisson(rate: Tensor, ranks: Tensor) -> Tensor:
    r"""Poisson numbers with an expectation of their own for each value.

    Inverts the distribution function F at a uniform number u. The counts k < `EXACT` are summed, as the
    number of k with u > F(k). Larger ones are the integer below the Cornish-Fisher expansion of the quantile,
    with z the normal number of the same rank as u and r the rate,

    .. math:: r + \sqrt r z + \frac{2 + z^2}{6} - \frac{2 z + z^3}{72 \sqrt r}
              + \frac{3 z^4 + 7 z^2 - 16}{810 r}

    Args:
        rate: Float32 tensor of shape (B, ...), at least 0.
        ranks: The random numbers, see `rng`; of the same shape.
    """
    z, excess = normal_number(ranks), uniform_number(ranks)
    probability = rate.clamp(max=80).neg_().exp_()  # beyond, subnormal numbers would cost a hundredfold
    count = excess.sub_(probability).mul(STEEP).clamp_(0, 1)
    for k in range(1, EXACT):
        excess.sub_(probability.mul_(rate), alpha=1 / math.factorial(k))
        count.add_(excess.mul(STEEP).clamp_(0, 1))
    rate = rate.clamp_(min=RARE)  # less light gives no count that the expansion is used for
    root, square = rate.sqrt(), z.square()
    expansion = square.add(7 / 3).mul_(square).sub_(16 / 3).mul_(3 / 810).div_(root)
    expansion.addcmul_(square.add(2), z, value=-1 / 72).div_(root)
    expansion.addcmul_(z, root).add_(square, alpha=1 / 6).add_(rate).add_(1 / 3 - EXACT).floor_().clamp_(min=0)
    all_exceeded = count.sub(EXACT - 1).clamp_(min=0)
    return count.addcmul_(all_exceeded, expansion)
