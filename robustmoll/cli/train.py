"""robustmoll train: a config's training, then its benchmark and report."""

from collections.abc import Sequence

from accelerate import PartialState
from jsonargparse import Namespace

from robustmoll.cli.bench import bench_run
from robustmoll.config import Parser, bench_arguments, build_trainer, training_parser

__all__ = ["run", "train_and_bench"]


def run(args: Sequence[str]) -> None:
    """Trains as the config and the flags say."""
    parser = training_parser()
    train_and_bench(parser, parser.parse_args(args))
    PartialState().destroy_process_group()


def train_and_bench(parser: Parser, config: Namespace) -> None:
    """Trains as a parsed config says, benchmarks and reports, into the run's folder."""
    trainer = build_trainer(parser, config)
    classifier = trainer.fit(parser.dump(config))
    bench_run(trainer, classifier, bench_arguments(config.bench))
