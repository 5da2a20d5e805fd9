"""The tables of the UCI study, a function of the files of its runs."""

import csv
from collections.abc import Iterable, Sequence
from itertools import product
from pathlib import Path
from typing import NamedTuple

from robustmoll.evaluate.text import TextTable, markdown_table, mean_and_deviation

__all__ = ["RESULTS", "tables"]

RESULTS = Path(__file__).parent / "results" / "uci"
TABLES = ("redwine", "whitewine", "parkinsons")
FLOWS = ("maf", "realnvp", "glow")
SHARES = ("0", "0.25", "0.5", "0.75")
ORIGINAL = {  # the released code of Tran et al. (2023), run as it is: last epoch, number of runs
    ("redwine", "maf"): ("-16.12 ± 1.61 (4)", "-11.49 ± 0.39 (4)"),
    ("redwine", "realnvp"): ("-30.06 ± 5.36 (2)", "-13.27 ± 0.62 (2)"),
    ("redwine", "glow"): ("-17.30 ± 0.96 (2)", "-12.16 ± 0.05 (2)"),
    ("whitewine", "maf"): ("-15.03 (1)", "-12.02 (1)"),
    ("parkinsons", "maf"): ("-8.36 (1)", "-6.03 (1)"),
}

PUBLISHED = """Published protocol: 150 epochs, no choice of the epoch. "Last" is what the paper reports; "stopped" is
the test value of the epoch that is best on validation, and "best" that of the epoch best on the test set itself, so
optimistic.
"""
SCHEDULES = "Schedules in the published protocol, red wine, MAF.\n"
SOUND = """Sound protocol: jittered, early stopping on validation, the last epochs clean. Not comparable with the tables
above. "Chosen" is, for each seed, the mollified share that is best on validation; the gain is over share 0, seed by
seed. It is a choice among four trainings, so it has to beat "0, best of 4": what the same choice among four trainings
without mollification is expected to end with, whose seeds are drawn from those of share 0. "Any epoch" is the gain if
the epoch that is best on validation may be a mollified one.
"""


