"""A run in another process, seen from here: what it tells is given on; where it dies, its end is written for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from flowweaver.capture import OUTSIDE
from flowweaver.errors import FlowWeaverError, StateError, WorkflowCancelledError, WorkflowExecutionError
from flowweaver.events import (
    Event,
    Listener,
    RunFinished,
    TaskCompleted,
    TaskFailed,
    TaskOutput,
    TaskRetrying,
    TaskStarted,
)
from flowweaver.notify import Notifier
from flowweaver.records import LogLine, Provenance, TaskRecord
from flowweaver.status import TaskStatus
from flowweaver.stores.sqlite import SQLiteStateStore
from flowweaver.stores.sqlite_journal import SQLiteJournal
from flowweaver.tracebacks import Frame
from fwtui.session.archive import open_store
from fwtui.session.isolation.death import Death, thread_frames
from fwtui.session.isolation.epilogue import Epilogue, Seen, epilogue
from fwtui.session.isolation.host import Host
from fwtui.session.isolation.messages import Cancel, Ended, ShowStack, Stack, Stop
from fwtui.session.port import TaskInfo
from fwtui.session.project import Project

__all__ = ["IsolatedRun"]

_PATIENCE = 1.0
"""Seconds for which a process is asked something: one whose interpreter is held cannot say."""

_LATE = 5.0
"""Seconds behind a task's deadline after which it is clear that the engine cannot give it up."""

_MARGIN = 0.25
"""Seconds behind a grace after which a process that still has not ended the run is ended."""


