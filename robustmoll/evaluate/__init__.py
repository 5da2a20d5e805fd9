"""How good, how robust and how honest is a classifier? Metrics, the benchmark, its summaries and pictures.

    from robustmoll.evaluate import bench, compare, write_summary

    bench(model, data, "results/mine")      # cell by cell, resumable
    write_summary("results/mine")           # summary.json, summary.csv, summary.md
    compare(["results/mine", "results/yours"])

`metrics`, `calibration` and `temperature` are pure functions of predictions; `bench` runs a classifier over the
cells, which `sources` has the images of and `results` keeps; `summary`, `compare`, `plots` and `report` read nothing
else. `load_subject` gives timm's networks in the form that `bench` takes.
"""

from robustmoll.evaluate.bench import bench
from robustmoll.evaluate.compare import compare
from robustmoll.evaluate.subjects import Subject, load_subject
from robustmoll.evaluate.summary import summarise, write_summary
from robustmoll.evaluate.views import View

__all__ = ["Subject", "View", "bench", "compare", "load_subject", "summarise", "write_summary"]
