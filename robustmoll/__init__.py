"""robustmoll: degrade the data by a known amount t, and tell the learner the truth about it.

Read `robustmoll.mollify` first.
"""

from importlib import import_module
from types import ModuleType

from robustmoll.anneal import Anneal
from robustmoll.corruptions import corrupt
from robustmoll.mollify import Draw, Mollify

__all__ = ["Anneal", "Draw", "Mollify", "corrupt"]
__version__ = "0.1.0"


def __getattr__(name: str) -> ModuleType:
    """Imports `rm.evaluate`, `rm.data` and `rm.models` when they are asked for: they need others of the libraries."""
    if name in ("data", "evaluate", "models"):
        return import_module(f"robustmoll.{name}")
    raise AttributeError(f"module 'robustmoll' has no attribute {name!r}")
