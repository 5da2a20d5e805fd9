"""Ctrl-C and SIGTERM, while a step is under way."""

import signal
import threading
from types import FrameType
from typing import Any, Self

__all__ = ["Interrupts"]


class Interrupts:
    """Turns the first Ctrl-C (or SIGTERM) into a flag, so that a step can finish; a second one stops at once.

    Signals reach the main thread of a program alone: in another one there is nothing to turn.

    Attributes:
        seen: Whether there was one.
    """

    def __init__(self) -> None:
        self.seen = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        main = threading.current_thread() is threading.main_thread()
        for number in (signal.SIGINT, signal.SIGTERM) if main else ():
            self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.seen:
            raise KeyboardInterrupt("stopped at once")
        self.seen = True
