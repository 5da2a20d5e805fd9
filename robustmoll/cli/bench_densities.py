"""robustmoll bench for runs of likelihood models, which has flags of its own."""

from collections.abc import Sequence

from accelerate import PartialState

from robustmoll.config import Parser, load_run
from robustmoll.config.tasks import TASKS
from robustmoll.evaluate.densities.measure import DensityBenchArgs
from robustmoll.runs.density import check_run, measure_density

__all__ = ["bench_densities"]

DENSITY = TASKS["density"]


def bench_densities(args: Sequence[str]) -> None:
    """Measures each run that is named, as its training did or as the flags say."""
    parser = Parser(prog="robustmoll bench", description="Measure likelihood models on their own clean test data.")
    parser.add_argument("runs", nargs="+", help="Folders that `robustmoll train` wrote, with task: density.")
    parser.add_class_arguments(DensityBenchArgs)
    asked = parser.parse_args(args)
    loaded = [load_run(run, "density") for run in asked.runs]  # all, before any work
    jobs = []
    for trainer, config in loaded:
        parser.set_defaults(DENSITY.asked(config.bench))  # flags override what the run's config says
        chosen = DENSITY.bench_args(parser.parse_args(args))
        check_run(trainer, chosen)
        jobs.append((trainer, chosen))
    for trainer, chosen in jobs:
        measure_density(trainer, chosen)
    PartialState().destroy_process_group()
