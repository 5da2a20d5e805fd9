"""A config's training, then its measurement and report."""

from jsonargparse import Namespace

from robustmoll.config import Parser, build_trainer
from robustmoll.config.tasks import TASKS
from robustmoll.runs.kinds import KINDS

__all__ = ["train_and_measure"]


def train_and_measure(parser: Parser, config: Namespace) -> None:
    """Trains as a parsed config says, measures and reports, into the run's folder."""
    trainer = build_trainer(parser, config)
    arguments = TASKS[config.task].measuring(config.bench)
    kind = KINDS[config.task]
    kind.check(trainer, arguments)
    kind.measure(trainer, trainer.fit(parser.dump(config)), arguments)
