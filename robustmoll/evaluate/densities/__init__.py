"""What a likelihood model is worth: its likelihood of clean test data beside a Gaussian's, in tables and pictures."""

from robustmoll.evaluate.densities.compare import compare_densities
from robustmoll.evaluate.densities.measure import DensityBenchArgs, measure_run
from robustmoll.evaluate.densities.report import write_density_report
from robustmoll.evaluate.densities.summary import DensitySummary

__all__ = ["DensityBenchArgs", "DensitySummary", "compare_densities", "measure_run", "write_density_report"]
