"""robustmoll bench: error and calibration of classifiers, clean and corrupted, and what likelihood models are worth."""

import re
from collections.abc import Sequence
from pathlib import Path

from accelerate import PartialState
from jsonargparse import Namespace

from robustmoll.cli.bench_densities import bench_densities
from robustmoll.config import Parser, load_run
from robustmoll.config.tasks import TASKS
from robustmoll.data import Data, ImageSet, open_corrupted
from robustmoll.data.corrupted.manifest import MANIFEST
from robustmoll.evaluate.classifiers.bench_args import BenchArgs
from robustmoll.evaluate.classifiers.report import write_report
from robustmoll.evaluate.classifiers.sources import CellSource, Stage, source_of
from robustmoll.evaluate.classifiers.subjects import Subject, load_subject, trained_subject
from robustmoll.evaluate.classifiers.summary import check_families_and_baseline
from robustmoll.evaluate.finished import Run
from robustmoll.runs.classify import bench_folder, bench_run
from robustmoll.runs.kinds import is_run, task_of
from robustmoll.storage.run_folder import SUITE, RunFolder
from robustmoll.tasks import Classify
from robustmoll.training import Trainer

__all__ = ["run"]

CLASSIFY = TASKS["classify"]
EPILOG = "A run of task: density has other flags: robustmoll bench RUN --help shows them."


def run(args: Sequence[str]) -> None:
    """Measures each subject that is named."""
    # No flag takes a run of another task than "classify": wherever one stands, it is a subject.
    command = bench_densities if "density" in map(task_of, args) else bench_classifiers
    command(args)


def bench_classifiers(args: Sequence[str]) -> None:
    """Benchmarks each classifier that is named."""
    parser = bench_parser()
    asked = parser.parse_args(args)
    if asked.out and len(asked.subjects) > 1:
        raise ValueError(f"--out is the folder of one benchmark, but {len(asked.subjects)} subjects are named")
    CLASSIFY.bench_args(asked)  # refuses what cannot be measured
    check_families_and_baseline(asked.trained_on, asked.baseline)
    # All of them, before any work.
    runs = {subject: load_run(subject, data=asked.data) for subject in asked.subjects if is_run(subject)}
    for subject in asked.subjects:
        if subject in runs:
            trainer, config = runs[subject]
            parser.set_defaults(CLASSIFY.asked(config.bench))  # flags override what the run's config says
            _bench_saved(trainer, parser.instantiate(parser.parse_args(args)))
        else:
            _bench_network(subject, parser.instantiate(asked))
    PartialState().destroy_process_group()


def bench_parser() -> Parser:
    """Returns the parser of the command."""
    parser = Parser(
        prog="robustmoll bench", description="Measure classifiers on clean and corrupted images.", epilog=EPILOG
    )
    parser.add_argument(
        "subjects",
        nargs="+",
        help="Folders that `robustmoll train` wrote; timm names, hf-hub:owner/name, or local folders and .safetensors"
        " files, which need --data.",
    )
    parser.add_subclass_arguments(Data, "data", required=False, help="The images; a run has its own.")
    parser.add_argument("--corrupted", type=str, help="Folder of a -C set, published or of `robustmoll corrupt`.")
    parser.add_argument("--stage", type=Stage, default="model", help="Corrupt at the model's size, or the source's.")
    parser.add_argument("--out", type=str, help="Folder of the results; RUN/bench/SUITE or results/SUBJECT-DATA.")
    parser.add_argument("--suite", type=str, help="Name of the folder below RUN/bench.")
    parser.add_argument("--baseline", type=str, help="For mCE: alexnet, a cells.csv, or a folder that holds one.")
    parser.add_argument(
        "--trained_on",
        type=list[str],
        default=[],
        help="Families of corruptions that a network was trained with: noise, blur, ... A run knows its own.",
    )
    parser.add_argument("--pretrained", type=bool, default=True, help="False for a timm network of random weights.")
    parser.add_class_arguments(BenchArgs)
    return parser


def _bench_saved(trainer: Trainer[Classify], chosen: Namespace) -> None:
    """Benchmarks a run as the command line says."""
    saved, run = Run(trainer.run).saved, RunFolder(trainer.run)
    subject = trained_subject(trainer.run.resolve().name, saved.config, saved.weights)
    test = _images(chosen, subject) if chosen.data else trainer.test_set
    subject.check_fits(test)
    own = not (chosen.data or chosen.corrupted)
    suite = _plain(chosen.suite or (SUITE if own else _against(chosen, test)))
    folder = Path(chosen.out) if chosen.out else run.bench(suite)
    args, source = CLASSIFY.bench_args(chosen), _source(chosen, subject, test)
    if folder.resolve() == run.bench().resolve():
        if not own:
            raise ValueError(f"{folder} is for the run's own test images; name another folder with --suite or --out")
        bench_run(trainer, subject.model, args, source, chosen.baseline)
    else:
        _bench_into(folder, subject, source, args, trainer.task.families(), chosen.baseline)


def _bench_network(name: str, chosen: Namespace) -> None:
    """Benchmarks a timm network, or one from the Hub or a local folder."""
    if Path(name).is_dir() and not (Path(name) / "config.json").exists():
        raise ValueError(f"{name} is no run, as config.yaml is missing, and no saved network, as config.json is")
    if chosen.data is None:
        raise ValueError(
            f"{name} is no run here, and has no images of its own: name them with --data, such as --data ImageFolder"
        )
    subject = load_subject(name, random_classes=None if chosen.pretrained else len(chosen.data.classes()))
    test = _images(chosen, subject)
    subject.check_fits(test)
    folder = Path(chosen.out or Path("results", f"{_plain(subject.name)}-{_plain(_against(chosen, test))}"))
    args, source = CLASSIFY.bench_args(chosen), _source(chosen, subject, test)
    _bench_into(folder, subject, source, args, chosen.trained_on, chosen.baseline)


def _bench_into(
    folder: Path,
    subject: Subject,
    source: CellSource,
    args: BenchArgs,
    trained_on: Sequence[str],
    baseline: str | None,
) -> None:
    """Benchmarks into a folder of its own, with a report there."""
    if pictures := bench_folder(subject.model, source, folder, subject.name, args, trained_on, baseline):
        print(f"report in {write_report(folder, pictures)}")


def _images(chosen: Namespace, subject: Subject) -> ImageSet:
    """Returns the test images that are named, as the corrupted ones are made or were made.

    Those that a set of `robustmoll corrupt` was made from are the data's own; to corrupt at the subject's size, or to
    stand beside a released set, they are decoded at that size.
    """
    written = chosen.corrupted and (Path(chosen.corrupted) / MANIFEST).exists()
    fit = None if written or chosen.stage == "source" else subject.view.transform
    return chosen.data.test(fit)


def _source(chosen: Namespace, subject: Subject, test: ImageSet) -> CellSource:
    """Returns where all images come from."""
    corrupted = open_corrupted(chosen.corrupted, test) if chosen.corrupted else None
    return source_of(test, chosen.preset, chosen.seed, corrupted, subject.view, chosen.stage)


def _against(chosen: Namespace, test: ImageSet) -> str:
    """Returns what the images are called: their -C set if they have one."""
    return Path(chosen.corrupted).expanduser().resolve().name if chosen.corrupted else test.name


def _plain(name: str) -> str:
    """Returns a name that is fit for a folder.

    Raises:
        ValueError: If nothing is left of it.
    """
    if not (plain := re.sub(r"[^\w.-]+", "-", name).strip("-.")):
        raise ValueError(f"{name!r} is no name for a folder of results; name one with --out")
    return plain
