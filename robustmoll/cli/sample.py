"""robustmoll sample: what a likelihood model draws, as a table or as pictures."""

from collections.abc import Sequence
from pathlib import Path

import torch
from jsonargparse import Namespace
from torch import Tensor

from robustmoll.config import Parser, import_modules_of
from robustmoll.data.tables import Columns
from robustmoll.evaluate.densities.grids import interpolation, rows_csv, sheet_png
from robustmoll.evaluate.finished import Run
from robustmoll.storage.files import write_whole
from robustmoll.tasks import Likelihood

__all__ = ["run"]


def run(args: Sequence[str]) -> None:
    """Draws from a run's model, and writes what came."""
    parser = Parser(prog="robustmoll sample", description="Draw rows (a CSV) or images (a PNG) from a run's model.")
    parser.add_argument("run", help="Folder that `robustmoll train` wrote, with task: density.")
    parser.add_argument("--n", type=int, default=64, help="How many.")
    parser.add_argument("--temperature", type=float, default=1.0, help="Factor of the latent standard deviation, >= 0.")
    parser.add_argument("--seed", type=int, default=0, help="Of the latent variables.")
    parser.add_argument("--columns", type=int, default=8, help="Images in a row of the picture.")
    parser.add_argument(
        "--interpolate",
        type=int,
        default=0,
        help="Instead of fresh samples: this many pictures on the way between two of them, a row each.",
    )
    parser.add_argument("--out", type=str, help="File; RUN/samples/<name>.csv or .png.")
    asked = parser.parse_args(args)
    if min(asked.n, asked.columns) < 1 or asked.temperature < 0 or asked.interpolate < 0:
        raise ValueError(
            "sample needs n and columns of at least 1, temperature and interpolate >= 0, got"
            f" {asked.n}, {asked.columns}, {asked.temperature:g}, {asked.interpolate}"
        )
    import_modules_of(asked.run)
    model = Run(asked.run).likelihood
    table = isinstance(model.domain, Columns)
    path = _path(asked, ".csv" if table else ".png")
    generator = torch.Generator().manual_seed(asked.seed)
    with torch.inference_mode():
        if asked.interpolate:
            drawn = interpolation(model, asked.n, asked.interpolate, generator, asked.temperature)
        else:
            drawn = model.sample(asked.n, generator, asked.temperature)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, _content(model, drawn, asked.interpolate or asked.columns))
    print(f"{len(drawn)} {'rows' if table else 'images'} in {path}")


def _path(asked: Namespace, suffix: str) -> Path:
    """Returns where samples go: as asked for, or below the run by a name that tells all they depend on."""
    kind = f"interpolated-{asked.n}x{asked.interpolate}" if asked.interpolate else f"samples-{asked.n}"
    name = f"{kind}-seed{asked.seed}-temperature{asked.temperature:g}{suffix}"
    path = Path(asked.out) if asked.out else Path(asked.run) / "samples" / name
    if path.suffix.lower() != suffix:
        raise ValueError(f"samples of this model are written as {suffix}, got --out {path}")
    return path


def _content(model: Likelihood, drawn: Tensor, columns: int) -> bytes:
    if isinstance(model.domain, Columns):
        return rows_csv(drawn, model.domain.names)
    return sheet_png(drawn, columns)
