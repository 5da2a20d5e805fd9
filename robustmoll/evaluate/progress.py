"""How far a benchmark is: the cell at work, cells done, images a second, time left. On stderr."""

from rich.console import Console
from rich.progress import BarColumn, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.progress import Progress as RichProgress
from rich.text import Text

__all__ = ["Progress"]


class _Speed(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:.0f} images/s" if task.speed else "")


class Progress:
    """A progress bar over cells; use it as a context manager.

    Args:
        cells: Number of cells to do.
        images: Number of images in a cell.
        show: False for a silent one, as every process but the first needs it.
    """

    def __init__(self, cells: int, images: int, show: bool = True) -> None:
        self.bar = RichProgress(
            TextColumn("{task.description:<22}"),
            BarColumn(),
            TextColumn(f"{{task.fields[done]}}/{cells} cells"),
            _Speed(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            disable=not show or cells == 0,
        )
        self.task = self.bar.add_task("", total=cells * images, done=0)

    def __enter__(self) -> "Progress":
        self.bar.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.bar.stop()

    def begin(self, description: str) -> None:
        """Names the cell at work."""
        self.bar.update(self.task, description=description)

    def advance(self, images: int) -> None:
        """Counts images of the cell at work."""
        self.bar.advance(self.task, images)

    def finish(self) -> None:
        """Counts a finished cell."""
        self.bar.update(self.task, done=self.bar.tasks[self.task].fields["done"] + 1)
