"""Where everything that happens in a run is written down: in the store, on the Task, and as an event.

The driver says what happened, under its lock. Rows gather here until the driver commits them together.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from flowweaver.attempt import Attempt
from flowweaver.capture import OUTSIDE, Unkept
from flowweaver.errors import StateError, TaskExecutionError, describe_exception
from flowweaver.notify import Notifier
from flowweaver.records import AttemptRecord, LogLine, StoredValue, TaskRecord
from flowweaver.status import TaskStatus
from flowweaver.stores.base import RunJournal
from flowweaver.task import Task

__all__ = ["Ledger"]


# Reading a member through its class is slow, and these two are read for every task.
_RUNNING, _COMPLETED = TaskStatus.RUNNING, TaskStatus.COMPLETED


class _Contained:
    """Around what is assigned to a Task for people to look at: a subclass's own setter must not end the run.

    What is done for every task says the same with ``try``, which costs nothing as long as nothing is raised.
    """

    __slots__ = ("_notifier",)

    def __init__(self, notifier: Notifier) -> None:
        self._notifier = notifier

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> bool:
        if error is not None:
            self._notifier.raised("setter", error)
        return True


class Ledger:
    """Writes down what happens in one run.

    Args:
        journal: None if nothing is to be remembered.
        wall: seconds since the epoch.
        monotonic: the seconds in which attempts tell when they ended.
    """

    def __init__(
        self,
        run_id: int,
        journal: RunJournal | None,
        notifier: Notifier,
        *,
        wall: Callable[[], float],
        monotonic: Callable[[], float],
    ) -> None:
        self.run_id = run_id
        self._journal = journal
        self._notifier = notifier
        self._wall = wall
        self._monotonic = monotonic
        self._records: list[TaskRecord] = []
        self._attempts: list[AttemptRecord] = []
        self._contained = _Contained(notifier)
        self._facts: list[tuple[str, dict[str, Any]]] = []
        self.output: deque[LogLine] = deque()  # tasks append to it at any time
        """Lines that tasks wrote and that no commit has taken along yet."""
        self._told: dict[tuple[str, int], int] = {}
        """How many lines of each attempt that goes on have been told of."""
        self._silent: list[tuple[str, int]] = []
        """Attempts that have ended and write nothing more; a thread that was given up may go on."""

    # -- the store --------------------------------------------------------------------------------------------------

    def encode(self, attempt: Attempt) -> StoredValue | None:
        """Return the form in which a store keeps the result of an attempt that has one; needs no lock."""
        if self._journal is None or attempt.closed:
            return None
        task = attempt.task
        return self._journal.encode(attempt.result, serializer=task.serializer, persist=task.persist)

    def commit(self) -> StateError | None:
        """Write what has gathered in one transaction, then tell of it; return why it could not be written.

        Output that waits goes along, so that a task's last lines are there when its end is.
        """
        if self._records or self._attempts or self._facts:
            return self.flush()
        return None

    def flush(self, lines: int | None = None) -> StateError | None:
        """Write what has gathered, also if it is output alone; return why it could not be written.

        Args:
            lines: lines of output to take along at most; None for all.
        """
        records, self._records = self._records, []
        attempts, self._attempts = self._attempts, []
        output = self._take_lines(lines) if self.output else []
        problem = None
        if self._journal is not None and (records or attempts or output):
            try:
                self._journal.commit(records, attempts, output)
            except StateError as error:
                problem = error
            except Exception as error:
                problem = StateError(f"The state could not be written: {describe_exception(error)}")
        if output:
            self._tell_output(output)
        while self._silent:
            self._told.pop(self._silent.pop(), None)
        if self._facts:
            self._tell(problem)
        return problem

    def _take_lines(self, most: int | None) -> list[LogLine]:
        count = len(self.output) if most is None else min(most, len(self.output))
        return [self.output.popleft() for _ in range(count)]

    def _tell(self, problem: StateError | None = None) -> None:
        """Tell what happened; a result that was not written for some problem is told as not kept."""
        facts, self._facts = self._facts, []
        for kind, values in facts:
            if problem is not None and kind == "TaskCompleted":
                values["not_kept"] = str(problem)
            self._notifier.emit(kind, run_id=self.run_id, **values)

    def _tell_output(self, output: Sequence[LogLine]) -> None:
        groups: dict[tuple[str, int], list[LogLine]] = {}
        for line in output:
            if line.task_name != OUTSIDE:
                groups.setdefault((line.task_name, line.attempt), []).append(line)
        if not self._notifier.wants("TaskOutput"):
            return
        for (name, number), lines in groups.items():
            before = self._told.get((name, number), 0)
            self._told[name, number] = before + len(lines)
            facts = {"task": name, "attempt": number, "lines": tuple(lines), "first": before + 1}
            self._notifier.emit("TaskOutput", run_id=self.run_id, time=self._wall(), **facts)

    def writing(self, attempt: Attempt, unkept: Unkept) -> None:
        """An attempt has written what is not, or not yet, for the store."""
        if self._notifier.wants("TaskWriting"):
            facts = {"task": attempt.task.name, "attempt": attempt.number, **unkept._asdict()}
            self._notifier.emit("TaskWriting", run_id=self.run_id, time=self._wall(), **facts)

    def _row(self, task: Task, status: TaskStatus, attempt: int, **facts: Any) -> None:
        self._records.append(TaskRecord(task.name, status, self._wall(), self.run_id, attempt, **facts))

    def _ended_at(self, attempt: Attempt, now: float) -> float:
        """Return when its function came back: encoding a large result, and waiting for the store, come after that."""
        return now - (self._monotonic() - attempt.ended) if attempt.ended else now

    def _attempt_row(
        self, attempt: Attempt, outcome: str, duration: float, error: str | None = None, trace: str | None = None
    ) -> None:
        ended = self._ended_at(attempt, self._wall())
        began = ended - duration
        self._attempts.append(
            AttemptRecord(attempt.task.name, attempt.number, began, ended, outcome, error, trace, self.run_id)
        )

    # -- events and tasks -------------------------------------------------------------------------------------------

    def _emit(self, kind: str, **facts: Any) -> None:
        if self._notifier.wants(kind):
            self._facts.append((kind, {"time": self._wall(), **facts}))

    def unload(self, task: Task, stand_in: Any) -> None:
        """The task's result leaves memory; from now on it is read from the store when somebody asks."""
        with self._contained:
            task.result = stand_in

    # -- what happens -----------------------------------------------------------------------------------------------

    def starts(self, attempts: Iterable[Attempt]) -> None:
        """Attempts are about to begin: their RUNNING rows are for the next commit."""
        if self._journal is not None:
            now, run = self._wall(), self.run_id
            for attempt in attempts:
                name, made_by = attempt.task.name, attempt.made_by
                self._records.append(TaskRecord(name, _RUNNING, now, run, attempt.number, now, None, None, made_by))

    def started(self, attempts: Iterable[Attempt]) -> None:
        """Their RUNNING rows are in the store: the attempts begin."""
        now = datetime.fromtimestamp(self._wall(), UTC)
        for attempt in attempts:
            task = attempt.task
            try:
                if attempt.number == 1:
                    task.started_at = now
                task.attempts = attempt.number
                task.status = _RUNNING
            except BaseException as error:
                self._notifier.raised("setter", error)
            if self._notifier.listening:
                self._emit("TaskStarted", task=task.name, attempt=attempt.number)
        if self._facts:
            self._tell()

    def completed(self, attempt: Attempt, duration: float) -> None:
        """A task has its result."""
        task, value, now = attempt.task, attempt.stored, self._wall()
        ended = self._ended_at(attempt, now)
        if value is not None:
            number, began, made_by = attempt.number, ended - duration, attempt.made_by
            self._records.append(
                TaskRecord(task.name, _COMPLETED, now, self.run_id, number, began, ended, duration, made_by, value)
            )
        if self._notifier.listening:
            self._silent.append((task.name, attempt.number))
        try:
            task.result = attempt.result
            task.error = None
            task.finished_at = datetime.fromtimestamp(ended, UTC)
            task.duration = duration
            task.status = _COMPLETED
        except BaseException as error:
            self._notifier.raised("setter", error)
        if self._notifier.listening or attempt.lacking:
            self._emit(
                "TaskCompleted",
                time=ended,
                task=task.name,
                attempt=attempt.number,
                duration=duration,
                summary="" if value is None else value.summary,
                size=0 if value is None else value.size,
                not_kept=None if value is None else value.not_kept,
                warnings=attempt.lacking,
            )

    def failed(
        self,
        attempt: Attempt,
        error: BaseException,
        duration: float,
        *,
        trace: str | None,
        delay: float | None,
        timed_out: bool,
        thread_left: bool,
    ) -> None:
        """An attempt failed: for good, or to be followed by another after ``delay`` seconds."""
        task, text, ended = attempt.task, describe_exception(error), self._ended_at(attempt, self._wall())
        status = TaskStatus.FAILED if delay is None else TaskStatus.RETRYING
        if self._journal is not None:
            self._row(
                task,
                status,
                attempt.number,
                started_at=ended - duration,
                finished_at=ended,
                duration=duration,
                provenance=attempt.made_by,
                error=text,
                exception=error,
                timed_out=timed_out,
            )
            self._attempt_row(attempt, "timed out" if timed_out else "failed", duration, text, trace)
        if self._notifier.listening and not timed_out:
            self._silent.append((task.name, attempt.number))
        facts = {
            "time": ended,
            "task": task.name,
            "attempt": attempt.number,
            "duration": duration,
            "error": text,
            "traceback": trace,
            "timed_out": timed_out,
        }
        if delay is not None:
            with self._contained:
                task.error = error
                task.status = status
            self._emit("TaskRetrying", delay=delay, **facts)
            return
        with self._contained:
            task.error = error
            task.finished_at = datetime.fromtimestamp(ended, UTC)
            task.duration = duration
            task.status = status
        self._emit("TaskFailed", thread_left=thread_left, **facts)

    def skipped(self, task: Task, because: str) -> None:
        """A task will not run: its ancestor ``because`` failed."""
        with self._contained:
            task.reason = f"needs {because}"
            task.status = TaskStatus.SKIPPED
        if self._journal is not None:
            self._row(task, TaskStatus.SKIPPED, 0, skipped_because=because)
        self._emit("TaskSkipped", task=task.name, because=because)

    def waits(self, task: Task, record: TaskRecord) -> None:
        """A task that was skipped in an earlier run waits for its turn; a result that it had then stands."""
        if record.encoding is None:
            self._row(task, TaskStatus.PENDING, record.attempt)
        else:
            self._records.append(_standing(record))

    def restored(self, task: Task, record: TaskRecord | None, result: Any) -> None:
        """A task's stored result is reused."""
        if record is not None and record.status is not _COMPLETED:
            self._records.append(_standing(record))
        with self._contained:
            task.result = result
            task.restored = True
            task.reason = "up to date"
            if record is not None:
                task.attempts = record.attempt
                task.duration = record.duration
                task.started_at = _moment(record.started_at)
                task.finished_at = _moment(record.finished_at)
            task.status = _COMPLETED
        if self._notifier.listening:
            self._emit("TaskRestored", task=task.name, from_run=None if record is None else record.run_id)

    def left(self, task: Task, record: TaskRecord, result: Any) -> None:
        """A task outside the selection stays as it is: show what is recorded of it."""
        with self._contained:
            task.attempts = record.attempt
            task.duration = record.duration
            task.started_at = _moment(record.started_at)
            task.finished_at = _moment(record.finished_at)
            if record.error is not None:
                task.error = TaskExecutionError(record.error, task_name=task.name)
            if record.status is TaskStatus.COMPLETED:
                task.result = result
                task.restored = True
            task.status = record.status

    def interrupted(self, attempt: Attempt, duration: float, *, thread_left: bool) -> None:
        """The run ends before this attempt does."""
        self._attempt_row(attempt, "interrupted", duration)
        self.let_go(attempt.task, attempt.number, duration, thread_left=thread_left)

    def let_go(self, task: Task, attempt: int, duration: float = 0.0, *, thread_left: bool = False) -> None:
        """A task that had begun is as if it had not: the run ends before it does."""
        error = None if task.error is None else describe_exception(task.error)
        with self._contained:
            task.status = TaskStatus.PENDING
        if self._journal is not None:
            self._row(task, TaskStatus.PENDING, attempt, interrupted=True, error=error)
        self._emit(
            "TaskFailed",
            task=task.name,
            attempt=attempt,
            duration=duration,
            error=error or "interrupted",
            thread_left=thread_left,
            interrupted=True,
        )


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def _standing(record: TaskRecord) -> TaskRecord:
    """Return a record that says COMPLETED again of a result that is kept already."""
    return TaskRecord(
        record.task_name,
        TaskStatus.COMPLETED,
        record.timestamp,
        run_id=record.run_id,
        attempt=record.attempt,
        started_at=record.started_at,
        finished_at=record.finished_at,
        duration=record.duration,
        provenance=record.provenance,
        digest=record.digest,
        encoding=record.encoding,
        size=record.size,
        summary=record.summary,
    )
