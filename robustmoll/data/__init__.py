"""Data sets by name, as images in memory; a new one is a subclass of `Data` in a file here and an import below."""

from robustmoll.data.digits import Digits
from robustmoll.data.image_folder import ImageFolder
from robustmoll.data.image_set import Data, ImageSet

__all__ = ["Data", "Digits", "ImageFolder", "ImageSet"]
