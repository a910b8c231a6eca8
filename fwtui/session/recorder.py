"""What is remembered of a run while it goes on, so that its end can be told: what failed, and the last words of it."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from flowweaver.events import (
    Event,
    RunFinished,
    RunStarted,
    TaskCompleted,
    TaskFailed,
    TaskOutput,
    TaskStarted,
)

__all__ = ["Recorder"]

_TAIL = 5


class Recorder:
    """A listener that keeps the failures of a run, and the last lines of each task until it is done.

    Attributes:
        finished: how the run ended; None while it goes on.
        failures: final failures by task, the first first; tasks that were stopped are not among them.
        left: how many tasks are outside the selection.
    """

    def __init__(self) -> None:
        self.finished: RunFinished | None = None
        self.failures: dict[str, TaskFailed] = {}
        self.left = 0
        self._tails: dict[str, deque[str]] = {}

    def __call__(self, event: Event) -> None:
        """Take an event."""
        match event:
            case RunStarted(planned=planned):
                self.left = sum(decision == "leave" for decision in planned.values())
            case TaskStarted(task=task, attempt=attempt):
                if attempt > 1:
                    self._tails.pop(task, None)
            case TaskOutput(task=task, lines=lines):
                tail = self._tails.setdefault(task, deque(maxlen=_TAIL))
                tail.extend(line.text for line in lines[-_TAIL:])
            case TaskCompleted(task=task):
                self._tails.pop(task, None)
            case TaskFailed(task=task):
                if not event.interrupted:
                    self.failures[task] = event
            case RunFinished():
                self.finished = event

    def tail(self, task: str) -> tuple[str, ...]:
        """Return the last lines of what a failed task wrote."""
        return tuple(self._tails.get(task, ()))

    @property
    def counts(self) -> Mapping[str, int]:
        """Tasks by word at the end of the run."""
        return {} if self.finished is None else self.finished.counts
