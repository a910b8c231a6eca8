"""What tasks have written in the run that goes on, for as long as the store may not have it yet."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from flowweaver.events import Event, RunStarted, TaskCompleted, TaskOutput, TaskStarted
from flowweaver.records import LogLine

__all__ = ["Logbook"]

_MOST = 10_000


class Logbook:
    """The last lines of every attempt that is not over, and of those that failed.

    What a completed task wrote is in the store by the time its event comes, and is let go of here.
    """

    def __init__(self) -> None:
        self._lines: dict[tuple[str, int], deque[LogLine]] = {}

    def take(self, events: Sequence[Event]) -> None:
        """Take the events of a run, in order."""
        for event in events:
            match event:
                case TaskOutput(task=task, attempt=attempt, lines=lines):
                    self._lines.setdefault((task, attempt), deque(maxlen=_MOST)).extend(lines)
                case TaskStarted(task=task, attempt=attempt):
                    self._lines[task, attempt] = deque(maxlen=_MOST)
                case TaskCompleted(task=task, attempt=last):
                    for attempt in range(1, last + 1):
                        self._lines.pop((task, attempt), None)
                case RunStarted():
                    self._lines.clear()

    def lines(self, task: str, attempt: int) -> list[LogLine] | None:
        """Return what an attempt of the run that goes on has written; None if only the store may know."""
        found = self._lines.get((task, attempt))
        return None if found is None else list(found)

    def clear(self) -> None:
        """Let go of everything: the run is over, and all of it is in the store."""
        self._lines.clear()
