"""The training loop: devices, processes, checkpoints, resume, logs.

Every draw of a step is addressed by (seed, epoch or step, rank), so a resumed training needs no state of random
generators, and on the CPU gives, bit for bit, the weights of one that was never interrupted.
"""

import math
import time
from functools import cached_property
from pathlib import Path
from typing import Literal

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from timm.utils import ModelEmaV3
from torch import Tensor

from robustmoll import checkpoint
from robustmoll.data import Data, ImageSet
from robustmoll.evaluate.metrics import outcomes
from robustmoll.optim import OptimizerArgs, SchedulerArgs
from robustmoll.progress import ProgressBar
from robustmoll.run import Interrupts, MetricsFile, check_trackers, open_run
from robustmoll.seeds import generator_at, seed_at
from robustmoll.tasks import Classifier, Classify, load_classifier, load_weights

__all__ = ["Trainer", "Training"]


class Trainer:
    """Trains a task on a data set, into a run folder.

    Args:
        data: The data set.
        task: What a step computes.
        run: Folder of the run: checkpoints, metrics, benchmark, report.
        epochs: Number of passes over the training images.
        batch_size: Images a step, over all processes together. A last incomplete batch is left out.
        seed: Of the weights, the order of images, and all draws.
        optimizer: How weights are updated.
        scheduler: How the learning rate changes.
        ema: Decay of the weights' moving average, in [0, 1); the average is what is evaluated. None for none.
        clip_grad: Greatest norm of the gradient. None for any.
        precision: "no" (float32), or autocast to "bf16", or, with a GPU, to "fp16".
        channels_last: Whether images and weights are laid out channels last.
        compile: Whether the network is compiled by `torch.compile`.
        trackers: Loggers besides metrics.csv: "tensorboard", "wandb" (extra `tracking`).
        checkpoint_minutes: A checkpoint is written after every epoch, and within one after this many minutes.
        resume: Whether to go on with the run that is in the folder.

    Raises:
        ValueError: If a number is out of its range or a tracker is not installed.
    """

    def __init__(
        self,
        data: Data,
        task: Classify,
        run: str,
        epochs: int = 30,
        batch_size: int = 128,
        seed: int = 0,
        optimizer: OptimizerArgs = OptimizerArgs(),  # noqa: B008 (frozen)
        scheduler: SchedulerArgs = SchedulerArgs(),  # noqa: B008 (frozen)
        ema: float | None = None,
        clip_grad: float | None = None,
        precision: Literal["no", "bf16", "fp16"] = "no",
        channels_last: bool = False,
        compile: bool = False,
        trackers: list[Literal["tensorboard", "wandb"]] | None = None,
        checkpoint_minutes: float = 10.0,
        resume: bool = False,
    ) -> None:
        if epochs < 1 or batch_size < 1:
            raise ValueError(f"training needs epochs >= 1 and batch_size >= 1, got {epochs=}, {batch_size=}")
        if ema is not None and not 0 <= ema < 1:
            raise ValueError(f"ema must lie in [0, 1), got {ema}")
        self.data, self.task, self.run = data, task, Path(run)
        self.epochs, self.batch_size, self.seed = epochs, batch_size, seed
        self.optimizer, self.scheduler, self.ema, self.clip_grad = optimizer, scheduler, ema, clip_grad
        self.precision, self.channels_last, self.compile = precision, channels_last, compile
        self.trackers, self.checkpoint_minutes, self.resume = trackers or [], checkpoint_minutes, resume
        check_trackers(self.trackers)

    @cached_property
    def images(self) -> tuple[ImageSet, ImageSet]:
        """The training and the test set, read when first asked for."""
        return self.data.load()

    def fit(self, config: str | None = None) -> Classifier:
        """Trains until the last epoch, or until Ctrl-C, which writes a checkpoint first.

        Args:
            config: Text that describes the training, to be kept as the run's config.yaml.

        Returns:
            The classifier that the last checkpoint holds, on the CPU, in float32 and eval mode.

        Raises:
            ValueError: If the data or the run folder are not as they should be.
            FloatingPointError: If a loss is not finite; the weights are still those of the step before.
            KeyboardInterrupt: After Ctrl-C.
        """
        AcceleratorState._reset_state()  # Accelerate keeps the precision of a process's first training otherwise
        accelerator = Accelerator(
            mixed_precision=self.precision, log_with=list(self.trackers) or None, project_dir=str(self.run)
        )
        if self.precision == "fp16" and accelerator.device.type == "cpu":
            raise ValueError("precision fp16 needs a GPU (on the CPU it would be left out silently); choose bf16 or no")
        if accelerator.is_main_process:
            open_run(self.run, self.resume, config)
        accelerator.wait_for_everyone()
        return Training(self, accelerator).complete()


