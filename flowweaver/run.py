"""One run of one workflow, from the lock it takes to the error it raises.

:class:`Run` is what a caller holds; the thread that looks after the run is the caller's own in ``execute`` and a thread
of ours in ``start``. Everything that decides is in the driver, the scheduler and the plan.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext, suppress
from datetime import UTC, datetime
from queue import Empty
from types import FrameType
from typing import TYPE_CHECKING, Any, Protocol

from flowweaver.capture import OUTSIDE, Capture, Sink
from flowweaver.driver import Driver
from flowweaver.errors import (
    StateError,
    WorkflowCancelledError,
    WorkflowExecutionError,
    describe_exception,
)
from flowweaver.notify import Notifier, StatusHooks, logging_listener, status_listener
from flowweaver.plan import Action
from flowweaver.prepare import Options, Prepared, prepare
from flowweaver.status import TaskStatus, WorkflowStatus
from flowweaver.stores.base import BaseStateStore, RunJournal
from flowweaver.summary import RunSummary
from flowweaver.task import Task
from flowweaver.workers import Clock, Leave, Workers
from flowweaver.workflow import Workflow

if TYPE_CHECKING:
    from flowweaver.events import Listener
    from flowweaver.tracebacks import Frame

__all__ = ["Hooks", "Run"]


class Hooks(StatusHooks, Protocol):
    """What an executor is asked to call around a run."""

    def on_workflow_start(self, workflow_name: str) -> None:
        """A run begins."""

    def on_workflow_success(self, workflow_name: str) -> None:
        """Every task is done and on disk."""

    def on_workflow_failure(self, workflow_name: str, error: BaseException) -> None:
        """The run did not complete."""


class Run:
    """A run that has been prepared: the state is held, the plan is made, nothing runs yet.

    Args:
        echo: what tasks print also goes to where it would have gone.

    Raises:
        DefinitionError: the workflow, or what was asked, makes no sense.
        WorkflowBusyError: this Workflow object runs already.
        StateError: the state cannot be used, or another run holds it.
    """

    def __init__(
        self,
        workflow: Workflow,
        workers: Workers,
        *,
        options: Options,
        store: BaseStateStore | None,
        hooks: Hooks,
        listeners: Sequence[Listener] = (),
        echo: bool = True,
        clock: Clock | None = None,
    ) -> None:
        self.workflow = workflow
        self._workers = workers
        self._hooks = hooks
        self._store = store
        self._clock = clock or Clock(time.perf_counter, time.time)
        self._ended = threading.Event()
        self._summary: RunSummary | None = None
        self._error: BaseException | None = None
        self._interrupts = 0
        self._when_done: Callable[[], None] | None = None
        all_listeners = list(listeners)
        status_hooks = status_listener(hooks, workflow.get_all_tasks())
        if status_hooks is not None:
            all_listeners.insert(0, status_hooks)
        self._notifier = Notifier(all_listeners, logging_listener(workflow.name))
        workflow.check()
        workflow.hold()
        self._journal: RunJournal | None = None
        try:
            self._journal = store.open_journal(workflow.name) if store is not None else None
            prepared = prepare(workflow, self._journal, options)
            self.plan = prepared.plan
            self._begin(prepared, options)
            history = self._journal is not None and self._journal.has_history
            self._driver = Driver(
                workflow,
                prepared,
                run_id=self.run_id,
                journal=self._journal,
                workers=workers,
                notifier=self._notifier,
                clock=self._clock,
                keep_going=options.keep_going,
                captures=bool(history or listeners),
                load_later=self._load_later,
            )
            outside = Sink(OUTSIDE, 0, self._driver.take_line, self._clock.wall)
            self._capture = Capture(outside, echo=echo) if history or listeners else nullcontext()
        except BaseException:
            if self._journal is not None:
                self._journal.close()
            workflow.release()
            raise

    def _begin(self, prepared: Prepared, options: Options) -> None:
        self._started = self._clock.monotonic()
        self._started_at = self._clock.wall()
        plan = prepared.plan.tasks
        self.run_id = 1
        if self._journal is not None:
            names = prepared.plan.names
            asked = not options.resume or bool(options.force)
            self.run_id = self._journal.begin(
                started_at=self._started_at,
                params={name: _short(value) for name, value in prepared.params.items()},
                redo=[name for name in names(Action.RUN) if name in prepared.records] if asked else [],
                restored=names(Action.REUSE) + names(Action.MAYBE),
            )
        leave = Action.LEAVE
        for target, task in zip(self.workflow.tasks, plan.values(), strict=True):
            if task.action is not leave:
                self._notifier.call("setter", _begin_anew, target, task.why)
        self.workflow.status = WorkflowStatus.RUNNING
        if self._notifier.listening or (prepared.plan.warnings and self._notifier.wants("RunStarted")):
            self._notifier.emit(
                "RunStarted",
                run_id=self.run_id,
                time=self._started_at,
                workflow=self.workflow.name,
                planned={name: task.action.value for name, task in plan.items()},
                reasons={name: task.why for name, task in plan.items()},
                warnings=prepared.plan.warnings,
            )

    def _load_later(self, name: str) -> Any:
        assert self._store is not None
        state = self._store.for_workflow(self.workflow.name).load_task_state(name) or {}
        result, status = state.get("result"), state.get("status")
        if result is None and ("not_kept" in state or status not in (TaskStatus.COMPLETED, "COMPLETED")):
            raise StateError(f"The stored result of {name} is gone: it was cleared, or its file was removed")
        return result

    # -- what a caller does -----------------------------------------------------------------------------------------

    @property
    def done(self) -> bool:
        """The run has ended."""
        return self._ended.is_set()

    @property
    def summary(self) -> RunSummary | None:
        """How it ended; None while it goes on, or if it could not be ended properly."""
        return self._summary

    @property
    def error(self) -> BaseException | None:
        """What ``wait`` raises; None while it goes on and after success."""
        return self._error

    def join(self, timeout: float | None = None) -> bool:
        """Wait for the end without raising what the run raised; return whether it has ended."""
        return self._ended.wait(timeout)

    def wait(self, timeout: float | None = None) -> RunSummary:
        """Wait for the end.

        Args:
            timeout: seconds to wait at most.

        Raises:
            WorkflowExecutionError: a task failed, or the run was cancelled.
            StateError: the state could not be written.
            TimeoutError: the run goes on.
        """
        if not self._ended.wait(timeout):
            raise TimeoutError(f"Run {self.run_id} of {self.workflow.name} goes on")
        if self._error is not None:
            raise self._error
        assert self._summary is not None
        return self._summary

    def when_done(self, call: Callable[[], None]) -> None:
        """Call a function, from whatever thread, when the run has ended; it must not raise. Set it before ``start``."""
        self._when_done = call

    def stack(self, task_name: str) -> list[Frame]:
        """Return where a task that is being run is now: its frames, outermost first, those of the engine left out.

        A task that timed out is still somewhere while its thread goes on. Frames only, never local variables; the
        task may have gone on by the time they are looked at. Empty if it is not being run.
        """
        return self._driver.stack(task_name)

    @property
    def left_behind(self) -> int:
        """How many threads are still in tasks that were given up."""
        return len(self._driver.left_in)

    @property
    def left_in(self) -> tuple[str, ...]:
        """The tasks that were given up while a thread is still in them, one for each thread."""
        return self._driver.left_in

    def stop(self) -> None:
        """Start no further task; what runs finishes and is saved."""
        if not self.done:
            self._driver.stop()

    def cancel(self, grace: float = 1.0) -> None:
        """Start no further task, ask those that run to end, and leave them behind after ``grace`` seconds.

        A coroutine is cancelled; a function in a thread can look at ``current_task().cancelled``.
        """
        if not self.done:
            self._driver.cancel(grace)

    # -- looking after it -------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Look after the run in a thread of its own."""
        threading.Thread(target=self.look_after, name=f"flowweaver-run-{self.run_id}", daemon=True).start()

    def look_after(self) -> None:
        """Look after the run in this thread until it has ended. Never raises: see ``wait``."""
        driver = self._driver
        try:
            with self._capture:
                self._notifier.call("hook", self._hooks.on_workflow_start, self.workflow.name)
                driver.restore_reused()
                self._loop(driver)
        except BaseException as error:
            self._error = error
        finally:
            self._finish(driver)

    def _loop(self, driver: Driver) -> None:
        while True:
            self._heed_interrupts(driver)
            over, wait = driver.look_after()
            if over:
                self._error = self._error or driver.crashed
                return
            self._workers.run_here(driver)
            with suppress(Empty):
                driver.inbox.get(timeout=wait)

    def _heed_interrupts(self, driver: Driver) -> None:
        if self._interrupts >= 2:
            driver.cancel(grace=0)
        elif self._interrupts and not driver.stopped:
            driver.stop()

    def execute(self) -> RunSummary:
        """Look after the run in this thread, taking SIGINT for its duration if this is the main thread.

        Raises:
            KeyboardInterrupt: a person interrupted; the state is saved.
            WorkflowExecutionError: a task failed, or the run was cancelled.
            StateError: the state could not be written.
        """
        if threading.current_thread() is not threading.main_thread():
            self.look_after()
            return self.wait()
        before = signal.signal(signal.SIGINT, self._on_sigint)
        try:
            self.look_after()
        finally:
            signal.signal(signal.SIGINT, before)
        if self._interrupts:
            raise KeyboardInterrupt from self._error
        return self.wait()

    def _on_sigint(self, _number: int, _frame: FrameType | None) -> None:
        # This may interrupt the driver while it holds its lock: only flags, and a queue made for signal handlers.
        self._interrupts += 1
        self._driver.stop_asked = True
        self._driver.inbox.put(None)
        inline = self._workers.inline
        if self._interrupts >= 2 and inline is not None and inline.started and not inline.ended:
            raise Leave

    def _finish(self, driver: Driver) -> None:
        try:
            self._workers.close()
            with driver.lock:
                driver.settle_skips()
                driver.flush()
            self._summary = self._summarise(driver)
            if self._error is None:
                self._error = self._error_of(driver, self._summary)
            self._record_end(driver, self._summary)
        except BaseException as error:
            self._error = self._error or error
        finally:
            try:
                if self._journal is not None:
                    self._journal.close()
            finally:
                good = self._error is None
                self.workflow.status = WorkflowStatus.COMPLETED if good else WorkflowStatus.FAILED
                self.workflow.release()
        self._notifier.deliver(wait=True)
        if self._error is None:
            self._notifier.call("hook", self._hooks.on_workflow_success, self.workflow.name)
        else:
            self._notifier.call("hook", self._hooks.on_workflow_failure, self.workflow.name, self._error)
        self._ended.set()
        if self._when_done is not None:
            self._when_done()

    def _record_end(self, driver: Driver, summary: RunSummary) -> None:
        ended = self._clock.wall()
        failed = driver.first_failure[0] if driver.first_failure else None
        # What ended the run, if that is no task: a state that could not be written, or a defect of the engine.
        error = driver.state_error or (None if isinstance(self._error, WorkflowExecutionError) else self._error)
        if self._journal is not None:
            try:
                self._journal.finish(
                    finished_at=ended, outcome=summary.outcome, failed_task=failed, counts=driver.counts()
                )
            except StateError as problem:
                error = error or problem
                self._error = self._error or problem
        if self._notifier.listening:
            self._notifier.emit(
                "RunFinished",
                run_id=self.run_id,
                time=ended,
                workflow=self.workflow.name,
                outcome=summary.outcome,
                duration=summary.duration,
                failed_task=failed,
                counts=driver.counts(),
                error=None if error is None else str(error) if isinstance(error, StateError) else _defect(error),
            )

    def _summarise(self, driver: Driver) -> RunSummary:
        by_word = driver.names_by_word()
        pending = by_word["pending"]
        if driver.first_failure is None and driver.state_error is None and self._error is None and not pending:
            outcome = "completed"
        elif driver.stopped and driver.state_error is None and self._error is None:
            outcome = "cancelled"
        else:
            outcome = "failed"
        tasks = self.workflow.get_all_tasks()
        return RunSummary(
            workflow=self.workflow.name,
            run_id=self.run_id,
            outcome=outcome,
            started_at=datetime.fromtimestamp(self._started_at, UTC),
            duration=self._clock.monotonic() - self._started,
            completed=by_word["completed"],
            restored=by_word["reused"],
            failed=by_word["failed"],
            skipped=by_word["skipped"],
            pending=pending,
            errors={name: error for name in by_word["failed"] if (error := tasks[name].error) is not None},
            contained=self._notifier.contained,
            left_behind=len(driver.left_in),
        )

    def _error_of(self, driver: Driver, summary: RunSummary) -> BaseException | None:
        name = self.workflow.name
        if driver.state_error is not None:
            return driver.state_error
        failed, cause = driver.first_failure or (None, None)
        if summary.outcome == "cancelled":
            done, total = len(summary.completed) + len(summary.restored), len(self.workflow)
            text = f"Workflow {name!r} was stopped: {done} of {total} tasks are done"
            return _caused(WorkflowCancelledError(text, failed_task=failed, workflow_name=name), cause)
        if failed is not None and cause is not None:
            text = f"Workflow {name!r} failed at task {failed!r}: {describe_exception(cause)}"
            return _caused(WorkflowExecutionError(text, failed_task=failed, workflow_name=name), cause)
        return None


def _defect(error: BaseException) -> str:
    return f"the engine itself failed: {describe_exception(error)}"


def _begin_anew(task: Task, why: str) -> None:
    task.reset()
    task.reason = why


def _caused(error: WorkflowExecutionError, cause: BaseException | None) -> WorkflowExecutionError:
    error.__cause__ = cause
    return error


def _short(value: Any) -> str:
    with suppress(Exception, SystemExit):  # an int of thousands of digits; a class of the user's raises anything
        if isinstance(value, str | int | float | bool | None):
            return str(value)[:200]
    return type(value).__name__
