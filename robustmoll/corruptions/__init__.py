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

NAMES: tuple[str, ...] = (
    *("gaussian_noise", "shot_noise", "impulse_noise"),
    *("defocus_blur", "glass_blur", "motion_blur", "zoom_blur"),
    *("snow", "frost", "fog", "brightness"),
    *("contrast", "elastic_transform", "pixelate", "jpeg_compression"),
)
"""The 15 corruptions of the benchmark, in the original's order; what is added to the registry is none of them."""

EXTRA: tuple[str, ...] = ("speckle_noise", "gaussian_blur", "spatter", "saturate")
"""The four that the original holds back for validation."""

ALL: tuple[str, ...] = (*NAMES, *EXTRA, *(name for name in CONSTANTS if name not in NAMES + EXTRA))
"""All that there are; those of the original come first, in its order."""

GROUPS: dict[str, tuple[str, ...]] = {
    group: tuple(name for name in NAMES if REGISTRY[name].group == group)
    for group in ("noise", "blur", "weather", "digital")
} | {"extra": ALL[len(NAMES) :]}
"""The corruptions of the benchmark by family, and as "extra" those beyond it."""
