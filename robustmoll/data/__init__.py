"""Data sets by name, clean and corrupted; a new one is a subclass of `Data` in a file here and an import below."""

from robustmoll.data.corrupted import CorruptedSet, open_corrupted
from robustmoll.data.digits import Digits
from robustmoll.data.image_folder import ImageFolder
from robustmoll.data.image_set import Data, ImageSet

__all__ = ["CorruptedSet", "Data", "Digits", "ImageFolder", "ImageSet", "open_corrupted"]
