"""What of a benchmark is asked for."""

from collections.abc import Sequence
from dataclasses import dataclass

from robustmoll.checks import known_name
from robustmoll.corruptions import ALL, NAMES, PRESETS, REGISTRY, SEVERITIES

__all__ = ["BenchArgs"]


@dataclass(frozen=True)
class BenchArgs:
    """Which cells are measured, and how.

    Args:
        corruptions: Which ones; none measures clean images alone.
        severities: Which ones, in (0, 5]. The clean cell is always measured, and first.
        preset: Table of corruption constants: "cifar", "tiny" or "imagenet". None takes the one made for the size
            at which images are corrupted, or that of the corrupted set.
        seed: Seed of the corruptions, any integer; a corrupted set has its own.
        batch_size: Images at a time, in each process.

    Raises:
        ValueError: If one of them is not as described.
    """

    corruptions: Sequence[str] = NAMES
    severities: Sequence[float] = SEVERITIES
    preset: str | None = None
    seed: int = 0
    batch_size: int = 256

    def __post_init__(self) -> None:
        if isinstance(self.corruptions, str):
            raise ValueError(
                f"corruptions must be a list of names, got {self.corruptions!r}; say [{self.corruptions!r}]"
            )
        known = dict.fromkeys((*ALL, *REGISTRY))  # there may be some that were registered since
        for corruption in self.corruptions:
            known_name("corruption", corruption, known)
        for severity in self.severities:
            if not 0 < severity <= 5:
                raise ValueError(f"severities must lie in (0, 5], got {severity}; the clean cell is always measured")
        if self.preset is not None:
            known_name("preset", self.preset, PRESETS)
        if self.batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, got {self.batch_size}")
