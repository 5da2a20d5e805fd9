"""How far long work is, on stderr: a bar on a terminal, a line now and then in a log file."""

import sys
import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

__all__ = ["ProgressBar"]

LOG_SECONDS = 30.0


class _Speed(ProgressColumn):
    def __init__(self, unit: str, scale: float) -> None:
        super().__init__()
        self.unit, self.scale = unit, scale

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed / self.scale:,.0f} {self.unit}/s" if task.speed else "")


class ProgressBar:
    """Counts images, and shows what is at work, images a second and the time left; use it as a context manager.

    Args:
        total: Number of images of the whole work.
        done: How many of them are done already.
        show: False for a silent one, as every process but the first needs it.
        unit: What to show if it is not images that are counted.
        scale: How many of what is counted make one of them.
    """

    def __init__(self, total: int, done: int = 0, show: bool = True, unit: str = "images", scale: float = 1.0) -> None:
        self.unit, self.scale = unit, scale
        self.console = Console(stderr=True)
        self.show, self.total, self.done = show, total, done
        self.start_time, self.start_done, self.logged = time.monotonic(), done, time.monotonic()
        self.bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} %"),
            _Speed(unit, scale),
            TimeRemainingColumn(),
            console=self.console,
            disable=not (show and self.console.is_terminal),
        )
        self.task = self.bar.add_task("", total=total, completed=done)

    def __enter__(self) -> Self:
        self.bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.bar.stop()

    def advance(self, images: int, description: str) -> None:
        """Counts images and says what is at work."""
        self.done += images
        self.bar.update(self.task, advance=images, description=description)
        now = time.monotonic()
        if self.show and not self.console.is_terminal and now - self.logged > LOG_SECONDS:
            self.logged = now
            speed = (self.done - self.start_done) / (now - self.start_time)
            left = (self.total - self.done) / max(speed, 1e-9) / 60
            told = f"{speed / self.scale:,.0f} {self.unit}/s"
            print(f"{description}  {told}  {left:.1f} min left", file=sys.stderr, flush=True)

    def line(self, text: str) -> None:
        """Prints a line that stays, above the bar."""
        if self.show:
            self.bar.console.print(text, highlight=False, soft_wrap=True)
