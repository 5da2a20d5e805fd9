"""How good is a model, and how honest?

    from robustmoll.evaluate import bench, compare, write_summary

    bench(model, data, "results/mine")      # cell by cell, resumable
    write_summary("results/mine")           # summary.json, summary.csv, summary.md
    compare(["results/mine", "results/yours"])

`classifiers` measures them under corruptions, `densities` measures flows and VAEs; neither knows the other. Both stand
on pure functions of predictions (`metrics`, `calibration`, `temperature`, `bootstrap`), compare `groups` of runs, and
write pages in one way (`text`, `page`, `style`).
"""

from robustmoll.evaluate.classifiers.bench import bench
from robustmoll.evaluate.classifiers.bench_args import BenchArgs
from robustmoll.evaluate.classifiers.compare import compare
from robustmoll.evaluate.classifiers.subjects import Subject, load_subject
from robustmoll.evaluate.classifiers.summary import summarise, write_summary
from robustmoll.evaluate.classifiers.views import View

__all__ = ["BenchArgs", "Subject", "View", "bench", "compare", "load_subject", "summarise", "write_summary"]