class IsolatedRun:
    """The implementation of ``fwtui.session.loaded.RunHandle`` for a run in another process.

    Args:
        project: where its state is.
        tasks: of its workflow, in order.
        listeners: called with each event, in one thread of ours.
        made_by: tells what tasks ran with; it may say nothing, and does not take long.
        clock: seconds since the epoch.
        monotonic: seconds that never go back.
    """

    def __init__(
        self,
        project: Project,
        tasks: Sequence[TaskInfo],
        listeners: Sequence[Listener],
        made_by: Callable[[Sequence[str]], Mapping[str, Provenance]] = lambda _: {},
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._project = project
        self._tasks = tasks
        self._notifier = Notifier(listeners, lambda _: None)
        self._listeners = listeners
        self._made_by = made_by
        self._clock = clock
        self._monotonic = monotonic
        self._timeouts = {task.name: task.timeout for task in tasks if task.timeout is not None}
        self._seen = Seen()
        self._host: Host | None = None
        self._deadlines: dict[str, float] = {}
        self._late: str | None = None
        self._cancelled = threading.Event()
        self._done = threading.Event()
        self._error: BaseException | None = None

    def goes_on_in(self, host: Host) -> None:
        """From now on this process is stopped with the run; its events come by ``take``."""
        self._host = host

    # -- what a caller does -----------------------------------------------------------------------------------------

    @property
    def done(self) -> bool:
        """The run has ended."""
        return self._done.is_set()

    @property
    def error(self) -> BaseException | None:
        """What it ended with; None while it goes on and after success."""
        return self._error

    @property
    def left_in(self) -> tuple[str, ...]:
        """Threads that are left behind in tasks are none of this process, and end with their own."""
        return ()

    def join(self, timeout: float | None = None) -> bool:
        """Wait for the end; return whether it has come."""
        return self._done.wait(timeout)

    def stop(self) -> None:
        """Start no further task."""
        if self._host is not None:
            self._host.send(Stop())

    def cancel(self, grace: float = 1.0) -> None:
        """Give up what runs, too; after ``grace`` seconds nothing of the process is left."""
        if self._host is None or self.done:
            return
        self._cancelled.set()
        self._host.condemn()
        self._host.send(Cancel(grace))
        threading.Thread(target=self._end, args=(self._host, grace + _MARGIN), name="fwtui-end", daemon=True).start()

    def stack(self, task_name: str) -> list[Frame]:
        """Return where a task is now, also where it holds the interpreter; nothing if that cannot be told."""
        if self._host is None or self.done:
            return []
        answer = self._host.inquire(lambda number: ShowStack(number, task_name), _PATIENCE)
        if isinstance(answer, Stack):
            return list(answer.frames)
        found = [task for task in self._tasks if task.name == task_name and task_name in self._seen.in_flight]
        return list(thread_frames(self._host.dump(), found[0])) if found else []

    def _end(self, host: Host, seconds: float) -> None:
        if not self._done.wait(seconds):
            host.kill()

    # -- what its process tells -------------------------------------------------------------------------------------

    def take(self, told: Event | Ended | Death | None) -> None:
        """Take what comes from the process, in order; None if nothing has come for a while."""
        match told:
            case None:
                self._look_at_deadlines()
            case Event():
                self._note_deadline(told)
                if isinstance(told, TaskFailed) and told.interrupted:
                    told = replace(told, thread_left=False)  # it ends with its process, now
                self._tell(told)
            case Ended(failure=failure) if self._seen.started is not None and self._seen.finished is None:
                # A task broke the engine itself, so that it could not say how the run ended.
                why = "" if failure is None else f" ({failure.text})"
                self._write_the_end(Death(0, said=f"could not end it{why}"))
            case Ended(failure=failure):
                self._end_with(None if failure is None else failure.error())
            case Death():
                self._write_the_end(told)

    def _tell(self, event: Event) -> None:
        self._seen.take(event)
        for listener in self._listeners:
            self._notifier.call("listener", listener, event)

    def _note_deadline(self, event: Event) -> None:
        match event:
            case TaskStarted(task=task) if task in self._timeouts:
                self._deadlines[task] = self._monotonic() + self._timeouts[task]
            case TaskCompleted(task=task) | TaskFailed(task=task) | TaskRetrying(task=task):
                self._deadlines.pop(task, None)

    def _look_at_deadlines(self) -> None:
        """End a process that says nothing and has not given up a task long after its deadline.

        The engine gives up any task that it can: this one, or another, holds the interpreter.
        """
        overdue = self._monotonic() - _LATE
        self._late = next((task for task, deadline in self._deadlines.items() if deadline < overdue), None)
        if self._late is not None and self._host is not None:
            self._host.kill()

    def _end_with(self, error: BaseException | None) -> None:
        self._error = error
        self._done.set()

    def _write_the_end(self, death: Death) -> None:
        start, finished = self._seen.started, self._seen.finished
        if start is None:
            return  # whoever started it is told
        if finished is not None:
            self._end_with(_error_of(finished))
            return
        if self._late is not None:
            death = replace(death, said="was ended, for a task held its interpreter beyond a deadline", late=self._late)
        how = None if self._cancelled.is_set() else death
        problem: FlowWeaverError | None = None
        try:
            events = self._settle(start.workflow, start.run_id, how, death).events
        except StateError as error:
            events, problem = self._unwritten(how).events, error
        for event in events:
            self._tell(event)
        ended = events[-1]
        assert isinstance(ended, RunFinished)
        self._end_with(problem or _error_of(ended))

    def _settle(self, workflow: str, run_id: int, how: Death | None, death: Death) -> Epilogue:
        """Write the end of the run, for whoever has its lock knows that nothing of it runs any more.

        Args:
            how: its process died; None if a person ended it.
            death: the end of the process, whoever ended it.
        """
        store = open_store(self._project)
        try:
            journal = store.open_journal(workflow)
            assert isinstance(journal, SQLiteJournal)
            try:
                names = [task.name for task in self._tasks]
                records = journal.take_over(run_id, names)
                if records is None:
                    # It had written its end itself, and only not told of it; or another run has begun since, and has.
                    return self._told_late(store, workflow, journal.load_records(names), how)
                self._keep_last_words(journal, run_id, death.lines)
                attempts = [one for one in store.for_workflow(workflow).attempts(run_id=run_id) if one.outcome]
                live = (TaskStatus.RUNNING, TaskStatus.RETRYING)
                left = [one for one in records.values() if one.run_id == run_id and one.status in live]
                left.sort(key=lambda one: one.started_at or 0.0)
                now = self._clock()
                made = self._made_by([one.task_name for one in left]) if how is not None else {}
                end = epilogue(self._seen, self._tasks, left, records, attempts, how, now, made.get)
                journal.commit(
                    end.records, end.attempts, [LogLine(OUTSIDE, 0, now, "raw", line) for line in death.rest]
                )
                journal.finish(finished_at=now, outcome=end.outcome, failed_task=end.failed_task, counts=end.counts)
                return end
            finally:
                journal.close()
        finally:
            store.close()

    def _keep_last_words(self, journal: SQLiteJournal, run_id: int, lines: Iterable[tuple[int, LogLine]]) -> None:
        """Write, and tell, what tasks wrote that was in no commit when their process died."""
        kept: dict[tuple[str, int], list[LogLine]] = {}
        for number, line in lines:
            key = line.task_name, line.attempt
            if line.task_name != OUTSIDE and number > journal.lines_of(*key):
                kept.setdefault(key, []).append(line)
        for (task, attempt), own in kept.items():
            first = journal.lines_of(task, attempt) + 1
            journal.commit([], [], own)
            event = TaskOutput(
                run_id=run_id,
                sequence=self._seen.sequence + 1,
                time=self._clock(),
                task=task,
                attempt=attempt,
                lines=tuple(own),
                first=first,
            )
            self._tell(event)

    def _told_late(
        self, store: SQLiteStateStore, workflow: str, records: Mapping[str, TaskRecord], how: Death | None
    ) -> Epilogue:
        """Return the end of a run that is written already: what is done was done, whoever has heard of it."""
        start = self._seen.started
        assert start is not None
        attempts = [one for one in store.for_workflow(workflow).attempts(run_id=start.run_id) if one.outcome]
        ended = {one.task_name for one in attempts if one.outcome == "completed"}
        left = [record for name, record in self._seen.in_flight.items() if name not in ended]
        return epilogue(self._seen, self._tasks, left, records, attempts, how, self._clock())

    def _unwritten(self, how: Death | None) -> Epilogue:
        """Return the end of the run as far as it is known here, for the screen only."""
        return epilogue(self._seen, self._tasks, list(self._seen.in_flight.values()), {}, [], how, self._clock())


def _error_of(ended: RunFinished) -> BaseException | None:
    if ended.outcome == "completed":
        return None
    text = ended.error or f"Workflow {ended.workflow!r} failed at task {ended.failed_task!r}"
    if ended.outcome == "cancelled":
        return WorkflowCancelledError(
            f"Workflow {ended.workflow!r} was stopped", failed_task=ended.failed_task, workflow_name=ended.workflow
        )
    return WorkflowExecutionError(text, failed_task=ended.failed_task, workflow_name=ended.workflow)
