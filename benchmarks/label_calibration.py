"""Measures how sure and how right trained classifiers are at each t of their own degradations.

    python -m benchmarks.label_calibration runs/fcr-mollified-0 runs/fcr-hard-0 runs/fcr-fitted-0

Every fifth of the test images, to which nothing is fitted here, is degraded as the training did it.
"""

import argparse
from collections.abc import Iterator

import torch

from benchmarks.turns import write_rows
from robustmoll.config import load_run
from robustmoll.evaluate.classifiers.fitted_labels import measure_levels
from robustmoll.evaluate.finished import Run

TIMES = (0.1, 0.3, 0.5, 0.7, 0.9)
EVERY = 5


def rows(run: str) -> Iterator[dict[str, object]]:
    """A row for each role and t of one run."""
    trainer, _ = load_run(run)
    test = trainer.test_set
    images = test.select(torch.arange(0, len(test), EVERY))
    for level in measure_levels(Run(run).classifier, trainer.task.mollify, images, TIMES):
        measured = {name: f"{getattr(level, name):.4f}" for name in ("accuracy", "confidence", "gamma")}
        yield {"run": trainer.run.name, "role": level.role, "t": level.t, "n": level.n, **measured}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", help="folders of runs that mollify")
    args = parser.parse_args()
    write_rows("label_calibration.csv", (row for run in args.runs for row in rows(run)))


if __name__ == "__main__":
    main()
