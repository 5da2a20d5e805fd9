"""How a training starts."""

from typing import Any

from accelerate.state import AcceleratorState

from robustmoll.storage.run_folder import RunFolder
from robustmoll.training.loop import Training
from robustmoll.training.processes import new_accelerator
from robustmoll.training.settings import Settings, TaskT

__all__ = ["Trainer"]


class Trainer(Settings[TaskT]):
    """Trains a task on a data set, into a run folder.

    Arguments as for `Settings`.
    """

    def fit(self, config: str | None = None) -> Any:  # noqa: ANN401 (the task's model)
        """Trains until the last epoch, or until Ctrl-C, which writes a checkpoint first.

        Args:
            config: Text that describes the training, to be kept as the run's config.yaml.

        Returns:
            The task's model that the last checkpoint holds, or the best one where data were held out to tell; on the
            CPU, in float32 and eval mode.

        Raises:
            ValueError: If the data or the run folder are not as they should be.
            FloatingPointError: If a loss, or on the CPU the norm of a clipped gradient, is not finite; the weights are
                still those of the step before. (On other devices a gradient that is not finite reaches the weights, and
                the next loss tells.) Or if a figure of held-out data is no number.
            KeyboardInterrupt: After Ctrl-C.
        """
        AcceleratorState._reset_state()  # Accelerate keeps the precision of a process's first training otherwise
        accelerator = new_accelerator(
            mixed_precision=self.precision,
            log_with=list(self.trackers) or None,
            project_dir=str(self.run),
        )
        if self.precision == "fp16" and accelerator.device.type == "cpu":
            raise ValueError("precision fp16 needs a GPU (on the CPU it would be left out silently); choose bf16 or no")
        if accelerator.is_main_process:
            RunFolder(self.run).open(self.resume, config)
        accelerator.wait_for_everyone()
        training = Training(self, accelerator)  # refuses what does not fit, before anything in the folder changes
        if accelerator.is_main_process:
            RunFolder(self.run).describe(self.resume, config)
        return training.complete(config)
