"""robustmoll export: a finished classifier for other programs, with its model card."""

from collections.abc import Sequence

from robustmoll.config import Parser, import_modules_of
from robustmoll.evaluate.finished import Run
from robustmoll.export import FORMATS, export

__all__ = ["run"]


def run(args: Sequence[str]) -> None:
    """Exports one run."""
    parser = Parser(prog="robustmoll export", description="Write a finished classifier and its model card.")
    parser.add_argument("run", help="Folder that `robustmoll train` wrote.")
    parser.add_argument("--out", required=True, help="Folder to write to; other formats that are there stay.")
    parser.add_argument("--format", default="timm", help=f"{', '.join(FORMATS)}.")
    chosen = parser.parse_args(args)
    import_modules_of(chosen.run)
    folder = export(Run(chosen.run), chosen.out, chosen.format)
    print(f"{', '.join(sorted(path.name for path in folder.iterdir()))} in {folder}")
