"""A run in another process, seen from here: what it tells is given on; where it dies, its end is written for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from queue import Empty

from flowweaver.errors import FlowWeaverError, StateError, WorkflowCancelledError, WorkflowExecutionError
from flowweaver.events import Event, Listener, RunFinished
from flowweaver.notify import Notifier
from flowweaver.status import TaskStatus
from flowweaver.stores.sqlite_journal import SQLiteJournal
from flowweaver.tracebacks import Frame
from fwtui.session.archive import open_store
from fwtui.session.isolation.death import Death
from fwtui.session.isolation.epilogue import Epilogue, Seen, epilogue
from fwtui.session.isolation.host import Died, Host
from fwtui.session.isolation.messages import Cancel, Ended, ShowStack, Stack, Stop
from fwtui.session.port import TaskInfo
from fwtui.session.project import Project

__all__ = ["IsolatedRun"]

_PATIENCE = 1.0
"""Seconds for which a process is asked where a task is: one that holds the interpreter cannot say."""

_MARGIN = 0.25
"""Seconds behind a grace after which a process that still has not ended the run is ended."""


class IsolatedRun:
    """The implementation of ``fwtui.session.loaded.RunHandle`` for a run in another process.

    Args:
        project: where its state is.
        tasks: of its workflow, in order.
        listeners: called with each event, in one thread of ours.
        clock: seconds since the epoch.
    """

    def __init__(
        self,
        project: Project,
        tasks: Sequence[TaskInfo],
        listeners: Sequence[Listener],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._project = project
        self._tasks = tasks
        self._notifier = Notifier(listeners, lambda _: None)
        self._listeners = listeners
        self._clock = clock
        self._seen = Seen()
        self._host: Host | None = None
        self._asking = threading.Lock()
        self._asked = 0
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
    def left_behind(self) -> int:
        """Threads that are left behind in tasks are none of this process."""
        return 0

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
        """Return where a task is now; nothing if its process does not say so within a second."""
        if self._host is None or self.done:
            return []
        with self._asking, suppress(Died, Empty):
            self._asked += 1
            self._host.send(ShowStack(task_name, self._asked))
            while True:
                # Behind an answer that came too late comes the one that was asked for.
                match self._host.answer(_PATIENCE):
                    case Stack(number=number, frames=frames) if number == self._asked:
                        return list(frames)
        return []

    def _end(self, host: Host, seconds: float) -> None:
        if not self._done.wait(seconds):
            host.kill()

    # -- what its process tells -------------------------------------------------------------------------------------

    def take(self, told: Event | Ended | Death) -> None:
        """Take what comes from the process, in order."""
        match told:
            case Event():
                self._tell(told)
            case Ended(failure=failure):
                self._end_with(None if failure is None else failure.error())
            case Death():
                self._write_the_end(told)

    def _tell(self, event: Event) -> None:
        self._seen.take(event)
        for listener in self._listeners:
            self._notifier.call("listener", listener, event)

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
        how = None if self._cancelled.is_set() else death
        problem: FlowWeaverError | None = None
        try:
            events = self._settle(start.workflow, start.run_id, how).events
        except StateError as error:
            events, problem = self._unwritten(how).events, error
        for event in events:
            self._tell(event)
        ended = events[-1]
        assert isinstance(ended, RunFinished)
        self._end_with(problem or _error_of(ended))

    def _settle(self, workflow: str, run_id: int, how: Death | None) -> Epilogue:
        """Write the end of the run, for whoever has its lock knows that nothing of it runs any more."""
        store = open_store(self._project)
        try:
            journal = store.open_journal(workflow)
            assert isinstance(journal, SQLiteJournal)
            try:
                records = journal.take_over(run_id, [task.name for task in self._tasks])
                if records is None:
                    return self._unwritten(how)  # another run has begun since, and has written the end of this one
                attempts = [one for one in store.for_workflow(workflow).attempts(run_id=run_id) if one.outcome]
                live = (TaskStatus.RUNNING, TaskStatus.RETRYING)
                left = [one for one in records.values() if one.run_id == run_id and one.status in live]
                left.sort(key=lambda one: one.started_at or 0.0)
                now = self._clock()
                end = epilogue(self._seen, self._tasks, left, records, attempts, how, now)
                journal.commit(end.records, end.attempts)
                journal.finish(finished_at=now, outcome=end.outcome, failed_task=end.failed_task, counts=end.counts)
                return end
            finally:
                journal.close()
        finally:
            store.close()

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
