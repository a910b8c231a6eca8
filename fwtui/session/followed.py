"""What another process wrote down of its run, as the events that the run would have told: pure, on plain data.

The store says how each task stands, and not what happened in between. What follows from it is told in the order in
which it must have happened, so that a view is carried through it as through any run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from flowweaver.events import (
    Event,
    TaskCompleted,
    TaskFailed,
    TaskOutput,
    TaskRestored,
    TaskRetrying,
    TaskSkipped,
    TaskStarted,
)
from flowweaver.records import AttemptRecord, LogLine, TaskRecord
from flowweaver.status import TaskStatus

__all__ = ["Told", "events_of"]


class Told(NamedTuple):
    """What has been told of a task in a run: the number of its last attempt, and whether that has ended."""

    attempt: int = 0
    ended: bool = True

    @classmethod
    def by(cls, record: TaskRecord | None, run_id: int) -> Told:
        """Return what a record tells."""
        if record is None or record.run_id != run_id:
            return cls()
        return cls(record.attempt, record.status is not TaskStatus.RUNNING)


_Lines = tuple[Sequence[LogLine], int | None]
"""Lines, and how many there were before them, if that is known."""


class _Story:
    """One task's events since they were told before, in order."""

    def __init__(self, run_id: int, task: str) -> None:
        self.events: list[tuple[float, type[Event], dict[str, Any]]] = []
        self._run_id = run_id
        self._task = task

    def add(self, kind: type[Event], time: float, **facts: Any) -> None:
        self.events.append((time, kind, {"run_id": self._run_id, "task": self._task, "time": time, **facts}))

    def writes(self, attempt: int, written: _Lines) -> None:
        lines, before = written
        if lines:
            first = 0 if before is None else before + 1
            self.add(TaskOutput, lines[-1].time, attempt=attempt, lines=tuple(lines), first=first)


def events_of(
    run_id: int,
    before: Mapping[str, TaskRecord],
    records: Mapping[str, TaskRecord],
    attempts: Mapping[str, Sequence[AttemptRecord]],
    lines: Mapping[tuple[str, int], Sequence[LogLine]],
    lines_before: Mapping[tuple[str, int], int] = MappingProxyType({}),
    *,
    wait: Callable[[str, int], float],
    number: Callable[[], int],
) -> list[Event]:
    """Return what has happened since ``before``.

    Args:
        run_id: the run.
        before: the records that have been told.
        records: those that are others now.
        attempts: of these tasks in the run, the first first, as far as they are known.
        lines: what was written since, by task and attempt.
        lines_before: how many lines there were before these, as far as that is known.
        wait: seconds that a task waits after a failed attempt, given its name and the attempt's number.
        number: gives each event its place.
    """
    written = {place: (texts, lines_before.get(place)) for place, texts in lines.items()}
    stories = []
    for name, record in records.items():
        story = _Story(run_id, name)
        _tell(story, Told.by(before.get(name), run_id), record, attempts.get(name, ()), written, wait)
        stories.append(story)
    for (name, attempt), some in written.items():
        if name not in records:
            story = _Story(run_id, name)
            story.writes(attempt, some)
            stories.append(story)
    # Each story in its own order; among them by when they ended, as far as that is known.
    stories.sort(key=lambda story: story.events[-1][0] if story.events else 0.0)
    return [kind(sequence=number(), **facts) for story in stories for _, kind, facts in story.events]


def _tell(
    story: _Story,
    told: Told,
    record: TaskRecord,
    attempts: Sequence[AttemptRecord],
    written: Mapping[tuple[str, int], _Lines],
    wait: Callable[[str, int], float],
) -> None:
    if record.status is TaskStatus.SKIPPED:
        if record.skipped_because is not None:
            story.add(TaskSkipped, record.timestamp, because=record.skipped_because)
        return
    if record.run_id != story._run_id:
        if record.status is TaskStatus.COMPLETED:
            story.add(TaskRestored, record.timestamp, from_run=record.run_id)
        return
    known = {one.attempt: one for one in attempts}
    for attempt in range(told.attempt if not told.ended else told.attempt + 1, record.attempt + 1):
        one, last = known.get(attempt), attempt == record.attempt
        begun = _begun(one, record, last=last)
        if attempt > told.attempt:
            story.add(TaskStarted, begun, attempt=attempt)
        story.writes(attempt, written.get((record.task_name, attempt), ((), None)))
        if not last:
            _failed_once(story, attempt, one, begun, 0.0)
        elif record.status is TaskStatus.RETRYING:
            _failed_once(story, attempt, one, begun, wait(record.task_name, attempt), record)
        elif record.status is not TaskStatus.RUNNING:
            _end(story, record, one)


def _begun(one: AttemptRecord | None, record: TaskRecord, *, last: bool) -> float:
    if last and record.started_at is not None:
        return record.started_at
    return record.timestamp if one is None else one.started_at


def _failed_once(
    story: _Story,
    attempt: int,
    one: AttemptRecord | None,
    begun: float,
    delay: float,
    record: TaskRecord | None = None,
) -> None:
    ended = one.finished_at if one is not None and one.finished_at is not None else begun
    error = (one.error if one is not None else None) or (None if record is None else record.error) or ""
    story.add(
        TaskRetrying,
        ended,
        attempt=attempt,
        delay=delay,
        duration=max(0.0, ended - begun),
        error=error,
        traceback=None if one is None else one.traceback,
        timed_out=one is not None and one.outcome == "timed out",
    )


def _end(story: _Story, record: TaskRecord, one: AttemptRecord | None) -> None:
    ended = record.timestamp if record.finished_at is None else record.finished_at
    facts: dict[str, Any] = {"attempt": record.attempt, "duration": record.duration or 0.0}
    if record.status is TaskStatus.COMPLETED:
        story.add(TaskCompleted, ended, summary=record.summary, size=record.size, not_kept=record.not_kept, **facts)
        return
    story.add(
        TaskFailed,
        ended,
        error=record.error or "",
        traceback=None if one is None else one.traceback,
        timed_out=record.timed_out,
        interrupted=record.status is not TaskStatus.FAILED,
        **facts,
    )
