"""The random numbers of images and their pixels: addressed, not consumed.

Every number is a pure function of

    (an address such as "seed/corruption/severity", image id, number of the call, position in the image)

so an image gets the same bits in any batch, in any order, in any process. There is no state to seed or to
save.

Address and id of an image are hashed, on the CPU, to a 64-bit key. From the key come

* `scalars`: a few float64 numbers per image (angles, offsets), computed on the CPU;
* `ranks`: one of 65,536 equally likely integers per pixel, computed on the images' device in 32-bit integer
  arithmetic that wraps around. `uniform`, `normal` and `integers` are functions of ranks: a linear one, a
  look-up in a table made on the CPU, a multiplication and a shift.

So every number is the same on every device, and a per-pixel number costs about what a copy of it costs.

The pixel hash has two multiply-xorshift rounds (the constants of C. Wellons' `lowbias32`, 2018) with one half
of the key added before the first and the other between the two; each 32-bit word serves two pixels. The key
hash is SplitMix64 (Steele, Lea, Flood 2014).
"""

import hashlib
import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from robustmoll.kept import kept

RANKS = 1 << 16
GOLDEN = np.uint64(0x9E3779B97F4A7C15)
MIX_ROUNDS = ((np.uint64(30), np.uint64(0xBF58476D1CE4E5B9)), (np.uint64(27), np.uint64(0x94D049BB133111EB)))
MIX_END = np.uint64(31)


def mix64(z: np.ndarray) -> np.ndarray:
    """The SplitMix64 finaliser: a bijection of 64-bit words, each bit of which depends on all of z."""
    for shift, factor in MIX_ROUNDS:
        z = z ^ (z >> shift)
        z *= factor
    return z ^ (z >> MIX_END)


def xorshift(x: Tensor, bits: int, spare: Tensor) -> None:
    """x ^= x >> bits in place for int32 words; `spare` is overwritten."""
    torch.bitwise_right_shift(x, bits, out=spare)
    # torch shifts signed words arithmetically: the mask makes it a logical shift.
    x.bitwise_xor_(spare.bitwise_and_((1 << (32 - bits)) - 1))


def mix32(x: Tensor, key: Tensor) -> Tensor:
    """Hashes int32 words in place, with a second key (it broadcasts) added between two rounds."""
    spare = torch.empty_like(x)
    x.mul_(0x7FEB352D)
    xorshift(x, 15, spare)
    x.bitwise_xor_(key)
    x.mul_(0x846CA68B - (1 << 32))
    xorshift(x, 16, spare)
    return x


@kept(16)
def scrambled_positions(n: int, device: torch.device) -> Tensor:
    """The hashes of 0 ... n - 1 as int32: neighbouring pixels differ in all bits before a key is added."""
    position = torch.arange(n, dtype=torch.int32, device=device)
    return mix32(position, torch.zeros_like(position))


@kept(4)
def normal_table(device: torch.device) -> Tensor:
    """The means of the 65,536 equally likely slices of the standard normal distribution, float32."""
    edges = torch.special.ndtri(torch.arange(RANKS + 1, dtype=torch.float64, device="cpu") / RANKS)
    density = torch.exp(-edges.square() / 2) / math.sqrt(2 * math.pi)
    return ((density[:-1] - density[1:]) * RANKS).to(device, torch.float32)


class CounterRNG:
    """The random numbers of some images for one purpose.

    Each call of a method gives fresh numbers, independent of those of the earlier calls.

    Args:
        address: What the numbers are for, such as "0/fog/3.0" (seed, corruption, severity) or "17/mollify".
        ids: One integer per image, of 64 bits.
        device: Where the per-pixel numbers are wanted.

    Example:
        >>> both = CounterRNG("0/fog/3.0", [7, 8], torch.device("cpu")).uniform(2, 2)
        >>> alone = CounterRNG("0/fog/3.0", [8], torch.device("cpu")).uniform(2, 2)
        >>> bool((both[1] == alone[0]).all())
        True
    """

    def __init__(self, address: str, ids: Sequence[int] | np.ndarray, device: torch.device) -> None:
        self.address = address
        self.ids = ids
        self.device = device
        self.calls = 0

    def scalars(self, n: int) -> Tensor:
        """Uniform numbers in [0, 1) for each image, float64 of shape (B, n), on the CPU."""
        counter = np.arange(1, n + 1, dtype=np.uint64) * GOLDEN
        words = mix64(self._keys()[:, None] + counter)
        return torch.from_numpy((words >> np.uint64(11)).astype(np.float64) * 2.0**-53)

    def ranks(self, *shape: int) -> Tensor:
        """Integers 0 ... 65535, int32 of shape (B, *shape), on the device."""
        n = math.prod(shape)
        keys = torch.from_numpy(self._keys().view(np.int32).reshape(-1, 2, 1)).to(self.device, non_blocking=True)
        first, second = keys.unbind(1)
        words = mix32(scrambled_positions((n + 1) // 2, self.device) ^ first, second)
        halves = words.view(torch.int16)[:, :n]
        return halves.to(torch.int32).add_(RANKS // 2).view(-1, *shape)

    def uniform(self, *shape: int) -> Tensor:
        """Numbers in (0, 1), the middles of 65,536 equal slices; float32 (B, *shape), on the device."""
        return uniform_number(self.ranks(*shape))

    def normal(self, *shape: int) -> Tensor:
        """Standard normal numbers, 65,536 different ones up to +-4.4; float32 (B, *shape), on the device."""
        return normal_number(self.ranks(*shape))

    def integers(self, n: int, *shape: int) -> Tensor:
        """Integers 0 ... n - 1 for n < 2^15, int32 (B, *shape), on the device."""
        return self.ranks(*shape).mul_(n).bitwise_right_shift_(16)

    def _keys(self) -> np.ndarray:
        """One fresh 64-bit key for each image."""
        digest = hashlib.blake2b(f"{self.address}/{self.calls}".encode(), digest_size=8).digest()
        self.calls += 1
        ids = np.asarray(self.ids, dtype=np.int64).view(np.uint64)
        return mix64(mix64(ids * GOLDEN) ^ np.frombuffer(digest, dtype=np.uint64))


def uniform_number(ranks: Tensor) -> Tensor:
    """The middle of the slice of [0, 1] that a rank stands for."""
    return ranks.to(torch.float32).add_(0.5).mul_(1 / RANKS)


def normal_number(ranks: Tensor) -> Tensor:
    """The mean of the slice of the normal distribution that a rank stands for."""
    return normal_table(ranks.device).index_select(0, ranks.flatten()).view_as(ranks)
