"""robustmoll train: a config's training, then its measurement and report."""

from collections.abc import Sequence

from accelerate import PartialState

from robustmoll.config import training_parser
from robustmoll.runs.train import train_and_measure

__all__ = ["run"]


def run(args: Sequence[str]) -> None:
    """Trains as the config and the flags say."""
    parser = training_parser()
    train_and_measure(parser, parser.parse_args(args))
    PartialState().destroy_process_group()
