"""What tasks have written in the run that goes on, for as long as the store may not have it yet."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import replace

from flowweaver.events import (
    Event,
    RunStarted,
    TaskCompleted,
    TaskFailed,
    TaskOutput,
    TaskRetrying,
    TaskStarted,
    TaskWriting,
)
from flowweaver.records import LogLine

__all__ = ["Logbook"]

_MOST = 10_000


class Logbook:
    """The last lines of every attempt that is not over, and of those that failed.

    What a completed task wrote is in the store by the time its event comes, and is let go of here.
    """

    def __init__(self) -> None:
        self._lines: dict[tuple[str, int], deque[LogLine]] = {}
        self._missing: set[tuple[str, int]] = set()
        self._unkept: dict[tuple[str, int], TaskWriting] = {}

    def take(self, events: Sequence[Event]) -> None:
        """Take the events of a run, in order."""
        for event in events:
            match event:
                case TaskOutput():
                    self._take_output(event)
                case TaskWriting(task=task, attempt=attempt):
                    self._unkept[task, attempt] = event
                case TaskFailed(task=task, attempt=attempt) | TaskRetrying(task=task, attempt=attempt):
                    self._unkept.pop((task, attempt), None)
                case TaskStarted(task=task, attempt=attempt):
                    self._forget((task, attempt))
                    self._lines[task, attempt] = deque(maxlen=_MOST)
                case TaskCompleted(task=task, attempt=last):
                    for attempt in range(1, last + 1):
                        self._forget((task, attempt))
                case RunStarted():
                    self.clear()

    def _take_output(self, event: TaskOutput) -> None:
        key = event.task, event.attempt
        lines = self._lines.setdefault(key, deque(maxlen=_MOST))
        if event.first > len(lines) + 1 or len(lines) + len(event.lines) > _MOST:
            self._missing.add(key)
        lines.extend(event.lines)
        unkept = self._unkept.get(key)
        if unkept is not None:
            # A line that had no end is the first that its stream has written since.
            ended = {line.stream for line in event.lines}
            left = tuple(line for line in unkept.lines if line.stream not in ended)
            self._unkept[key] = replace(unkept, lines=left, left_out=0)

    def _forget(self, key: tuple[str, int]) -> None:
        self._lines.pop(key, None)
        self._unkept.pop(key, None)
        self._missing.discard(key)

    def lines(self, task: str, attempt: int) -> list[LogLine] | None:
        """Return all that an attempt of the run that goes on has written; None if only the store may know."""
        key = task, attempt
        found = self._lines.get(key)
        return None if found is None or key in self._missing else list(found)

    def unkept(self, task: str, attempt: int) -> TaskWriting | None:
        """Return what an attempt that goes on has written that is in no store."""
        return self._unkept.get((task, attempt))

    def clear(self) -> None:
        """Let go of everything: the run is over, and all of it is in the store."""
        self._lines.clear()
        self._unkept.clear()
        self._missing.clear()
