"""What follows the training of a likelihood model, and the same again without the training."""

from collections.abc import Sequence
from typing import Any

from accelerate import PartialState

from robustmoll.config import Parser, load_run
from robustmoll.config_tasks import TASKS
from robustmoll.evaluate.densities.distances import check_distances
from robustmoll.evaluate.densities.measure import FOLDER, measure_run
from robustmoll.evaluate.densities.report import write_density_report
from robustmoll.evaluate.densities.summary import density_lines
from robustmoll.tasks import Density
from robustmoll.training import Trainer

__all__ = ["bench_densities", "check_density", "measure_density"]

DENSITY = TASKS["density"]


def check_density(trainer: Trainer[Density], arguments: dict[str, Any]) -> None:
    """Refuses what `measure_density` would refuse, before the training."""
    check_distances(trainer.sets[1], *(arguments[name] for name in ("classifier", "inception", "generated")))


def measure_density(trainer: Trainer[Density], arguments: dict[str, Any]) -> None:
    """Measures a run of a likelihood model on its own test data, into its folder, from its checkpoints."""
    if not PartialState().is_main_process:
        return
    train, test = trainer.split[0], trainer.sets[1]
    summary = measure_run(trainer.run, train, test, **arguments)
    print(density_lines(summary))
    print(f"table in {trainer.run / FOLDER}")
    task = trainer.task.over(trainer.epochs, len(train) // trainer.batch_size)
    print(f"report in {write_density_report(trainer.run, summary, task, test)}")


def bench_densities(args: Sequence[str]) -> None:
    """Measures each run that is named, as its training did or as the flags say."""
    parser = Parser(prog="robustmoll bench", description="Measure likelihood models on their own clean test data.")
    parser.add_argument("runs", nargs="+", help="Folders that `robustmoll train` wrote, with task: density.")
    parser.add_function_arguments(measure_run, skip=set(DENSITY.not_keys))
    asked = parser.parse_args(args)
    loaded = [load_run(run, "density") for run in asked.runs]  # all, before any work
    jobs = []
    for trainer, config in loaded:
        parser.set_defaults(DENSITY.measuring(config.bench))  # flags override what the run's config says
        chosen = parser.parse_args(args)
        DENSITY.check(chosen)
        check_density(trainer, arguments := DENSITY.measuring(chosen))
        jobs.append((trainer, arguments))
    for trainer, arguments in jobs:
        measure_density(trainer, arguments)
    PartialState().destroy_process_group()
