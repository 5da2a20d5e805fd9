"""Random draws that are addressed, not consumed.

Every random number of a corruption is a pure function of its address

    (seed, image id, corruption, severity, number of the call, position in the image)

so an image gets the same bits in any batch, in any order, in any process. There is no state to seed or to
save.

The address of an image is hashed once, on the CPU, to a 64-bit key. From the key come

* `scalars`: a few float64 numbers per image (angles, offsets), computed on the CPU: the same on every device;
* `bits`, `uniform`, `signed`: one number per pixel, computed on the images' device in 32-bit integer
  arithmetic that wraps around, which every device does alike: the same on every device;
* `normal`: the inverse normal distribution function of such a number, the same up to the device's rounding
  of `erfinv`.

The pixel hash is two multiply-xorshift rounds (the constants of C. Wellons' `lowbias32`, 2018) with one
half of the key added before the first round and the other between the two. The key hash is SplitMix64
(Steele, Lea, Flood 2014).
"""

import hashlib
import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def mix64(z: np.ndarray) -> np.ndarray:
    """The SplitMix64 finaliser: a bijection of 64-bit words, each bit of which depends on all of z."""
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def mix32(x: Tensor, key: Tensor) -> Tensor:
    """Hashes int32 words in place, with a second key added between the two rounds.

    Args:
        x: int32 tensor, overwritten.
        key: int32 tensor that broadcasts against x.
    """
    shifted = torch.empty_like(x)

    def xorshift(bits: int) -> None:
        # torch shifts signed words arithmetically: the mask makes it a logical shift.
        torch.bitwise_right_shift(x, bits, out=shifted)
        x.bitwise_xor_(shifted.bitwise_and_((1 << (32 - bits)) - 1))

    xorshift(16)
    x.mul_(0x7FEB352D)
    xorshift(15)
    x.bitwise_xor_(key)
    x.mul_(0x846CA68B - (1 << 32))
    xorshift(16)
    return x


class Draws:
    """The random numbers of some images under one corruption at one severity.

    Each call of a method gives fresh numbers, independent of those of the earlier calls.

    Args:
        seed: Any integer.
        ids: One integer per image.
        name: Name of the corruption.
        severity: Its severity.
        device: Where the per-pixel numbers are wanted.

    Example:
        >>> both = Draws(0, [7, 8], "fog", 3, torch.device("cpu")).uniform(2, 2)
        >>> alone = Draws(0, [8], "fog", 3, torch.device("cpu")).uniform(2, 2)
        >>> bool((both[1] == alone[0]).all())
        True
    """

    def __init__(
        self, seed: int, ids: Sequence[int], name: str, severity: float, device: torch.device
    ) -> None:
        self.address = f"{seed}/{name}/{float(severity)!r}"
        self.ids = np.array(ids, dtype=np.int64).astype(np.uint64)
        self.device = device
        self.calls = 0

    def __len__(self) -> int:
        return len(self.ids)

    def scalars(self, n: int) -> Tensor:
        """Uniform numbers in [0, 1) for each image, float64 of shape (B, n), on the CPU."""
        counter = np.arange(1, n + 1, dtype=np.uint64) * GOLDEN
        words = mix64(self._keys()[:, None] + counter)
        return torch.from_numpy((words >> np.uint64(11)).astype(np.float64) * 2.0**-53)

    def bits(self, *shape: int) -> Tensor:
        """Random 32-bit words for each image, int32 of shape (B, *shape), on the device."""
        keys = torch.from_numpy(self._keys().view(np.int32).reshape(-1, 2)).to(self.device)
        counter = torch.arange(math.prod(shape), dtype=torch.int32, device=self.device)
        return mix32(counter ^ keys[:, :1], keys[:, 1:]).view(-1, *shape)

    def uniform(self, *shape: int) -> Tensor:
        """Uniform numbers in [0, 1) with 24 bits, float32 of shape (B, *shape), on the device."""
        return self.bits(*shape).bitwise_and_(0xFFFFFF).to(torch.float32).mul_(2.0**-24)

    def integers(self, n: int, *shape: int) -> Tensor:
        """Integers 0 ... n - 1, n < 2^15, each as likely to 2^-16; int64 (B, *shape), on the device."""
        high = self.bits(*shape).bitwise_right_shift_(16).bitwise_and_(0xFFFF)
        return high.mul_(n).bitwise_right_shift_(16).to(torch.int64)

    def signed(self, *shape: int) -> Tensor:
        """Uniform numbers in (-1, 1), both ends excluded, float32 of shape (B, *shape), on the device."""
        return self.bits(*shape).to(torch.float32).mul_(2.0**-31).clamp_(-1 + 2.0**-24, 1 - 2.0**-24)

    def normal(self, *shape: int) -> Tensor:
        """Standard normal numbers, float32 of shape (B, *shape), on the device.

        They end at 5.3 standard deviations, beyond which lies one number in ten million.
        """
        return self.signed(*shape).erfinv_().mul_(math.sqrt(2))

    def _keys(self) -> np.ndarray:
        """One fresh 64-bit key for each image."""
        digest = hashlib.blake2b(f"{self.address}/{self.calls}".encode(), digest_size=8).digest()
        self.calls += 1
        return mix64(mix64(self.ids * GOLDEN) ^ np.frombuffer(digest, dtype=np.uint64))
