"""The ImageNet-C corruptions, batched, on any device, repeatable to the bit.

    from robustmoll.corruptions import corrupt

    y = corrupt(x, "fog", severity=3, preset="cifar", seed=0, ids=ids)

`engine` holds `corrupt` and its module form `Corrupt`; `constants` the severities as a table; `draws` the
addressed random numbers; `noise`, `blur`, `weather`, `digital` the corruptions, one function each,
registered under its name. A new corruption is one such function and one row of constants.
"""

from robustmoll.corruptions import blur, digital, noise, weather  # noqa: F401  they register their functions
from robustmoll.corruptions.constants import CONSTANTS, PRESETS
from robustmoll.corruptions.engine import Corrupt, corrupt
from robustmoll.corruptions.registry import REGISTRY, corruption

__all__ = ["CONSTANTS", "EXTRA", "GROUPS", "NAMES", "PRESETS", "REGISTRY", "Corrupt", "corrupt", "corruption"]

GROUPS: dict[str, tuple[str, ...]] = {
    group: tuple(name for name in CONSTANTS if name in REGISTRY and REGISTRY[name].group == group)
    for group in ("noise", "blur", "weather", "digital", "extra")
}
"""The corruptions of each family, in the original's order."""

EXTRA = GROUPS["extra"]
"""The four that the original holds back for validation."""

NAMES: tuple[str, ...] = tuple(name for name in CONSTANTS if name in REGISTRY and name not in EXTRA)
"""The 15 corruptions of the benchmark, in the original's order."""
