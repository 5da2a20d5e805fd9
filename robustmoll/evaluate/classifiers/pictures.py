"""The pictures of a run: its benchmark, its training, and what mollification did to images and labels."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

from robustmoll.data import ImageSet
from robustmoll.degradations import Blur, Noise
from robustmoll.evaluate.classifiers.plots import sample_sheet, schedule_sheet, training_curves
from robustmoll.mollify import Mollify
from robustmoll.seeds import generator_at
from robustmoll.storage.metrics_file import MetricsFile
from robustmoll.storage.run_folder import RunFolder
from robustmoll.tasks import Classifier, Classify
from robustmoll.times import Time

__all__ = ["run_pictures"]

SAMPLES = 10
DENSITY_STEPS, DENSITY_DRAWS, DENSITY_BINS = 1000, 200, 50


def run_pictures(
    run: Path, bench: Mapping[str, Figure], task: Classify, classifier: Classifier, train: ImageSet
) -> dict[str, Figure]:
    """Draws all pictures of a run, by name.

    Args:
        run: Its folder.
        bench: Pictures of its benchmark, which come first.
        task: By which it was trained.
        classifier: What was trained.
        train: On which images.
    """
    pictures = dict(bench)
    steps = 1
    if rows := MetricsFile(RunFolder(run).metrics).rows():
        pictures["training"] = training_curves(rows)
        steps = int(rows[-1]["step"])
    pictures["samples"] = _samples(task, classifier, train)
    if schedules := _schedules(task.mollify, train.size[1], steps):
        pictures["schedule"] = schedules
    return pictures


def _samples(task: Classify, classifier: Classifier, train: ImageSet) -> Figure:
    """Ten training images as the network meets them, with their labels."""
    each = task.augment.repeats * task.mollify.repeats
    generator, n = generator_at("samples"), min(len(train), max(1, SAMPLES // each))
    rows = torch.randperm(len(train), generator=generator)[:n]
    draw = task.draw(n, train.size, generator, 0)
    mean, std = (values.flatten().tolist() for values in (classifier.mean, classifier.std))
    view = Classifier(nn.Identity(), mean, std, len(train.classes))  # on the CPU
    x, y = task.prepare(view, train.images[rows], train.labels[rows], draw)
    captions = [
        f"{task.mollify.roles[role]}" + (f", t = {t:.2f}" if role else "") + f"\n{_label_text(soft, train.classes)}"
        for role, t, soft in zip(draw.mollify.roles.tolist(), draw.mollify.t.tolist(), y, strict=True)
    ]
    return sample_sheet(x * view.std + view.mean, captions)


def _label_text(soft: Tensor, classes: tuple[str, ...]) -> str:
    """The two largest entries, if the second is more than its share of the rest, and what each of the others has."""
    names = [*classes, "sink"]
    shares, order = soft.sort(descending=True)
    shown = 2 if shares[1] > shares[-1] + 1e-6 else 1
    text = [f"{names[i]} {share:.2f}" for i, share in zip(order[:shown].tolist(), shares[:shown].tolist(), strict=True)]
    rest = float(shares[shown:].mean()) if len(soft) > shown else 0.0
    return ", ".join([*text, *([f"others {rest:.3f} each"] if rest > 5e-4 else [])])


def _schedules(mollify: Mollify, width: int, steps: int) -> Figure | None:
    """The schedules of the roles "noise" and "blur"; nothing where they are no noise and blur of ours."""
    noise, blur = mollify.degradations["noise"], mollify.degradations["blur"]
    if not (isinstance(noise, Noise) and isinstance(blur, Blur)):
        return None
    t = torch.linspace(0, 1, 201)
    alpha, sigma = noise.schedule(t)
    density, edges = np.histogram(_times(mollify.time, steps), DENSITY_BINS, (0, 1), density=True)
    return schedule_sheet(
        t,
        alpha=alpha,
        sigma=sigma,
        snr=noise.schedule.snr(t),
        blur_sigma=blur.schedule.sigma(t, width),
        gamma={"noise": noise.gamma(t), "blur": blur.gamma(t)},
        density=np.interp(t, (edges[1:] + edges[:-1]) / 2, density),
    )


def _times(source: Time, steps: int) -> Tensor:
    """Draws of t from all over a training; they serve every time source, also one that has no density."""
    generator = generator_at("density")
    at = (int((part + 0.5) * steps / DENSITY_STEPS) for part in range(DENSITY_STEPS))
    return torch.cat([source.sample(DENSITY_DRAWS, generator, step) for step in at])
