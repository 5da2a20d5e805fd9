"""What was measured of a run of a likelihood model, in a folder of the run.

density/summary.json        what was measured how, and the figures
density/summary.md          the same to read
density/test.safetensors    the figure of each test example, float32, by what was measured
"""

from dataclasses import asdict, dataclass
from pathlib import Path

import safetensors.torch
from safetensors import SafetensorError
from torch import Tensor

from robustmoll.data.examples import Examples
from robustmoll.data.tables.columns import check_columns
from robustmoll.evaluate.densities.distances import measure_distances
from robustmoll.evaluate.densities.figures import example_figures
from robustmoll.evaluate.densities.summary import DensitySummary, summarise_density
from robustmoll.evaluate.densities.text import density_text
from robustmoll.storage import checkpoint
from robustmoll.storage.files import json_bytes, read_object, write_whole
from robustmoll.storage.run_folder import RunFolder
from robustmoll.tasks.likelihood import load_likelihood

__all__ = ["DensityBenchArgs", "measure_run", "read_figures", "read_summary"]

FIGURES = "test.safetensors"


@dataclass(frozen=True)
class DensityBenchArgs:
    """What is measured of a likelihood model.

    Args:
        samples: Latent variables that a bound has for each test example, at least 1: the more, the tighter. Models with
            an exact likelihood have none.
        classifier: Folder of a run that trained a classifier on such images: adds the Fréchet distance between
            generated and test images in its features, which needs no network.
        inception: File of the Inception weights, or "download": adds the FID.
        generated: How many images are generated for these distances, and how many test images they are compared with;
            0 stands for as many as the test set has. Below 2,048 there is a warning.
        seed: Of the generated images.

    Raises:
        ValueError: If a number is out of its range.
    """

    samples: int = 64
    classifier: str | None = None
    inception: str | None = None
    generated: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        if self.samples < 1:
            raise ValueError(
                f"a bound needs at least 1 latent variable for each example, got bench.samples={self.samples}"
            )
        if self.generated < 0:
            raise ValueError(f"bench.generated is a number of images, 0 for all, got {self.generated}")


def measure_run(run: Path, train: Examples, test: Examples, args: DensityBenchArgs) -> DensitySummary:
    """Measures the checkpoint that counts, and beside it the last one, and writes what it found into the run.

    Args:
        run: Its folder.
        train: What it was trained on, without what was held out.
        test: Clean data to measure it on.
        args: What is measured.

    Raises:
        ValueError: If a network is missing or not for such data, or a table has changed since the training.

    Warns:
        UserWarning: If a checkpoint is damaged and the one before it is measured.
    """
    saved, folder = RunFolder(run).checkpoints, RunFolder(run).density
    last, final = checkpoint.load_newest(saved), checkpoint.load_final(saved)
    chosen = {"best on validation": final} if final.name == "best" else {}
    models = {
        label: (found.step, load_likelihood(found.config, found.weights).eval())
        for label, found in (chosen | {"last step": last}).items()
    }
    for _, model in models.values():
        check_columns(model.domain, test.domain)
    figures = example_figures(models, train, test, args.samples)
    name, architecture = run.resolve().name, final.config["architecture"]
    distances = measure_distances(models, test, args.classifier, args.inception, args.generated, args.seed)
    summary = summarise_density(name, architecture, models, figures, distances, train, test, args.samples)
    written = RunFolder(run).density_summary
    folder.mkdir(exist_ok=True)
    written.unlink(missing_ok=True)  # whoever is stopped here has no measurement, and not two halves
    kept = {label: values.float() for label, values in figures.items()}
    write_whole(folder / FIGURES, safetensors.torch.save(kept))
    write_whole(written, json_bytes(asdict(summary)))
    write_whole(folder / "summary.md", density_text(summary).encode())
    return summary


def read_summary(run: Path) -> DensitySummary:
    """Reads the summary of a run.

    Raises:
        ValueError: If it was not measured yet, or the file is damaged.
    """
    folder, path = RunFolder(run).density, RunFolder(run).density_summary
    if not path.exists() or not (folder / FIGURES).exists():
        raise ValueError(f"{run} has no measurement in {folder}; make it with `robustmoll bench {run}`")
    fields = read_object(path)
    try:
        return DensitySummary.of(fields)
    except (KeyError, TypeError) as error:
        raise ValueError(f"{path} is damaged ({error}); {_again(run)}") from error


def read_figures(run: Path, name: str) -> Tensor:
    """Reads the figure of each test example, shape (N,), float64.

    Args:
        run: Its folder.
        name: Of what was measured: the name of a line of the summary.

    Raises:
        ValueError: If the file is damaged.
    """
    path = RunFolder(run).density / FIGURES
    try:
        return safetensors.torch.load_file(path)[name].double()
    except (SafetensorError, KeyError) as error:
        raise ValueError(f"{path} is damaged ({error}); {_again(run)}") from error


def _again(run: Path) -> str:
    return f"measure again with `robustmoll bench {run}`"
