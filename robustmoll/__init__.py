"""robustmoll: degrade the data by a known amount t, and tell the learner the truth about it.

Read `robustmoll.mollify` first.
"""

from importlib import import_module
from typing import Any

from robustmoll.corruptions import corrupt
from robustmoll.mollify import Anneal, Draw, Mollify

__all__ = ["Anneal", "Draw", "Mollify", "corrupt"]
__version__ = "0.1.0"


# What stands where: these import heavy libraries, which takes seconds.
LATER = {"Run": "robustmoll.api", "train": "robustmoll.api", "from_pretrained": "robustmoll.export"}
PACKAGES = ("data", "evaluate", "models", "training")


def __getattr__(name: str) -> Any:  # noqa: ANN401
    """Imports `rm.train`, `rm.Run`, `rm.from_pretrained`, `rm.evaluate`, ... when they are asked for."""
    if name in PACKAGES:
        return import_module(f"robustmoll.{name}")
    if name in LATER:
        return getattr(import_module(LATER[name]), name)
    raise AttributeError(f"module 'robustmoll' has no attribute {name!r}")