def _section(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return markdown_table(TextTable(header, list(rows))) + "\n"


class Epoch(NamedTuple):
    """A line of a run's file."""

    epoch: int
    t: float
    validation: float
    test: float


Run = list[Epoch]
Cells = Sequence[str]


def tables(folder: Path) -> str:
    """Returns all tables in Markdown."""
    return "\n".join(
        [
            PUBLISHED,
            _section(
                ("data", "model", "arm", "seeds", "last", "stopped", "best", "best epochs", "original's last (runs)"),
                _published(folder),
            ),
            SCHEDULES,
            _section(("arm", "seeds", "last", "stopped", "best", "best epochs"), _schedules(folder)),
            SOUND,
            _section(
                ("data", "model", "mollified share", "seeds", "validation", "test", "gain", "any epoch"), _sound(folder)
            ),
        ]
    )


def _published(folder: Path) -> Iterable[Cells]:
    for table in TABLES:
        yield table, "Gaussian", "", "", _gaussian(folder, "published", table), "", "", "", ""
        for flow, (place, arm) in product(FLOWS, enumerate(("vanilla", "sigmoid"))):
            if runs := _runs(folder, f"published-{table}-{flow}-{arm}"):
                name = "mollified" if arm == "sigmoid" else arm
                original = ORIGINAL.get((table, flow), ("", ""))[place]
                yield table, flow, name, *_ends(list(runs.values())), original


def _schedules(folder: Path) -> Iterable[Cells]:
    for arm in ("vanilla", "sigmoid", "cosine", "linear", "constant"):
        if runs := _runs(folder, f"published-redwine-maf-{arm}"):
            yield arm, *_ends(list(runs.values()))


def _ends(runs: list[Run]) -> Cells:
    best = [max(run, key=lambda epoch: epoch.test) for run in runs]
    epochs = sorted(epoch.epoch for epoch in best)
    return (
        str(len(runs)),
        mean_and_deviation([run[-1].test for run in runs], 2),
        mean_and_deviation([_best(run).test for run in runs], 2),
        mean_and_deviation([epoch.test for epoch in best], 2),
        f"{epochs[0]} to {epochs[-1]}",
    )


def _sound(folder: Path) -> Iterable[Cells]:
    for table in TABLES:
        if any(folder.glob(f"sound-{table}-*-*")):
            yield table, "Gaussian", "", "", "", _gaussian(folder, "sound", table), "", ""
        for flow in FLOWS:
            found = {share: _runs(folder, f"sound-{table}-{flow}-{share}") for share in SHARES}
            seeds = set.intersection(*(set(runs) for runs in found.values()))
            if seeds:
                yield from ((table, flow, *cells) for cells in _shares(found, sorted(seeds)))


def _shares(runs: dict[str, dict[int, Run]], seeds: list[int]) -> Iterable[Cells]:
    stopped = {share: {seed: _best(_clean(runs[share][seed])) for seed in seeds} for share in SHARES}
    plain = list(stopped["0"].values())

    def gain(epochs: list[Epoch]) -> str:
        return mean_and_deviation([one.test - other.test for one, other in zip(epochs, plain, strict=True)], 2, "+")

    def cells(name: str, share_of: dict[int, str]) -> Cells:
        epochs = [stopped[share_of[seed]][seed] for seed in seeds]
        return (
            name,
            str(len(seeds)),
            mean_and_deviation([epoch.validation for epoch in epochs], 2),
            mean_and_deviation([epoch.test for epoch in epochs], 2),
            "" if name == "0" else gain(epochs),
        )

    for share in SHARES:
        anywhere = "" if share == "0" else gain([_best(runs[share][seed]) for seed in seeds])
        yield *cells(share, dict.fromkeys(seeds, share)), anywhere
    validation, test = best_of(len(SHARES), plain)
    more = test - sum(epoch.test for epoch in plain) / len(plain)
    yield f"0, best of {len(SHARES)}", str(len(seeds)), f"{validation:.2f}", f"{test:.2f}", f"{more:+.2f}", ""
    chosen = {seed: max(SHARES, key=lambda share: stopped[share][seed].validation) for seed in seeds}
    yield *cells(f"chosen ({', '.join(chosen.values())})", chosen), ""


def best_of(n: int, runs: Iterable[Epoch]) -> tuple[float, float]:
    """What is expected of the best on validation among n runs that are drawn, with replacement, from these.

    The i-th best of k runs is the best of the n with probability ((k - i + 1)^n - (k - i)^n) / k^n.

    Returns:
        Its expected validation and test value.
    """
    ranked = sorted(runs, key=lambda epoch: epoch.validation)  # the worst first
    k = len(ranked)
    weights = [((place + 1) ** n - place**n) / k**n for place in range(k)]
    return tuple(
        sum(weight * value for weight, value in zip(weights, values, strict=True))
        for values in ([epoch.validation for epoch in ranked], [epoch.test for epoch in ranked])
    )


def _clean(run: Run) -> Run:
    """The epochs on clean data."""
    return [epoch for epoch in run if epoch.t == 0]


def _best(run: Run) -> Epoch:
    """The best epoch on validation."""
    return max(run, key=lambda epoch: epoch.validation)


def _runs(folder: Path, name: str) -> dict[int, Run]:
    """The runs of one row, by seed."""
    paths = folder.glob(f"{name}-[0-9]*.csv")
    return {int(path.stem.removeprefix(f"{name}-")): _read(path) for path in sorted(paths)}


def _read(path: Path) -> Run:
    with path.open(newline="") as file:
        return [
            Epoch(int(row["epoch"]), float(row["t"]), float(row["validation"]), float(row["test"]))
            for row in csv.DictReader(file)
        ]


def _gaussian(folder: Path, protocol: str, table: str) -> str:
    path = folder / f"{protocol}-{table}-gaussian.csv"
    return f"{float(path.read_text().split()[1]):.2f}" if path.exists() else ""
