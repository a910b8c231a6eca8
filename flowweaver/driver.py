"""The state of one run while it goes on: scheduler, store and workers kept in step under one lock.

A worker calls :meth:`Driver.finish` with the attempt it made and gets its next one back. In between, under the lock,
the outcome goes into the scheduler, the finished row and the RUNNING row of what the worker takes next go to the store
in one commit, and only then other workers are told of what became ready. There is no coordinator to hand over to; the
one thread that looks after the run (:mod:`flowweaver.run`) wakes for deadlines, retries, signals and the end.
"""

from __future__ import annotations

import random
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from heapq import heappop, heappush
from queue import SimpleQueue
from typing import Any

from flowweaver.attempt import Attempt
from flowweaver.capture import Sink
from flowweaver.errors import StateError, TaskTimeoutError, describe_exception
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
from flowweaver.notify import Notifier
from flowweaver.plan import Action, settle
from flowweaver.prepare import EAGER, Prepared
from flowweaver.records import AttemptRecord, LogLine, Provenance, StoredValue, TaskRecord
from flowweaver.scheduler import Scheduler, State, ranks_by_remaining_path
from flowweaver.status import TaskStatus
from flowweaver.stores.base import RunJournal
from flowweaver.task import Task
from flowweaver.tracebacks import traceback_text
from flowweaver.workflow import Workflow

__all__ = ["Clock", "Driver", "Leave", "Workers"]

_OUTPUT_DELAY = 0.25
"""Seconds after which lines that no commit has taken along are written by themselves."""


class Leave(BaseException):
    """Raised inside a task that runs on the main thread when a person interrupts for the second time."""


class Clock:
    """Where the driver reads the time.

    Args:
        monotonic: seconds that never go back.
        wall: seconds since the epoch.
    """

    def __init__(self, monotonic: Callable[[], float], wall: Callable[[], float]) -> None:
        self.monotonic = monotonic
        self.wall = wall


class Workers(ABC):
    """The way to call functions that an executor hands to the driver.

    Attributes:
        capacity: attempts that may be made at the same time.
    """

    capacity: int = 1

    @abstractmethod
    def spawn(self, driver: Driver) -> None:
        """Let one more worker take attempts from the driver. Called under its lock: must neither block nor raise."""

    def run_here(self, driver: Driver) -> None:
        """Run what can run in the thread that looks after the run."""
        del driver

    @abstractmethod
    def give_up(self, driver: Driver, attempt: Attempt) -> bool:
        """Ask an attempt to end; called under the driver's lock. Return whether its thread may go on running."""

    @abstractmethod
    def close(self) -> None:
        """Let go of idle threads. Threads that are stuck in a task are left behind."""


class StoredResult:
    """Stands for a result that is in the store and not in memory."""

    __slots__ = ("load",)

    def __init__(self, load: Callable[[], Any]) -> None:
        self.load = load


