"""Trains likelihood models with several seeds, keeps what was measured of them, and makes the table of them all.

    python -m benchmarks.density_study fashion-mnist-cpu --configs fashion-mnist-cpu/vae-vanilla \
      fashion-mnist-cpu/vae-noise --seeds 0 1 2 --data.root DIR --bench.classifier RUN

It is `robustmoll sweep` whose results stay: finished runs are not trained again, and a run that was stopped goes on.
The summaries go to benchmarks/results/<study>/ as <config>-<seed>.json; the tables beside them are made from these
files alone (`--table` makes them again). `--pairs one:other` tables what the one changes, seed by seed, and
`--pictures` names configs whose samples along the training of the first seed are kept.
"""

import json
import shutil
from collections.abc import Container, Iterator, Mapping, Sequence
from functools import partial
from operator import sub
from pathlib import Path
from typing import Any

from benchmarks.study import read, study_parser, train
from robustmoll.evaluate.densities.summary import DISTANCES
from robustmoll.evaluate.text import TextTable, count_seeds, markdown_table, mean_and_deviation

DISTANCE = "classifier_frechet_distance"
COLUMNS = ("bits/dim ↓", f"{DISTANCES[DISTANCE]} ↓", "precision ↑", "recall ↑")

Summary = dict[str, Any]
Study = Mapping[str, Mapping[int, Summary]]


def keep(run: Path, folder: Path, pictured: Container[str]) -> None:
    """Copies what was measured of a run, without names of folders of this machine."""
    summary = json.loads((run / "density" / "summary.json").read_text())
    for record in summary["distances"]:
        record["extractor"] = record["extractor"].partition(" ")[0]
    (folder / f"{run.name}.json").write_text(json.dumps(summary, indent=2) + "\n")
    if run.name in pictured:
        shutil.copy(run / "plots" / "samples-over-training.png", folder / f"{run.name}.png")


def tables(study: Study, pairs: Sequence[str]) -> str:
    """Returns the tables in Markdown, functions of the summaries alone: all configs, and the differences of pairs."""
    header = ["best on validation", *COLUMNS]
    rows = ([f"{config} ({count_seeds(len(runs))})", *cells([*runs.values()])] for config, runs in study.items())
    parts = [markdown_table(TextTable(header, list(rows)))]
    if pairs:
        parts.append(markdown_table(TextTable(header, list(differences(study, pairs)))))
    return "\n\n".join(parts) + "\n"


def cells(runs: Sequence[Summary]) -> list[str]:
    """The figures of a config's seeds; what is an upper bound says so."""
    figures = zip(*map(figures_of, runs), strict=True)
    entries = [mean_and_deviation(values, 3) for values in figures]
    return ["≤ " * runs[0]["nll_name"].endswith("bound") + entries[0], *entries[1:]]


def differences(study: Study, pairs: Sequence[str]) -> Iterator[list[str]]:
    """Yields what one config changes against another: mean and deviation over the seeds that both have."""
    for one, other in (pair.split(":") for pair in pairs):
        seeds = sorted(study[one].keys() & study[other].keys())
        by_seed = [map(sub, figures_of(study[one][seed]), figures_of(study[other][seed])) for seed in seeds]
        changes = (mean_and_deviation(change, 3, "+") for change in zip(*by_seed, strict=True))
        yield [f"{one} minus {other} ({count_seeds(len(seeds))})", *changes]


def figures_of(summary: Summary) -> list[float]:
    """The figures of the checkpoint that counts, as `COLUMNS` names them.

    Raises:
        ValueError: If the distance was not measured.
    """
    counts = summary["lines"][0]
    for far in summary["distances"]:
        if (far["metric"], far["name"]) == (DISTANCE, counts["name"]):
            return [counts["value"], far["value"], far["precision"], far["recall"]]
    raise ValueError(f"{summary['run']} has no {DISTANCES[DISTANCE]}; give the study --bench.classifier RUN")


def main() -> None:
    parser = study_parser(__doc__)
    parser.add_argument("--pictures", nargs="+", default=[], help="configs whose samples along the training are kept")
    args, flags = parser.parse_known_args()
    pictured = {f"{config}-{args.seeds[0]}" for config in args.pictures}
    folder = train(args, flags, partial(keep, pictured=pictured))
    text = tables(read(folder, ".json", json.loads, [Path(config).name for config in args.configs]), args.pairs)
    (folder / "table.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
