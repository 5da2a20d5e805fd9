"""How good, how robust and how honest is a classifier? Metrics, the benchmark, its summaries and pictures.

    from robustmoll.evaluate import bench, compare, write_summary

    bench(model, data, "results/mine")      # cell by cell, resumable
    write_summary("results/mine")           # summary.json, summary.md
    compare(["results/mine", "results/yours"])

`metrics` and `calibration` are pure functions of predictions; `bench` runs a classifier over the cells, which
`sources` makes the images of and `cells` keeps; `summary`, `compare`, `plots` and `report` read nothing else.
"""

from robustmoll.evaluate.bench import bench
from robustmoll.evaluate.compare import compare
from robustmoll.evaluate.summary import summarise, write_summary

__all__ = ["bench", "compare", "summarise", "write_summary"]