class Driver:
    """One run while it goes on. All public methods may be called from any thread."""

    def __init__(
        self,
        workflow: Workflow,
        prepared: Prepared,
        *,
        run_id: int,
        journal: RunJournal | None,
        workers: Workers,
        notifier: Notifier,
        clock: Clock,
        keep_going: bool,
        captures: bool,
        load_later: Callable[[str], Any],
    ) -> None:
        self.workflow = workflow
        self.run_id = run_id
        self.prepared = prepared
        self._journal = journal
        self._workers = workers
        self._notifier = notifier
        self.clock = clock
        self._captures = captures
        self._load_later = load_later
        self.lock = threading.Lock()
        self.inbox: SimpleQueue[None] = SimpleQueue()
        self.stop_asked = False
        """Set without the lock, by a signal handler; taken up at the next decision."""
        self.stopped = False
        self.state_error: StateError | None = None
        self.crashed: BaseException | None = None
        self.first_failure: tuple[str, BaseException] | None = None
        self.left_behind = 0
        """Threads that were still in a task when it was given up."""

        self.tasks: list[Task] = workflow.tasks
        numbers = {task.name: index for index, task in enumerate(self.tasks)}
        self.dependencies = [tuple(numbers[d] for d in needed) for needed in workflow.dependencies.values()]
        plan = prepared.plan.tasks
        self._maybe = {i for i, task in enumerate(self.tasks) if plan[task.name].action is Action.MAYBE}
        fixed = {i for i, task in enumerate(self.tasks) if plan[task.name].action in (Action.REUSE, Action.LEAVE)}
        ranks = None
        if prepared.durations:
            seconds = [prepared.durations.get(task.name) for task in self.tasks]
            ranks = ranks_by_remaining_path(self.dependencies, seconds)
        elif any(self.dependencies):
            ranks = ranks_by_remaining_path(self.dependencies, [None] * len(self.tasks))
        self.scheduler = Scheduler(self.dependencies, done=fixed, ranks=ranks, keep_going=keep_going)
        self.results: list[Any] = [prepared.results.get(task.name) for task in self.tasks]
        self._digests: list[str | None] = [None] * len(self.tasks)
        for index, task in enumerate(self.tasks):
            record = prepared.records.get(task.name)
            if record is not None:
                self._digests[index] = record.digest
        self._users = self._count_users(fixed)
        self._kept_size = [0] * len(self.tasks)
        self._numbers = [0] * len(self.tasks)
        self.reused: set[int] = {i for i in fixed if plan[self.tasks[i].name].action is Action.REUSE}
        self.left: set[int] = fixed - self.reused
        self.inflight: set[Attempt] = set()
        self._busy = 0
        self._coming = 0
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._timer_number = 0
        self._wake_at = float("inf")
        self._output: list[LogLine] = []
        self._output_armed = False
        self._random = random.Random()  # noqa: S311  # jitter needs no secrecy

    def _count_users(self, fixed: set[int]) -> list[int]:
        users = [0] * len(self.tasks)
        for index, needed in enumerate(self.dependencies):
            if index not in fixed:
                for dependency in needed:
                    users[dependency] += 1
        return users

    # -- what workers call ------------------------------------------------------------------------------------------

    def take(self) -> Attempt | None:
        """Return the first attempt for a worker that was spawned; None sends it home."""
        with self.lock:
            self._coming -= 1
            attempt = self._advance([], [])
            if attempt is None:
                self._worker_gone()
        self._notifier.deliver()
        return attempt

    def finish(self, attempt: Attempt, *, go_on: bool = True) -> Attempt | None:
        """Take in what became of an attempt and return the worker's next one; None sends it home.

        Args:
            go_on: False: this worker takes nothing more.
        """
        value = self._encoded(attempt)
        trace = traceback_text(attempt.error) if attempt.error is not None else None
        if attempt.sink is not None:
            attempt.sink.close()
        follows = bool(attempt.task.callbacks) or not go_on
        with self.lock:
            if attempt.closed:
                self.left_behind -= attempt.left
                return None
            records: list[TaskRecord] = []
            attempts: list[AttemptRecord] = []
            final = self._outcome(attempt, value, trace, records, attempts)
            following = self._advance(records, attempts, want=not follows)
            if following is None and not follows:
                self._worker_gone()
        if follows:
            self._notifier.deliver()
            if final:
                self._notifier.callbacks(attempt.task, attempt.error)
            with self.lock:
                following = self._advance([], []) if go_on else None
                if following is None:
                    self._worker_gone()
        self._notifier.deliver()
        return following

    def _worker_gone(self) -> None:
        self._busy -= 1
        if not self._busy and self.scheduler.finished:
            self.inbox.put(None)

    def _encoded(self, attempt: Attempt) -> StoredValue | None:
        if self._journal is None or attempt.error is not None or attempt.closed:
            return None
        task = attempt.task
        return self._journal.encode(attempt.result, serializer=task.serializer, persist=task.persist)

    def crash(self, error: BaseException) -> None:
        """End the run because of a defect of the engine itself; a worker that meets one calls this and goes."""
        with self.lock:
            self.crashed = self.crashed or error
            self.scheduler.stop()
            for attempt in self.inflight:
                attempt.closed = True
            self.inflight.clear()
            self.inbox.put(None)

    # -- what the thread that looks after the run calls -------------------------------------------------------------

    def look_after(self) -> tuple[bool, float | None]:
        """Do what is due. Return whether the run is over, and the seconds until something is due again."""
        with self.lock:
            if self.stop_asked and not self.stopped:
                self._stop([])
            now = self.clock.monotonic()
            while self._timers and self._timers[0][0] <= now:
                heappop(self._timers)[2]()
            self._fill(now)
            over = (self.scheduler.finished and not self._busy) or self.crashed is not None
            times = [self._timers[0][0]] if self._timers else []
            due = self.scheduler.next_due()
            if due is not None:
                times.append(due)
            self._wake_at = min(times, default=float("inf"))
            wait = None if not times else max(0.0, self._wake_at - now)
        self._notifier.deliver()
        return over, wait

    def later(self, delay: float, action: Callable[[], None]) -> None:
        """Call an action under the lock after some seconds; the caller holds the lock."""
        self._timer_number += 1
        at = self.clock.monotonic() + delay
        heappush(self._timers, (at, self._timer_number, action))
        self._wake(at)

    def _wake(self, at: float) -> None:
        if at < self._wake_at:
            self._wake_at = at
            self.inbox.put(None)

    def stop(self) -> None:
        """Start nothing more; what runs may finish."""
        with self.lock:
            if not self.stopped:
                self._stop([])
        self._notifier.deliver()

    def cancel(self, grace: float) -> None:
        """Start nothing more, ask what runs to end, and give up on it after ``grace`` seconds."""
        with self.lock:
            if not self.stopped:
                self._stop([])
            for attempt in self.inflight:
                attempt.cancelled = True
            if grace > 0:
                for attempt in list(self.inflight):
                    self._workers.give_up(self, attempt)
                self.later(grace, self._leave_all)
            else:
                self._leave_all()
            self.inbox.put(None)
        self._notifier.deliver()

    def _stop(self, records: list[TaskRecord]) -> None:
        self.stopped = True
        for index in self.scheduler.stop():
            records.append(self._let_go(index))
        self._advance(records, [], want=False)
        self.inbox.put(None)

    def _leave_all(self) -> None:
        records: list[TaskRecord] = []
        attempts: list[AttemptRecord] = []
        for attempt in sorted(self.inflight, key=lambda a: a.index):
            self._close(attempt, left=self._workers.give_up(self, attempt))
            self._interrupt(attempt, records, attempts)
        self.inflight.clear()
        self._advance(records, attempts, want=False)
        self.inbox.put(None)

    # -- decisions, under the lock ----------------------------------------------------------------------------------

    def _advance(
        self, records: list[TaskRecord], attempts: list[AttemptRecord], *, want: bool = True
    ) -> Attempt | None:
        """Commit what has happened together with the start of what comes next; then tell other workers."""
        if self.stop_asked and not self.stopped:
            self.stopped = True
            records.extend(self._let_go(index) for index in self.scheduler.stop())
        now = self.clock.monotonic()
        attempt = self._pick(now, records) if want else None
        if self._journal is not None and not self._commit(records, attempts) and attempt is not None:
            self.scheduler.release(attempt.index)
            self._numbers[attempt.index] -= 1
            attempt = None
        if attempt is not None:
            self._started(attempt)
        self._fill(now)
        return attempt

    def _commit(self, records: list[TaskRecord], attempts: list[AttemptRecord]) -> bool:
        output, self._output = self._output, []
        if not (records or attempts or output):
            return True
        assert self._journal is not None
        try:
            self._journal.commit(records, attempts, output)
        except BaseException as error:
            if not isinstance(error, StateError):
                error = StateError(f"The state could not be written: {describe_exception(error)}")
            if self.state_error is None:
                self.state_error = error
            self.scheduler.stop()
            return False
        if output:
            self._emit_output(output)
        return True

    def _emit_output(self, output: Sequence[LogLine]) -> None:
        if not self._notifier.listening:
            return
        groups: dict[tuple[str, int], list[LogLine]] = {}
        for line in output:
            groups.setdefault((line.task_name, line.attempt), []).append(line)
        for (name, number), lines in groups.items():
            self._emit(TaskOutput, task=name, attempt=number, lines=tuple(lines))

    def _fill(self, now: float) -> None:
        while self._busy < self._workers.capacity and self.scheduler.ready(now) > self._coming:
            self._busy += 1
            self._coming += 1
            self._workers.spawn(self)

    def _pick(self, now: float, records: list[TaskRecord]) -> Attempt | None:
        while (index := self.scheduler.take(now)) is not None:
            if index in self._maybe and not self._numbers[index] and not self._must_run(index):
                self._reuse(index, records)
                continue
            self._numbers[index] += 1
            task = self.tasks[index]
            args, kwargs = self._arguments(index)
            attempt = Attempt(task, index, self._numbers[index], args, kwargs)
            if self._captures:
                attempt.sink = Sink(task.name, attempt.number, self._take_line, self.clock.wall)
            if self._journal is not None:
                started = self.clock.wall()
                records.append(
                    TaskRecord(
                        task.name,
                        TaskStatus.RUNNING,
                        started,
                        run_id=self.run_id,
                        attempt=attempt.number,
                        started_at=started,
                    )
                )
            return attempt
        return None

    def _must_run(self, index: int) -> bool:
        facts = self.prepared.facts[index]
        record = self.prepared.records[self.tasks[index].name]
        return settle(facts, record, [self._digests[d] for d in self.dependencies[index]])

    def _arguments(self, index: int) -> tuple[list[Any], dict[str, Any]]:
        asked = self.workflow.arguments(self.tasks[index].name)
        params = self.prepared.params
        needed = self.dependencies[index]
        if not needed and not params:
            return [], {}
        upstream = {self.tasks[d].name: self.results[d] for d in needed}
        args = []
        for name in asked.positional_only:
            if name not in upstream and name not in params:
                break  # a later one cannot be given without this one
            args.append(upstream[name] if name in upstream else params[name])
        if asked.takes_all:
            kwargs = {name: value for name, value in upstream.items() if name not in asked.positional_only}
        else:
            kwargs = {name: upstream[name] for name in asked.keywords if name in upstream}
        if params:
            kwargs.update({name: params[name] for name in asked.keywords if name in params and name not in upstream})
        return args, kwargs

    def _take_line(self, line: LogLine) -> None:
        self._output.append(line)
        if not self._output_armed:
            self._output_armed = True
            self.inbox.put(None)

    def arm_output(self) -> None:
        """Make sure that waiting output lines are written soon; called by the thread that looks after the run."""
        if self._output_armed:
            with self.lock:
                if self._output_armed:
                    self._output_armed = False
                    self.later(_OUTPUT_DELAY, self._flush_output)

    def _flush_output(self) -> None:
        if self._journal is None:
            output, self._output = self._output, []
            self._emit_output(output)
        else:
            self._commit([], [])

    # -- outcomes, under the lock -----------------------------------------------------------------------------------

    def _emit(self, kind: Callable[..., Event], **facts: Any) -> None:
        if self._notifier.wants(kind):
            self._notifier.emit(kind, run_id=self.run_id, time=self.clock.wall(), **facts)

    def _set(self, task: Task, **state: Any) -> None:
        """Assign to the task what a person may look at; a subclass's own setter must not end the run."""
        for name, value in state.items():
            try:
                setattr(task, name, value)
            except Exception as error:
                self._notifier.contained += 1
                self._notifier.call("setter", _raise, error)

    def _started(self, attempt: Attempt) -> None:
        task = attempt.task
        self.inflight.add(attempt)
        if attempt.number == 1:
            self._set(task, started_at=datetime.fromtimestamp(self.clock.wall(), UTC))
        self._set(task, attempts=attempt.number, status=TaskStatus.RUNNING)
        if task.timeout is not None:
            self.later(task.timeout, lambda: self._deadline(attempt))
        self._emit(TaskStarted, task=task.name, attempt=attempt.number)

    def _deadline(self, attempt: Attempt) -> None:
        timeout = attempt.task.timeout
        if attempt.closed or attempt.ended or timeout is None:
            return
        now = self.clock.monotonic()
        if not attempt.started or now < attempt.started + timeout:
            # The call began a little after the attempt was handed out.
            self.later((attempt.started or now) + timeout - now, lambda: self._deadline(attempt))
            return
        attempt.ended = now
        self.give_up(attempt, self._timeout_error(attempt), timed_out=True)

    @staticmethod
    def _timeout_error(attempt: Attempt) -> TaskTimeoutError:
        name, timeout = attempt.task.name, attempt.task.timeout
        return TaskTimeoutError(f"{name} timed out after {timeout:g}s", task_name=name, timeout=timeout)

    def give_up(self, attempt: Attempt, error: BaseException, *, timed_out: bool = False) -> None:
        """End an attempt with an error although its function has not come back; the caller holds the lock."""
        if attempt.closed:
            return
        left = self._workers.give_up(self, attempt)
        attempt.error = error
        attempt.ended = attempt.ended or self.clock.monotonic()
        records: list[TaskRecord] = []
        attempts: list[AttemptRecord] = []
        final = self._failed(attempt, error, None, records, attempts, timed_out=timed_out, left=left)
        self._close(attempt, left=left)
        self._advance(records, attempts, want=False)
        if final and attempt.task.callbacks:
            self._busy += 1
            thread = threading.Thread(target=self._late_callbacks, args=(attempt, error), daemon=True)
            thread.start()

    def _late_callbacks(self, attempt: Attempt, error: BaseException) -> None:
        self._notifier.deliver()
        self._notifier.callbacks(attempt.task, error)
        with self.lock:
            self._worker_gone()

    def _close(self, attempt: Attempt, *, left: bool) -> None:
        attempt.closed = True
        attempt.left = left
        self.left_behind += left
        self.inflight.discard(attempt)
        self._worker_gone()

    def _outcome(
        self,
        attempt: Attempt,
        value: StoredValue | None,
        trace: str | None,
        records: list[TaskRecord],
        attempts: list[AttemptRecord],
    ) -> bool:
        """Take in how an attempt ended by itself; return whether its task has its end by that."""
        attempt.closed = True
        self.inflight.discard(attempt)
        error = attempt.error
        timeout = attempt.task.timeout
        late = timeout is not None and attempt.ended - attempt.started > timeout
        if late:
            error = attempt.error = self._timeout_error(attempt)
        if error is None:
            self._completed(attempt, value, records, attempts)
            return True
        if isinstance(error, Leave) or (attempt.cancelled and not late):
            self._interrupt(attempt, records, attempts)
            return False
        return self._failed(attempt, error, trace, records, attempts, timed_out=late)

    def _provenance(self, index: int) -> Provenance | None:
        if not self.prepared.facts:
            return None
        known = self.prepared.facts[index].provenance
        return Provenance(known.code, known.params, tuple(self._digests[d] for d in self.dependencies[index]), known.files)

    def _completed(
        self,
        attempt: Attempt,
        value: StoredValue | None,
        records: list[TaskRecord],
        attempts: list[AttemptRecord],
    ) -> None:
        index, task = attempt.index, attempt.task
        self.results[index] = attempt.result
        duration = attempt.ended - attempt.started
        if self._journal is not None and value is not None:
            self._digests[index] = value.digest
            self._kept_size[index] = value.size if value.encoding is not None else 0
            now = self.clock.wall()
            record = self._record(attempt, TaskStatus.COMPLETED, now, duration)
            record.provenance = self._provenance(index)
            record.value = value
            records.append(record)
            attempts.append(
                AttemptRecord(task.name, attempt.number, now - duration, now, "completed", run_id=self.run_id)
            )
        self._set(
            task,
            result=attempt.result,
            error=None,
            finished_at=datetime.fromtimestamp(self.clock.wall(), UTC),
            duration=duration,
            status=TaskStatus.COMPLETED,
        )
        self._emit(
            TaskCompleted,
            task=task.name,
            attempt=attempt.number,
            duration=duration,
            summary="" if value is None else value.summary,
            size=0 if value is None else value.size,
            not_kept=None if value is None else value.not_kept,
        )
        self.scheduler.complete(index)
        attempt.result = None
        self._used(index)

    def _used(self, index: int) -> None:
        """A task had its end: what it needed may leave memory, and its own result if nobody will need it."""
        for dependency in self.dependencies[index]:
            self._users[dependency] -= 1
            if not self._users[dependency]:
                self._unload(dependency)
        if not self._users[index]:
            self._unload(index)

    def _unload(self, index: int) -> None:
        if self._kept_size[index] > EAGER:
            self.results[index] = None
            name = self.tasks[index].name
            self._set(self.tasks[index], result=StoredResult(lambda: self._load_later(name)))

    def _record(self, attempt: Attempt, status: TaskStatus, now: float, duration: float) -> TaskRecord:
        return TaskRecord(
            attempt.task.name,
            status,
            now,
            run_id=self.run_id,
            attempt=attempt.number,
            started_at=now - duration,
            finished_at=now,
            duration=duration,
        )

    def _failed(
        self,
        attempt: Attempt,
        error: BaseException,
        trace: str | None,
        records: list[TaskRecord],
        attempts: list[AttemptRecord],
        *,
        timed_out: bool = False,
        left: bool = False,
    ) -> bool:
        index, task = attempt.index, attempt.task
        duration = attempt.ended - attempt.started
        text = describe_exception(error)
        now = self.clock.wall()
        again = not self.stopped and self.state_error is None and task.retry.wants_retry(attempt.number, error)
        if self._journal is not None:
            record = self._record(attempt, TaskStatus.RETRYING if again else TaskStatus.FAILED, now, duration)
            record.error, record.exception, record.timed_out = text, error, timed_out
            record.provenance = self._provenance(index)
            records.append(record)
            outcome = "timed out" if timed_out else "failed"
            attempts.append(
                AttemptRecord(task.name, attempt.number, now - duration, now, outcome, text, trace, self.run_id)
            )
        facts = {"task": task.name, "attempt": attempt.number, "duration": duration, "error": text,
                 "traceback": trace, "timed_out": timed_out}  # fmt: skip
        if again:
            delay = task.retry.delay_before(attempt.number + 1, self._random.random())
            self._set(task, error=error, status=TaskStatus.RETRYING)
            self._emit(TaskRetrying, delay=delay, **facts)
            at = self.clock.monotonic() + delay
            self.scheduler.retry(index, at)
            self._wake(at)
            return False
        self._set(
            task,
            error=error,
            finished_at=datetime.fromtimestamp(now, UTC),
            duration=duration,
            status=TaskStatus.FAILED,
        )
        if self.first_failure is None:
            self.first_failure = (task.name, error)
        self._emit(TaskFailed, thread_left=left, **facts)
        self._used(index)
        self._skip(self.scheduler.fail(index), task.name, now, records)
        return True

    def _skip(self, skipped: Sequence[int], because: str, now: float, records: list[TaskRecord]) -> None:
        for index in skipped:
            task = self.tasks[index]
            self._set(task, status=TaskStatus.SKIPPED, reason=f"needs {because}")
            if self._journal is not None:
                records.append(
                    TaskRecord(task.name, TaskStatus.SKIPPED, now, run_id=self.run_id, skipped_because=because)
                )
            self._emit(TaskSkipped, task=task.name, because=because)
            self._used(index)

    def _reuse(self, index: int, records: list[TaskRecord]) -> None:
        """A task planned as MAYBE gets the inputs it had: its stored result stands."""
        task = self.tasks[index]
        record = self.prepared.records[task.name]
        self.reused.add(index)
        self.restore(index)
        if record.status is not TaskStatus.COMPLETED:
            records.append(_standing(record))
        self.scheduler.complete(index)
        self._used(index)

    def restore(self, index: int) -> None:
        """Show a task whose stored result is reused as done."""
        task = self.tasks[index]
        record = self.prepared.records.get(task.name)
        late = task.name in self.prepared.late
        result = StoredResult(lambda: self._load_later(task.name)) if late else self.results[index]
        self._kept_size[index] = record.size if record is not None else 0
        self._set(task, result=result, restored=True, reason="reused")
        if record is not None:
            self._set(task, attempts=record.attempt, duration=record.duration)
            for name, at in (("started_at", record.started_at), ("finished_at", record.finished_at)):
                if at is not None:
                    self._set(task, **{name: datetime.fromtimestamp(at, UTC)})
        self._set(task, status=TaskStatus.COMPLETED)
        self._emit(TaskRestored, task=task.name, from_run=None if record is None else record.run_id)

    def _interrupt(self, attempt: Attempt, records: list[TaskRecord], attempts: list[AttemptRecord]) -> None:
        """The run ends before this attempt: its task is as if it had not begun."""
        index, task = attempt.index, attempt.task
        self.scheduler.release(index)
        now = self.clock.monotonic()
        duration = (attempt.ended or now) - (attempt.started or now)
        records.append(self._pending(index, attempt.number))
        wall = self.clock.wall()
        attempts.append(
            AttemptRecord(task.name, attempt.number, wall - duration, wall, "interrupted", run_id=self.run_id)
        )
        self._emit(
            TaskFailed,
            task=task.name,
            attempt=attempt.number,
            duration=duration,
            error="interrupted",
            interrupted=True,
        )

    def _let_go(self, index: int) -> TaskRecord:
        """A task that waited for its next attempt gets none in this run."""
        task = self.tasks[index]
        self._emit(
            TaskFailed,
            task=task.name,
            attempt=self._numbers[index],
            duration=0.0,
            error="" if task.error is None else describe_exception(task.error),
            interrupted=True,
        )
        return self._pending(index, self._numbers[index])

    def _pending(self, index: int, attempt: int) -> TaskRecord:
        task = self.tasks[index]
        self._set(task, status=TaskStatus.PENDING)
        record = TaskRecord(
            task.name, TaskStatus.PENDING, self.clock.wall(), run_id=self.run_id, attempt=attempt, interrupted=True
        )
        record.error = None if task.error is None else describe_exception(task.error)
        return record

    # -- the end ----------------------------------------------------------------------------------------------------

    def flush(self) -> None:
        """Write output lines that are still waiting; after the last worker has gone."""
        with self.lock:
            if self._output:
                self._flush_output()

    def names_by_word(self) -> dict[str, tuple[str, ...]]:
        """Return task names by how they stand: "completed" in this run, "reused", "failed", "skipped", "pending".

        Tasks outside the selection are in none.
        """
        found: dict[str, list[str]] = {"completed": [], "reused": [], "failed": [], "skipped": [], "pending": []}
        words = {State.DONE: "completed", State.FAILED: "failed", State.SKIPPED: "skipped"}
        for index, state in enumerate(self.scheduler.states):
            if index not in self.left:
                word = "reused" if index in self.reused else words.get(state, "pending")
                found[word].append(self.tasks[index].name)
        return {word: tuple(names) for word, names in found.items()}

    def counts(self) -> dict[str, int]:
        """Return how many tasks there are of each word of :meth:`names_by_word`."""
        return {word: len(names) for word, names in self.names_by_word().items()}


def _standing(record: TaskRecord) -> TaskRecord:
    """A record that says COMPLETED again of a result that is kept already."""
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


def _raise(error: BaseException) -> None:
    raise error
