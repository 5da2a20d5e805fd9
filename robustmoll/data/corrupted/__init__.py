"""-C sets: the images of a test set under every corruption and severity, in files."""

from robustmoll.data.corrupted.corrupted_set import CorruptedSet
from robustmoll.data.corrupted.opening import open_corrupted

__all__ = ["CorruptedSet", "open_corrupted"]
