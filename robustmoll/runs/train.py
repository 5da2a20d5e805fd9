"""A config's training, then its measurement and report."""

from jsonargparse import Namespace

from robustmoll.config import Parser, build_trainer
from robustmoll.config.tasks import TASKS
from robustmoll.runs.kinds import KINDS

__all__ = ["train_and_measure"]


def train_and_measure(parser: Parser, config: Namespace) -> None:
    """Trains as a parsed config says, measures and reports, into the run's folder."""
    trainer = build_trainer(parser, config)
    kind, args = KINDS[config.task], TASKS[config.task].bench_args(config.bench)
    kind.check(trainer, args)
    kind.measure(trainer, trainer.fit(parser.dump(config)), args)
