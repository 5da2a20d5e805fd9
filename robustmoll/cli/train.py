"""robustmoll train: a config's training, then its measurement and report."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from accelerate import PartialState
from jsonargparse import Namespace

from robustmoll.cli.bench import bench_run, check_run
from robustmoll.cli.densities import check_density, measure_density
from robustmoll.config import Parser, build_trainer, training_parser
from robustmoll.config_tasks import TASKS
from robustmoll.training import Trainer

__all__ = ["MEASURE", "Measure", "run", "train_and_bench"]


class Measure(NamedTuple):
    """What follows a training.

    Attributes:
        measure: Takes the trainer, the model, and the arguments of the group `bench`.
        check: Takes the trainer and these arguments, and refuses, before any work, what does not fit the data.
    """

    measure: Callable[[Trainer[Any], Any, dict[str, Any]], None]
    check: Callable[[Trainer[Any], dict[str, Any]], None] = lambda trainer, arguments: None


# By the task.
MEASURE = {
    "classify": Measure(bench_run, check_run),
    "density": Measure(lambda trainer, model, arguments: measure_density(trainer, arguments), check_density),
}


def run(args: Sequence[str]) -> None:
    """Trains as the config and the flags say."""
    parser = training_parser()
    train_and_bench(parser, parser.parse_args(args))
    PartialState().destroy_process_group()


def train_and_bench(parser: Parser, config: Namespace) -> None:
    """Trains as a parsed config says, measures and reports, into the run's folder."""
    trainer = build_trainer(parser, config)
    arguments = TASKS[config.task].measuring(config.bench)
    measure, check = MEASURE[config.task]
    check(trainer, arguments)
    measure(trainer, trainer.fit(parser.dump(config)), arguments)
