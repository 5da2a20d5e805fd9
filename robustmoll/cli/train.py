"""robustmoll train: a config's training, then its benchmark and report."""

from collections.abc import Sequence

from accelerate import PartialState

from robustmoll.cli.bench import bench_run
from robustmoll.config import bench_arguments, build_trainer, training_parser

__all__ = ["run"]


def run(args: Sequence[str]) -> None:
    """Trains as the config and the flags say."""
    parser = training_parser()
    config = parser.parse_args(args)
    trainer = build_trainer(parser, config)
    classifier = trainer.fit(parser.dump(config))
    bench_run(trainer, classifier, bench_arguments(config.bench))
    PartialState().destroy_process_group()
