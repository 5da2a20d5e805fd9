"""What follows the training of a likelihood model."""

from accelerate import PartialState

from robustmoll.evaluate.densities.distances import check_distances
from robustmoll.evaluate.densities.measure import DensityBenchArgs, measure_run
from robustmoll.evaluate.densities.report import write_density_report
from robustmoll.evaluate.densities.text import density_lines
from robustmoll.storage.run_folder import RunFolder
from robustmoll.tasks import Density
from robustmoll.training import Trainer

__all__ = ["check_run", "measure_density"]


def check_run(trainer: Trainer[Density], args: DensityBenchArgs) -> None:
    """Refuses what `measure_density` would refuse, before the training."""
    check_distances(trainer.test_set, args.classifier, args.inception, args.generated)


def measure_density(trainer: Trainer[Density], args: DensityBenchArgs) -> None:
    """Measures a run on its own test data, into its folder, from its checkpoints.

    Args:
        trainer: Of the run.
        args: What is measured.
    """
    if not PartialState().is_main_process:
        return
    train, test = trainer.train_set, trainer.test_set
    summary = measure_run(trainer.run, train, test, args)
    print(density_lines(summary))
    print(f"table in {RunFolder(trainer.run).density}")
    task = trainer.task.for_length(trainer.epochs, len(train) // trainer.batch_size)
    print(f"report in {write_density_report(trainer.run, summary, task, test)}")
