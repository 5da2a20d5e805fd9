"""The training loop: devices, processes, checkpoints, resume, logs.

Every draw of a step is addressed by (seed, epoch or step, rank), so a resumed training needs no state of random
generators, and on the CPU gives, bit for bit, the weights of one that was never interrupted.
"""

import math
import time
from contextlib import nullcontext
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor

from robustmoll.data.examples import Examples
from robustmoll.data.loader import Loader
from robustmoll.progress import ProgressBar
from robustmoll.seeds import generator_at, seed_at
from robustmoll.storage import checkpoint
from robustmoll.storage.metrics_file import MetricsFile
from robustmoll.storage.run_folder import RunFolder
from robustmoll.storage.saved_config import logged_config
from robustmoll.storage.snapshots import write_snapshot
from robustmoll.tasks import Model, Task, load_weights
from robustmoll.tasks.task import TaskDraw
from robustmoll.training.average import weight_average
from robustmoll.training.interrupts import Interrupts
from robustmoll.training.optim import restore_optimizer
from robustmoll.training.processes import check_batch_size, share_of_batch
from robustmoll.training.settings import Settings
from robustmoll.training.start import freeze, newest, start_from

__all__ = ["Training"]

SNAPSHOTS = 6  # parts of a training after which something is kept for its report


