"""robustmoll bench for runs of likelihood models, which has flags of its own."""

from collections.abc import Sequence

from accelerate import PartialState

from robustmoll.config import Parser, load_run
from robustmoll.config.tasks import TASKS
from robustmoll.evaluate.densities.measure import measure_run
from robustmoll.runs.density import check_run, measure_density

__all__ = ["bench_densities"]

DENSITY = TASKS["density"]


def bench_densities(args: Sequence[str]) -> None:
    """Measures each run that is named, as its training did or as the flags say."""
    parser = Parser(prog="robustmoll bench", description="Measure likelihood models on their own clean test data.")
    parser.add_argument("runs", nargs="+", help="Folders that `robustmoll train` wrote, with task: density.")
    parser.add_function_arguments(measure_run, skip=set(DENSITY.not_keys))
    asked = parser.parse_args(args)
    loaded = [load_run(run, "density") for run in asked.runs]  # all, before any work
    jobs = []
    for trainer, config in loaded:
        parser.set_defaults(DENSITY.measuring(config.bench))  # flags override what the run's config says
        chosen = parser.parse_args(args)
        DENSITY.check(chosen)
        check_run(trainer, arguments := DENSITY.measuring(chosen))
        jobs.append((trainer, arguments))
    for trainer, arguments in jobs:
        measure_density(trainer, arguments)
    PartialState().destroy_process_group()
