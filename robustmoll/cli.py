"""The command line: robustmoll train | bench | compare | models."""

import sys
import warnings
from collections.abc import Callable, Sequence
from itertools import pairwise

import rich
from accelerate import Accelerator
from rich.table import Table

from robustmoll import __version__, checkpoint
from robustmoll.config import (
    Parser,
    add_bench_arguments,
    bench_arguments,
    build_trainer,
    check_keys,
    load_run,
    training_parser,
)
from robustmoll.evaluate.bench import bench as run_bench
from robustmoll.evaluate.compare import compare as compare_benches
from robustmoll.evaluate.pictures import run_pictures
from robustmoll.evaluate.report import write_report
from robustmoll.evaluate.summary import write_summary
from robustmoll.evaluate.tables import comparison_table
from robustmoll.models import list_models
from robustmoll.tasks import Classifier, load_classifier
from robustmoll.train import Trainer

__all__ = ["main"]

SUITE = "corruptions"


def train(args: Sequence[str]) -> None:
    """trains a robust classifier from a config, benchmarks it and writes a report"""
    parser = training_parser()
    for before, arg in pairwise(["", *args]):
        if before == "--config" or arg.startswith("--config="):
            check_keys(arg.removeprefix("--config="), parser)
    config = parser.parse_args(args)
    trainer = build_trainer(parser, config)
    classifier = trainer.fit(parser.dump(config))
    _bench_run(trainer, classifier, SUITE, bench_arguments(config.bench))


def bench(args: Sequence[str]) -> None:
    """measures trained runs on clean and corrupted images"""
    parser = Parser(prog="robustmoll bench", description="Measure runs on clean and corrupted images.")
    parser.add_argument("runs", nargs="+", help="Folders that `robustmoll train` wrote.")
    parser.add_argument("--suite", type=str, default=SUITE, help="Name of the folder below RUN/bench.")
    add_bench_arguments(parser)
    runs = [load_run(run) for run in parser.parse_args(args).runs]  # all of them, before any work
    for trainer, config in runs:
        parser.set_defaults(bench_arguments(config.bench))  # flags override what the run's config says
        chosen = parser.parse_args(args)
        saved, passed = checkpoint.load_newest(trainer.run / "checkpoints")
        for line in passed:
            print(f"passed over a damaged checkpoint: {line}", file=sys.stderr)
        classifier = load_classifier(saved.config, saved.weights)
        _bench_run(trainer, classifier, chosen.suite, bench_arguments(chosen))


def compare(args: Sequence[str]) -> None:
    """shows runs side by side, with differences and bootstrap intervals"""
    parser = Parser(prog="robustmoll compare", description="Compare benchmarks of the same images.")
    parser.add_argument("runs", nargs="+", help="Folders of runs; seeds of one configuration as a,b,c.")
    parser.add_argument("--resamples", type=int, default=1000, help="Bootstrap resamples of the test images.")
    parser.add_argument("--seed", type=int, default=0, help="Of the resampling.")
    config = parser.parse_args(args)
    rich.print(comparison_table(compare_benches(config.runs, resamples=config.resamples, seed=config.seed)))


def models(args: Sequence[str]) -> None:
    """lists the networks that robustmoll adds to timm's"""
    parser = Parser(prog="robustmoll models", description="List the networks that robustmoll adds to timm's.")
    parser.add_argument("action", choices=["list"])
    parser.parse_args(args)
    table = Table("name", "parameters", "", title="Besides every network of timm, by its timm name:")
    for model in list_models():
        table.add_row(model.name, f"{model.params:,}", model.summary)
    rich.print(table)


COMMANDS: dict[str, Callable[[Sequence[str]], None]] = {
    "train": train,
    "bench": bench,
    "compare": compare,
    "models": models,
}


def main(args: Sequence[str] | None = None) -> int:
    """Runs a command.

    Args:
        args: Of the command line; None takes the program's own.

    Returns:
        Exit code: 0, 2 for a user's mistake, 1 if training diverged, 130 after Ctrl-C.
    """
    args = sys.argv[1:] if args is None else args
    if not args or args[0] in ("-h", "--help"):
        lines = [f"  {name:10s}{command.__doc__}" for name, command in COMMANDS.items()]
        print(f"robustmoll {__version__}\n", *lines, "\nrobustmoll COMMAND --help says more.", sep="\n")
        return 0 if args else 2
    if args[0] not in COMMANDS:
        return _fail(f"unknown command {args[0]!r}; known: {', '.join(COMMANDS)}", 2)
    warnings.filterwarnings("ignore", module="jsonargparse")
    try:
        COMMANDS[args[0]](args[1:])
    except (ValueError, OSError) as error:
        return _fail(str(error), 2)
    except FloatingPointError as error:
        return _fail(str(error), 1)
    except KeyboardInterrupt as error:
        return _fail(str(error) or "stopped", 130)
    return 0


def _bench_run(trainer: Trainer, classifier: Classifier, suite: str, arguments: dict[str, object]) -> None:
    """Benchmarks a run into its folder, summarises, and writes its report."""
    accelerator = Accelerator()
    train_set, test_set = trainer.images
    folder = trainer.run / "bench" / suite
    name = trainer.run.resolve().name
    run_bench(classifier, test_set, folder, name=name, accelerator=accelerator, **arguments)  # type: ignore[arg-type]
    if accelerator.is_main_process:
        summary = write_summary(folder, trained_on=trainer.task.families())
        report = write_report(trainer.run, run_pictures(trainer.run, suite, trainer.task, train_set))
        clean, corrupted = summary["clean"], summary["corrupted"]
        print(
            f"{name}: error {clean['error']:.2%} clean, {corrupted['error']:.2%} corrupted;"
            f" ECE {clean['ece']:.2%} clean, {corrupted['ece']:.2%} corrupted"
        )
        print(f"cells and tables in {folder}, report in {report}")
    accelerator.end_training()


def _fail(message: str, code: int) -> int:
    print(f"robustmoll: error: {' '.join(message.split())}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
