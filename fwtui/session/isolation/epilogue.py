"""What is still to be written and told of a run whose process has died, decided from what is known of it.

Known is what it told, which may lag behind, and what it wrote, which is the truth: a task whose result is in the store
is done although nobody heard of it; one whose row says that it runs was in flight. The task that the process died in
has failed, and what depends on it is skipped, as after any failure; what else was in flight is interrupted, and so is
everything where nobody can tell which of several tasks it was, or where a person ended the process.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from flowweaver.events import (
    Event,
    RunFinished,
    RunStarted,
    TaskCompleted,
    TaskFailed,
    TaskRestored,
    TaskRetrying,
    TaskSkipped,
    TaskStarted,
)
from flowweaver.records import AttemptRecord, Provenance, TaskRecord
from flowweaver.status import TaskStatus
from flowweaver.workflow import descendants_in
from fwtui.session.followed import events_of
from fwtui.session.isolation.death import Death, trace_text
from fwtui.session.port import TaskInfo

__all__ = ["Epilogue", "Seen", "epilogue"]

_LIVE = (TaskStatus.RUNNING, TaskStatus.RETRYING)


class Seen:
    """What a run has told of itself.

    Attributes:
        started: its first event; None before that.
        finished: its last event; None while it goes on.
        sequence: number of its latest event.
        words: how each task ended that has, in the words of ``RunFinished.counts``; "interrupted" for those let go.
        told: how each task that began stands, as far as that was told.
        first_failed: the task that failed first.
    """

    def __init__(self) -> None:
        self.started: RunStarted | None = None
        self.finished: RunFinished | None = None
        self.sequence = 0
        self.words: dict[str, str] = {}
        self.told: dict[str, TaskRecord] = {}
        self.first_failed: str | None = None

    @property
    def in_flight(self) -> dict[str, TaskRecord]:
        """The tasks that run, or wait for another attempt."""
        return {name: record for name, record in self.told.items() if record.status in _LIVE}

    def take(self, event: Event) -> None:
        """Take its next event."""
        self.sequence = event.sequence
        match event:
            case RunStarted():
                self.started = event
            case TaskStarted():
                self._tell(event, TaskStatus.RUNNING, started_at=event.time)
            case TaskRetrying():
                began = event.time - event.duration
                self._tell(event, TaskStatus.RETRYING, error=event.error, duration=event.duration, started_at=began)
            case TaskCompleted():
                self._end(event, TaskStatus.COMPLETED, "completed")
            case TaskFailed(interrupted=True):
                self._end(event, TaskStatus.PENDING, "interrupted")
            case TaskFailed(task=task):
                self._end(event, TaskStatus.FAILED, "failed")
                self.first_failed = self.first_failed or task
            case TaskRestored(task=task):
                self.words[task] = "reused"
            case TaskSkipped(task=task):
                self.words[task] = "skipped"
            case RunFinished():
                self.finished = event

    def _tell(
        self, event: TaskStarted | TaskRetrying | TaskCompleted | TaskFailed, status: TaskStatus, **facts: Any
    ) -> None:
        self.told[event.task] = TaskRecord(event.task, status, event.time, event.run_id, event.attempt, **facts)

    def _end(self, event: TaskCompleted | TaskFailed, status: TaskStatus, word: str) -> None:
        self._tell(event, status)
        self.words[event.task] = word


@dataclass(slots=True)
class Epilogue:
    """What is to be written, and then told.

    Attributes:
        outcome: "completed", "failed", "cancelled" or "interrupted".
        error: what became of the process, for a person; None if somebody ended it on purpose, or nothing was left.
    """

    records: list[TaskRecord] = field(default_factory=list)
    attempts: list[AttemptRecord] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    outcome: str = "failed"
    failed_task: str | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    error: str | None = None


def epilogue(
    seen: Seen,
    tasks: Sequence[TaskInfo],
    left: Sequence[TaskRecord],
    stored: Mapping[str, TaskRecord],
    attempts: Sequence[AttemptRecord],
    death: Death | None,
    now: float,
    made_by: Callable[[str], Provenance | None] = lambda _: None,
) -> Epilogue:
    """Return the end of a run that has begun.

    Args:
        seen: what it told; it has told its start.
        tasks: of its workflow, in order.
        left: what it has left in flight, RUNNING or RETRYING as it is in the store, in the order of starting.
        stored: records of all tasks, those that are left included.
        attempts: of this run, those that have ended, in order.
        death: how its process died; None if somebody ended it on purpose.
        now: seconds since the epoch.
        made_by: tells the code, parameters and files that a task which failed ran with.
    """
    return _Epilogue(seen, tasks, left, stored, death, now, made_by).written(attempts)


class _Epilogue:
    def __init__(
        self,
        seen: Seen,
        tasks: Sequence[TaskInfo],
        left: Sequence[TaskRecord],
        stored: Mapping[str, TaskRecord],
        death: Death | None,
        now: float,
        made_by: Callable[[str], Provenance | None],
    ) -> None:
        assert seen.started is not None
        self._start = seen.started
        self._run_id = seen.started.run_id
        self._seen = deepcopy(seen)
        self._tasks = tasks
        self._stored = stored
        self._left = left
        self._death = death
        self._now = now
        self._made_by = made_by
        self._culprit = _culprit(tasks, left, death)
        self.made = Epilogue()

    def written(self, attempts: Sequence[AttemptRecord]) -> Epilogue:
        self._tell_what_was_not_told(attempts)
        for record in sorted(self._left, key=lambda record: record.task_name != self._culprit):
            self._end(record)
        for task, because in self._skipped():
            self._tell(TaskSkipped, self._now, task=task, because=because)
            self.made.records.append(
                TaskRecord(task, TaskStatus.SKIPPED, self._now, run_id=self._run_id, skipped_because=because)
            )
        self._finish()
        return self.made

    def _tell_what_was_not_told(self, attempts: Sequence[AttemptRecord]) -> None:
        known: dict[str, list[AttemptRecord]] = {}
        for attempt in attempts:
            known.setdefault(attempt.task_name, []).append(attempt)
        begun = {
            name: record
            for name, record in self._stored.items()
            if record.run_id == self._run_id and record.status is not TaskStatus.SKIPPED
        }
        numbers = count(self._seen.sequence + 1)
        for event in events_of(
            self._run_id, self._seen.told, begun, known, {}, wait=lambda *_: 0.0, number=lambda: next(numbers)
        ):
            self._take(event)

    def _tell(self, kind: type[Event], time: float, **facts: Any) -> None:
        self._take(kind(run_id=self._run_id, sequence=self._seen.sequence + 1, time=time, **facts))

    def _take(self, event: Event) -> None:
        self._seen.take(event)
        self.made.events.append(event)

    # -- what was in flight -----------------------------------------------------------------------------------------

    def _end(self, left: TaskRecord) -> None:
        name, number, now = left.task_name, left.attempt, self._now
        begun = now if left.started_at is None else left.started_at
        failed = name == self._culprit
        error, trace, duration, late = left.error, None, left.duration or 0.0, False
        if left.status is TaskStatus.RUNNING:
            duration = max(0.0, now - begun)
            if failed and self._death is not None:
                late = name == self._death.late
                error = self._timeout(name) if late else f"its process {self._death.how}"
                trace = trace_text(self._death.frames, error)
            outcome = ("timed out" if late else "failed") if failed else "interrupted"
            self.made.attempts.append(AttemptRecord(name, number, begun, now, outcome, error, trace, self._run_id))
        status = TaskStatus.FAILED if failed else TaskStatus.PENDING
        record = TaskRecord(name, status, now, error=error, run_id=self._run_id, attempt=number, interrupted=not failed)
        if failed:
            made_by = self._provenance(name)
            record = record._replace(
                started_at=begun, finished_at=now, duration=duration, timed_out=late, provenance=made_by
            )
        self.made.records.append(record)
        facts = {"task": name, "attempt": number, "duration": duration, "error": error or "interrupted"}
        self._tell(TaskFailed, now, **facts, traceback=trace, timed_out=late, interrupted=not failed)

    def _timeout(self, name: str) -> str:
        limit = next((task.timeout for task in self._tasks if task.name == name), None)
        return f"TaskTimeoutError: {name} timed out after {limit or 0:g}s, and its process with it"

    def _provenance(self, name: str) -> Provenance | None:
        made = self._made_by(name)
        if made is None:
            return None
        needed = next((task.deps for task in self._tasks if task.name == name), ())
        records = map(self._stored.get, needed)
        return made._replace(inputs=tuple(None if record is None else record.digest for record in records))

    # -- what follows -----------------------------------------------------------------------------------------------

    def _planned(self) -> Iterator[str]:
        return (name for name, action in self._start.planned.items() if action != "leave")

    def _skipped(self) -> list[tuple[str, str]]:
        """Return the tasks that will not run because one before them failed, and which."""
        words = self._seen.words
        edges = {task.name: task.deps for task in self._tasks}
        because = {name: name for name, word in words.items() if word == "failed"}
        follow = descendants_in(edges, because.keys())
        found = []
        for name in self._planned():
            if name in follow and words.get(name, "skipped") == "skipped":
                because[name] = next((because[dep] for dep in edges[name] if dep in because), name)
                if name not in words:
                    found.append((name, because[name]))
        return found

    def _finish(self) -> None:
        words = [self._seen.words.get(name, "pending") for name in self._planned()]
        made, counted = self.made, ("completed", "reused", "failed", "skipped")
        counts = {word: words.count(word) for word in counted}
        counts |= {"interrupted": words.count("interrupted")} if "interrupted" in words else {}
        made.counts = {**counts, "pending": len(words) - sum(counts.values())}
        made.failed_task = self._seen.first_failed
        if counts["completed"] + counts["reused"] == len(words):
            made.outcome = "completed"
        elif self._death is None:
            made.outcome = "cancelled"
        else:
            made.outcome = "failed" if counts["failed"] else "interrupted"
            running = [record.task_name for record in self._left if record.status is TaskStatus.RUNNING]
            made.error = self._death.of_run(self._run_id, sorted(running, key=lambda name: name != self._culprit))
        self._tell(
            RunFinished,
            self._now,
            workflow=self._start.workflow,
            outcome=made.outcome,
            duration=max(0.0, self._now - self._start.time),
            failed_task=made.failed_task,
            counts=made.counts,
            error=made.error,
        )


def _culprit(tasks: Sequence[TaskInfo], left: Sequence[TaskRecord], death: Death | None) -> str | None:
    """Return which task in flight the process died in, None if that cannot be told or somebody ended it."""
    if death is None:
        return None
    running = [record.task_name for record in left if record.status is TaskStatus.RUNNING]
    if len(running) == 1:
        return running[0]
    if death.late in running:
        return death.late
    if not death.frames:
        return None
    first = death.frames[0]
    found = [
        task.name for task in tasks if task.name in running and (task.path, task.name) == (first.file, first.function)
    ]
    return found[0] if len(found) == 1 else None
