"""robustmoll train: a config's training, then its measurement and report."""

from collections.abc import Callable, Sequence
from typing import Any

from accelerate import PartialState
from jsonargparse import Namespace

from robustmoll.cli.bench import bench_run
from robustmoll.config import Parser, build_trainer, training_parser
from robustmoll.config_tasks import TASKS
from robustmoll.evaluate.densities.report import FOLDER, density_line, measure_run, write_density_report
from robustmoll.tasks import Density, Likelihood
from robustmoll.training import Trainer

__all__ = ["run", "train_and_bench"]


def run(args: Sequence[str]) -> None:
    """Trains as the config and the flags say."""
    parser = training_parser()
    train_and_bench(parser, parser.parse_args(args))
    PartialState().destroy_process_group()


def train_and_bench(parser: Parser, config: Namespace) -> None:
    """Trains as a parsed config says, measures and reports, into the run's folder."""
    trainer = build_trainer(parser, config)
    model = trainer.fit(parser.dump(config))
    MEASURE[config.task](trainer, model, TASKS[config.task].measuring(config.bench))


def _measure_density(trainer: Trainer[Density], model: Likelihood, arguments: dict[str, Any]) -> None:
    """Measures a run of a likelihood model on its own test data, into its folder."""
    if not PartialState().is_main_process:
        return
    train, test = trainer.split[0], trainer.sets[1]
    summary = measure_run(trainer.run, train, test, **arguments)
    print(density_line(summary))
    print(f"table in {trainer.run / FOLDER}")
    task = trainer.task.over(trainer.epochs, len(train) // trainer.batch_size)
    print(f"report in {write_density_report(trainer.run, summary, task, test)}")


# What follows a training, by its task.
MEASURE: dict[str, Callable[..., None]] = {"classify": bench_run, "density": _measure_density}
