"""What a likelihood model is worth: its likelihood of clean test data beside a Gaussian's, in tables and pictures."""

from robustmoll.evaluate.densities.report import write_density_report
from robustmoll.evaluate.densities.summary import Line, summarise_density

__all__ = ["Line", "summarise_density", "write_density_report"]
