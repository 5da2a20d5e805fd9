"""robustmoll bench: error and calibration of trained runs, clean and corrupted."""

import sys
from collections.abc import Sequence

from accelerate import Accelerator

from robustmoll import checkpoint
from robustmoll.config import Parser, add_bench_arguments, bench_arguments, load_run
from robustmoll.evaluate.bench import bench
from robustmoll.evaluate.pictures import run_pictures
from robustmoll.evaluate.report import write_report
from robustmoll.evaluate.summary import write_summary
from robustmoll.tasks import Classifier, load_classifier
from robustmoll.train import Trainer

__all__ = ["SUITE", "bench_run", "run"]

SUITE = "corruptions"


def run(args: Sequence[str]) -> None:
    """Benchmarks each run that is named."""
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
        bench_run(trainer, classifier, chosen.suite, bench_arguments(chosen))


def bench_run(trainer: Trainer, classifier: Classifier, suite: str, arguments: dict[str, object]) -> None:
    """Benchmarks a run into its folder, summarises, and writes its report."""
    accelerator = Accelerator()
    train_set, test_set = trainer.images
    folder = trainer.run / "bench" / suite
    name = trainer.run.resolve().name
    bench(classifier, test_set, folder, name=name, accelerator=accelerator, **arguments)  # type: ignore[arg-type]
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
