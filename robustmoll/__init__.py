"""robustmoll: degrade the data by a known amount t, and tell the learner the truth about it.

Read `robustmoll.mollify` first.
"""

from robustmoll.corruptions import corrupt
from robustmoll.mollify import Anneal, Draw, Mollify

__all__ = ["Anneal", "Draw", "Mollify", "corrupt"]
__version__ = "0.1.0"