class Training:
    """A training at work: the objects that change from step to step.

    Args:
        args: What was asked for.
        accelerator: Of this process.
    """

    def __init__(self, args: Trainer, accelerator: Accelerator) -> None:
        train, test = args.images
        if not accelerator.num_processes <= args.batch_size <= len(train):
            raise ValueError(
                f"batch_size must lie between the {accelerator.num_processes} process(es) and the {len(train)}"
                f" training images of {train.name}, got {args.batch_size}"
            )
        self.args, self.train, self.accelerator = args, train, accelerator
        self.test = test  # looked at after every epoch, and never chosen by
        self.images, self.labels = (x.to(accelerator.device) for x in (train.images, train.labels))
        self.steps_per_epoch = len(train) // args.batch_size
        self.step, self.loss_sum = 0, 0.0  # finished steps; loss over those of this epoch

        torch.manual_seed(seed_at(args.seed, "weights"))
        self.classifier = args.task.build(train).to(accelerator.device)
        backbone = self.classifier.backbone
        if args.channels_last:
            backbone.to(memory_format=torch.channels_last)
        self.ema = None if args.ema is None else ModelEmaV3(self.classifier, args.ema, use_warmup=True)
        self.optimizer = args.optimizer.build(backbone)
        self.scheduler = args.scheduler.build(self.optimizer, args.epochs, self.steps_per_epoch)
        self.metrics = MetricsFile(args.run / "metrics.csv", accelerator.is_main_process)
        if args.resume:
            self._restore()
        # `backbone` keeps the weights; `network` is the way through it that this machine wants.
        self.network, self.optimizer = accelerator.prepare(
            torch.compile(backbone) if args.compile else backbone, self.optimizer
        )
        self.saved = time.monotonic()

    def complete(self) -> Classifier:
        """Trains the epochs that are left and returns the classifier; see `Trainer.fit`."""
        args, total = self.args, self.args.epochs * self.steps_per_epoch
        self.accelerator.init_trackers("robustmoll")
        show = self.accelerator.is_local_main_process
        with (
            Interrupts() as interrupts,
            ProgressBar(total * args.batch_size, self.step * args.batch_size, show) as bar,
        ):
            for epoch in range(self.step // self.steps_per_epoch, args.epochs):
                start = time.monotonic()
                order = torch.randperm(len(self.train), generator=generator_at(args.seed, "order", epoch))
                batches = order[: self.steps_per_epoch * args.batch_size].view(-1, args.batch_size)
                todo = batches[self.step - epoch * self.steps_per_epoch :]
                for rows in todo:
                    self._train_step(rows)
                    loss = self.loss_sum / (self.step - epoch * self.steps_per_epoch)
                    bar.advance(args.batch_size, f"epoch {epoch + 1}/{args.epochs}  loss {loss:.4f}")
                    self._save_if_due(interrupts.seen)
                    if interrupts.seen:
                        raise KeyboardInterrupt(f"stopped after step {self.step} of {total}; go on with --resume true")
                row = self._finish_epoch(epoch + 1, len(todo) * args.batch_size, time.monotonic() - start)
                bar.line("  ".join(f"{name} {value}" for name, value in row.items()))
        self.accelerator.end_training()
        # Built anew: the trained one is wrapped for this machine, and would go on computing in its precision.
        return load_classifier(args.task.config(self.train), self._evaluated().backbone.state_dict()).eval()

    def _train_step(self, rows: Tensor) -> None:
        """One update from the images `rows` of a batch, of which this process takes its share."""
        args, accelerator = self.args, self.accelerator
        rank, processes = accelerator.process_index, accelerator.num_processes
        share = slice(rank * len(rows) // processes, (rank + 1) * len(rows) // processes)
        draw = args.task.draw(len(rows), share, generator_at(args.seed, "draw", self.step), self.step)
        rows = rows[share].to(accelerator.device, non_blocking=True)
        x, y = self.images[rows], self.labels[rows]
        # Dropout knows only the global generator; addressed too, it needs no state in the checkpoint.
        torch.manual_seed(seed_at(args.seed, "dropout", self.step, rank))
        self.network.train()
        losses = args.task.losses(self.classifier, self.network, x, y, draw)
        # Gradients are averaged over processes: this makes it the mean over the batch, for unequal shares too.
        loss = losses.mean() * (len(rows) * processes / args.batch_size)
        value = loss.item()
        if not math.isfinite(value):
            raise FloatingPointError(
                f"loss is {value} at step {self.step}, the weights are unchanged; {args.task.describe(draw)}"
            )
        accelerator.backward(loss)
        if args.clip_grad is not None:
            accelerator.clip_grad_norm_(self.network.parameters(), args.clip_grad)
        self.scheduler.step_update(self.step)
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.step += 1
        self.loss_sum += value
        if self.ema is not None:
            self.ema.update(self.classifier, self.step)

    def _finish_epoch(self, epoch: int, images: int, seconds: float) -> dict[str, str]:
        """Tests the classifier, writes the row of the epoch (counted from 1) and a checkpoint."""
        result = outcomes(self._test_logits(), self.test.labels)
        row = {
            "epoch": str(epoch),
            "step": str(self.step),
            "lr": f"{self.optimizer.param_groups[0]['lr']:.3g}",
            "loss": f"{self.loss_sum / self.steps_per_epoch:.4f}",
            "test_error": f"{1 - result.correct.mean():.4f}",
            "test_nll": f"{result.nll.mean():.4f}",
            "images_per_s": f"{images / seconds:.0f}",
        }
        self.loss_sum = 0.0
        self.metrics.add(row)
        self.accelerator.log({name: float(value) for name, value in row.items()}, step=self.step)
        self._save()
        return row

    @torch.inference_mode()
    def _test_logits(self) -> Tensor:
        classifier = self._evaluated().eval()
        batches = self.test.images.split(256)
        return torch.cat([classifier(batch.to(self.accelerator.device)).float().cpu() for batch in batches])

    def _evaluated(self) -> Classifier:
        """The classifier as it is evaluated: with averaged weights, if there are any."""
        return self.classifier if self.ema is None else self.ema.module

    def _save_if_due(self, now: bool) -> None:
        in_epoch = self.step % self.steps_per_epoch != 0  # at its end, `_finish_epoch` saves
        if in_epoch and (now or time.monotonic() - self.saved > 60 * self.args.checkpoint_minutes):
            self._save()

    def _save(self) -> None:
        if self.accelerator.is_main_process:
            training = {
                "loss_sum": self.loss_sum,
                "optimizer": self.optimizer.state_dict(),
                "scaler": self.accelerator.scaler.state_dict() if self.accelerator.scaler else None,
                "weights": None if self.ema is None else self.classifier.backbone.state_dict(),
            }
            weights = self._evaluated().backbone.state_dict()
            config = self.args.task.config(self.train)
            checkpoint.save(self.args.run / "checkpoints", checkpoint.Checkpoint(self.step, weights, config, training))
        self.saved = time.monotonic()

    def _restore(self) -> None:
        folder = self.args.run / "checkpoints"
        if not folder.exists():
            return  # stopped before the first checkpoint: the beginning is where it stopped
        found, passed = checkpoint.load_newest(folder)
        for line in passed:
            self.accelerator.print(f"passed over a damaged checkpoint: {line}")
        load_weights(self.classifier, found.weights if self.ema is None else found.training["weights"])
        if self.ema is not None:
            load_weights(self.ema.module, found.weights)
        self.optimizer.load_state_dict(found.training["optimizer"])
        if self.accelerator.scaler:
            self.accelerator.scaler.load_state_dict(found.training["scaler"])
        self.step, self.loss_sum = found.step, found.training["loss_sum"]
        self.metrics.keep_before(self.step // self.steps_per_epoch + 1)
