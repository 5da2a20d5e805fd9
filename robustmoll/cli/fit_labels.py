"""robustmoll fit-labels: label schedules by which the next training would be as sure as it is right."""

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import rich
import yaml
from jsonargparse import Namespace
from rich.table import Table

from robustmoll.config import Parser, load_run
from robustmoll.evaluate.classifiers.fitted_labels import Level, fit_gamma, fitted_roles, measure_levels
from robustmoll.evaluate.finished import Run
from robustmoll.labels import POLICIES
from robustmoll.mollify import Mollify
from robustmoll.storage.files import write_whole
from robustmoll.tasks import Classify
from robustmoll.training import Trainer

__all__ = ["run"]

FILE = "fitted-labels.yaml"
TIMES = tuple(step / 10 for step in range(1, 11))


def run(args: Sequence[str]) -> None:
    """Fits the labels of one run."""
    parser = Parser(
        prog="robustmoll fit-labels",
        description="Choose gamma(t) for each degradation from a pilot run, so that confidence meets accuracy.",
        epilog=f"RUN/{FILE} is a config: robustmoll train --config PILOT.yaml --config RUN/{FILE} --run NEW",
    )
    parser.add_argument("run", help="Folder of the pilot; it must have held out images (validation > 0).")
    parser.add_argument("--times", type=list[float], default=list(TIMES), help="The t of the knots, in (0, 1].")
    parser.add_argument("--seed", type=int, default=0, help="Of the noise.")
    asked = parser.parse_args(args)
    times = sorted(set(asked.times))
    if not times or not 0 < times[0] <= times[-1] <= 1:
        raise ValueError(f"--times needs knots in (0, 1], got {asked.times}")
    trainer, config = load_run(asked.run)
    mollify = trainer.task.mollify
    _check(trainer, mollify)
    levels = measure_levels(Run(trainer.run).classifier, mollify, trainer.validation_set, times, asked.seed)
    fitted = {
        role: fit_gamma(list(of_role), mollify.num_classes)
        for role, of_role in groupby(levels, key=lambda level: level.role)
    }
    described = yaml.safe_dump(_fragment(config.mollify, mollify, times, fitted), sort_keys=False)
    write_whole(Path(asked.run) / FILE, described.encode())
    rich.print(_table(levels, fitted))
    print(f"label schedules in {Path(asked.run) / FILE}")


def _check(trainer: Trainer[Classify], mollify: Mollify) -> None:
    run = trainer.run
    if not trainer.validation:
        raise ValueError(
            f"{run} held no images out, so its confidence cannot be judged; train it with --validation 0.1"
        )
    if not fitted_roles(mollify):
        roles = ", ".join(mollify.drawn_roles)
        raise ValueError(f"{run} has no role with a label schedule: fit-labels needs noise or blur, got {roles}")
    if mollify.num_outputs > mollify.num_classes:
        fitting = " and ".join(repr(name) for name, policy in POLICIES.items() if not policy.sink)
        raise ValueError(f"fit-labels fits the policies {fitting}, {run} has {mollify.policy!r}")


def _fragment(
    config: Namespace, mollify: Mollify, times: Sequence[float], fitted: dict[str, list[float]]
) -> dict[str, Any]:
    """Returns the config of the degradations with their new labels; what else they were given is kept.

    The policy is "smooth", whatever that of the pilot was: gamma is fitted as a share of certainty that goes to all.
    """
    given = {name: part.as_dict() for name, part in (config.degradations or {}).items()}
    for role, gamma in fitted.items():
        own = given.get(role) or {"class_path": type(mollify.degradations[role]).__name__}
        label = {"class_path": "FittedLabel", "init_args": {"t": list(times), "gamma": gamma}}
        given[role] = own | {"init_args": own.get("init_args", {}) | {"label": label}}
    return {"mollify": {"policy": "smooth", "degradations": given}}


def _table(levels: Sequence[Level], fitted: dict[str, list[float]]) -> Table:
    table = Table("role", "t", "accuracy %", "confidence %", "gamma", "fitted gamma")
    gammas = [gamma for of_role in fitted.values() for gamma in of_role]
    for level, gamma in zip(levels, gammas, strict=True):
        shares = (f"{100 * share:.1f}" for share in (level.accuracy, level.confidence))
        table.add_row(level.role, f"{level.t:g}", *shares, f"{level.gamma:.3f}", f"{gamma:.3f}")
    return table