class Training:
    """A training at work: the objects that change from step to step.

    Args:
        args: What was asked for.
        accelerator: Of this process.
    """

    def __init__(self, args: Settings[Any], accelerator: Accelerator) -> None:
        train: Examples = args.train_set
        check_batch_size(args.batch_size, train, accelerator)
        self.args = args
        self.folder = RunFolder(args.run)
        self.train = train
        self.accelerator = accelerator
        # What is looked at after every epoch; nothing is chosen by a test set.
        self.seen: Examples = args.test_set if args.validation_set is None else args.validation_set
        self.loader = Loader(train, accelerator.device, args.workers)
        self.steps_per_epoch = len(train) // args.batch_size
        self.step, self.loss_sum = 0, 0.0  # finished steps; loss over those of this epoch
        self.best: tuple[float, ...] = (math.inf,)  # figures of the best epoch, if one is chosen
        self.task: Task[Any, Any, Any] = args.task.for_length(args.epochs, self.steps_per_epoch)

        torch.manual_seed(seed_at(args.seed, "weights"))
        self.model: Model = self.task.build(train).to(accelerator.device)
        self.task.check_part(self.model, max(1, args.batch_size // accelerator.num_processes // args.accumulate))
        self.architecture = self.task.config(train)
        backbone = self.model.backbone
        fixed = args.fixed(self.steps_per_epoch)
        found = newest(self.folder.checkpoints, fixed, args.epochs * self.steps_per_epoch) if args.resume else None
        if found is not None:
            self.task.check_data(found.config, train)
        elif args.start_from:
            start_from(self.model, args.start_from)
        self.frozen = freeze(backbone, args.freeze)
        if args.channels_last:
            backbone.to(memory_format=torch.channels_last)
        self.average = weight_average(self.model, args.ema, args.swa, args.epochs * self.steps_per_epoch)
        self.optimizer = args.optimizer.build(backbone)
        self.scheduler = args.scheduler.build(self.optimizer, args.epochs, self.steps_per_epoch)
        self.metrics = MetricsFile(self.folder.metrics, accelerator.is_main_process)
        if found is not None:
            self._restore(found)
        self.metrics.keep_before(self.step // self.steps_per_epoch + 1)
        # `backbone` keeps the weights; `network` is the way through it that this machine wants.
        self.network, self.optimizer = accelerator.prepare(
            torch.compile(backbone) if args.compile else backbone, self.optimizer
        )
        self.saved = time.monotonic()

    def complete(self, config: str | None = None) -> Model:
        """Trains the epochs that are left and returns the model; see `Trainer.fit`."""
        args = self.args
        self.accelerator.init_trackers("robustmoll", config=logged_config(config))
        show = self.accelerator.is_local_main_process
        total, done = args.epochs * self.steps_per_epoch * args.batch_size, self.step * args.batch_size
        with Interrupts() as interrupts, ProgressBar(total, done, show, self.train.unit) as bar:
            for epoch in range(self.step // self.steps_per_epoch, args.epochs):
                start, first = time.monotonic(), self.step
                self._train_epoch(epoch, interrupts, bar)
                speed = (self.step - first) * args.batch_size / (time.monotonic() - start)
                row = self._finish_epoch(epoch + 1, speed)
                bar.line("  ".join(f"{name} {value}" for name, value in row.items()))
        self.accelerator.wait_for_everyone()  # the last checkpoint is on disk before anyone reads it
        for tracker in self.accelerator.trackers:  # `end_training` would part the processes, which go on together
            tracker.finish()
        # Read anew: the trained one is wrapped for this machine, and would go on computing in its precision.
        saved = checkpoint.load_final(self.folder.checkpoints)
        return self.task.load(saved.config, saved.weights).eval()

    def _train_epoch(self, epoch: int, interrupts: Interrupts, bar: ProgressBar) -> None:
        """Takes the steps of an epoch (counted from 0) that are left."""
        args, begun = self.args, epoch * self.steps_per_epoch
        order = torch.randperm(len(self.train), generator=generator_at(args.seed, "order", epoch))
        batches = order[: self.steps_per_epoch * args.batch_size].view(-1, args.batch_size)
        share = share_of_batch(args.batch_size, self.accelerator)
        for x, y in self.loader(batches[self.step - begun :, share].unbind()):
            self._train_step(x, y, share)
            loss = self.loss_sum / (self.step - begun)
            bar.advance(args.batch_size, f"epoch {epoch + 1}/{args.epochs}  loss {loss:.4f}")
            self._save_if_due(interrupts.seen)
            if interrupts.seen:
                total = args.epochs * self.steps_per_epoch
                raise KeyboardInterrupt(f"stopped after step {self.step} of {total}; go on with --resume true")

    def _train_step(self, x: Tensor, y: Tensor, share: slice) -> None:
        """One update from this process's share of a batch."""
        args, accelerator = self.args, self.accelerator
        size, generator = tuple(x.shape[2:]), generator_at(args.seed, "draw", self.step)
        draw = self.task.draw(args.batch_size, size, generator, self.step)
        # Dropout knows only the global generator; addressed too, it needs no state in the checkpoint.
        torch.manual_seed(seed_at(args.seed, "dropout", self.step, accelerator.process_index))
        self.network.train()
        for module in self.frozen:
            module.eval()
        x_t, y_t = self.task.prepare(self.model, x, y, draw.part(share))  # before they are parted: it may mix images
        each = len(x_t) // len(x)
        loss = torch.zeros((), device=accelerator.device)
        parts = [part for part in torch.arange(len(x)).tensor_split(args.accumulate) if len(part)]
        for number, part in enumerate(parts, start=1):
            rows = slice(each * int(part[0]), each * (int(part[-1]) + 1))
            with accelerator.no_sync(self.network) if number < len(parts) else nullcontext():
                loss += self._backward(x_t[rows], y_t[rows], len(part))
        self._add_loss(loss, draw)
        if args.clip_grad is not None:
            norm = accelerator.clip_grad_norm_(self.network.parameters(), args.clip_grad)
            # A GPU would have to be waited for, and with fp16 such steps are left out anyway.
            if norm.device.type == "cpu" and not norm.isfinite():
                raise FloatingPointError(
                    f"gradient has norm {norm:g} at step {self.step}, the weights are unchanged;"
                    f" {self.task.describe(draw)}"
                )
        self.scheduler.step_update(self.step)
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.step += 1
        if self.average is not None:
            self.average.update(self.model, self.step)

    def _backward(self, x: Tensor, y: Tensor, examples: int) -> Tensor:
        """Adds the gradient of some examples' loss to that of the batch; returns what they add to the loss."""
        losses = self.task.losses(self.model, self.network, x, y)
        # Gradients are averaged over processes: this makes it the mean over the batch, for unequal shares too.
        loss = losses.mean() * (examples * self.accelerator.num_processes / self.args.batch_size)
        self.accelerator.backward(loss)
        return loss.detach()

    def _add_loss(self, loss: Tensor, draw: TaskDraw) -> None:
        """Adds the loss of a batch, the mean over processes of what their shares gave, to that of the epoch."""
        value = self.accelerator.reduce(loss, "mean").item()
        if not math.isfinite(value):  # in every process at once: none is left waiting for the others
            raise FloatingPointError(
                f"loss is {value} at step {self.step}, the weights are unchanged; {self.task.describe(draw)}"
            )
        self.loss_sum += value

    def _finish_epoch(self, epoch: int, speed: float) -> dict[str, str]:
        """Tests the model, writes the row of the epoch (counted from 1) and a checkpoint."""
        self.task.calibrate(self._evaluated(), self.train)
        figures = self._figures()
        for name, value in figures.items():
            if math.isnan(value):
                raise FloatingPointError(
                    f"{self.seen.split} {name} is nan after step {self.step}, in epoch {epoch}: this model cannot be"
                    " judged, and was not saved; a smaller learning rate may help"
                )
        rate = max(group["lr"] for group in self.optimizer.param_groups)  # layer decay lowers that of all but the last
        row = {
            "epoch": str(epoch),
            "step": str(self.step),
            "lr": f"{rate:.3g}",
            "loss": f"{self.loss_sum / self.steps_per_epoch:.4f}",
            **{f"{self.seen.split}_{name}": f"{value:.4f}" for name, value in figures.items()},
            f"{self.train.unit}_per_s": f"{speed:.0f}",
        }
        self.loss_sum = 0.0
        self.metrics.add(row)
        self.accelerator.log({name: float(value) for name, value in row.items()}, step=self.step)
        score = tuple(figures.values())
        better = score < self.best
        self.best = min(self.best, score)
        self._snapshot(epoch)
        self._save(best=better and self.args.validation > 0)
        return row

    @torch.inference_mode()
    def _snapshot(self, epoch: int) -> None:
        """Keeps what the report draws of the model, after the first epoch and the last one of each part of them."""
        due = epoch == 1 or epoch * SNAPSHOTS // self.args.epochs > (epoch - 1) * SNAPSHOTS // self.args.epochs
        if due and self.accelerator.is_main_process and (kept := self.task.snapshot(self._evaluated().eval())):
            write_snapshot(self.folder.snapshots, self.step, kept)

    @torch.inference_mode()
    def _figures(self) -> dict[str, float]:
        """How well the model does on the examples that are looked at after every epoch."""
        seen = Loader(self.seen, self.accelerator.device, self.args.workers)
        return self.task.figures(self._evaluated().eval(), seen(torch.arange(len(self.seen)).split(256)))

    def _evaluated(self) -> Model:
        """The model as it is evaluated: with averaged weights, if there are any."""
        return self.model if self.average is None else self.average.module

    def _save_if_due(self, now: bool) -> None:
        in_epoch = self.step % self.steps_per_epoch != 0  # at its end, `_finish_epoch` saves
        if in_epoch and (now or time.monotonic() - self.saved > 60 * self.args.checkpoint_minutes):
            self._save()

    def _save(self, best: bool = False) -> None:
        if self.accelerator.is_main_process:
            training = {
                "loss_sum": self.loss_sum,
                "best": list(self.best),
                "fixed": self.args.fixed(self.steps_per_epoch),
                "optimizer": self.optimizer.state_dict(),
                "scaler": self.accelerator.scaler.state_dict() if self.accelerator.scaler else None,
                "weights": None if self.average is None else self.model.backbone.state_dict(),
            }
            weights = self._evaluated().backbone.state_dict()
            made = checkpoint.Checkpoint(self.step, weights, self.architecture, training)
            checkpoint.save(self.folder.checkpoints, made, best)
        self.saved = time.monotonic()

    def _restore(self, found: checkpoint.Checkpoint) -> None:
        load_weights(self.model, found.weights if self.average is None else found.training["weights"])
        if self.average is not None:
            load_weights(self.average.module, found.weights)
        restore_optimizer(self.optimizer, found.training["optimizer"])
        if self.accelerator.scaler:
            self.accelerator.scaler.load_state_dict(found.training["scaler"])
        self.step, self.loss_sum = found.step, found.training["loss_sum"]
        self.best = tuple(found.training["best"])
