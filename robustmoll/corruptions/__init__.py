"""The ImageNet-C corruptions, batched, on any device, repeatable to the bit.

    y = corrupt(x, "fog", severity=3, preset="cifar", seed=0, ids=ids)

`engine` holds `corrupt` and its module form `Corrupt`; `constants` the severities as a table. The
corruptions are functions in `noise`, `blur`, `weather`, `frost`, `digital` and `spatter`, each registered
under its own name: a new one is one such function and one row of constants. Random numbers are those of
`robustmoll.counter_rng`.
"""

from robustmoll.corruptions import blur, digital, frost, noise, spatter, weather  # noqa: F401
from robustmoll.corruptions.constants import CONSTANTS, PRESETS, SEVERITIES, preset_of_size
from robustmoll.corruptions.engine import Corrupt, corrupt
from robustmoll.corruptions.frost import frost_source
from robustmoll.corruptions.registry import REGISTRY, corruption

__all__ = [
    "ALL",
    "CONSTANTS",
    "EXTRA",
    "GROUPS",
    "NAMES",
    "PRESETS",
    "REGISTRY",
    "SEVERITIES",
    "Corrupt",
    "corrupt",
    "corruption",
    "frost_source",
    "preset_of_size",
]

GROUPS: dict[str, tuple[str, ...]] = {
    group: tuple(name for name in CONSTANTS if REGISTRY[name].group == group)
    for group in ("noise", "blur", "weather", "digital", "extra")
}
"""The corruptions of each family, in the original's order."""

EXTRA = GROUPS["extra"]
"""The four that the original holds back for validation."""

NAMES: tuple[str, ...] = tuple(name for name in CONSTANTS if name not in EXTRA)
"""The 15 corruptions of the benchmark, in the original's order."""

ALL = (*NAMES, *EXTRA)
