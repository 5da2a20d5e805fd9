"""Finished classifiers for other programs: `formats` writes them, `card` describes them."""

from robustmoll.export.formats import FORMATS, export, from_pretrained

__all__ = ["FORMATS", "export", "from_pretrained"]
