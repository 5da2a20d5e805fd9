"""How good, how robust and how honest is a classifier? Metrics, the benchmark, its summaries and pictures."""
