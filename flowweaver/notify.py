"""Telling others what happened: listeners, hooks, callbacks and the log. Whatever they raise is contained here.

Events are queued while the driver holds its lock and delivered after it, one at a time and in order, by whichever
thread comes by: a listener may therefore call back into the run.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

from flowweaver.errors import describe_exception, visible
from flowweaver.forks import end_child, forks
from flowweaver.status import TaskStatus
from flowweaver.task import Task

if TYPE_CHECKING:  # events are made, and their module is loaded, only where somebody listens
    from flowweaver.events import Event, Listener

__all__ = ["Notifier", "StatusHooks", "logging_listener", "status_listener"]

log = logging.getLogger("flowweaver")
log.addHandler(logging.NullHandler())

_MAY_WARN = frozenset({"RunStarted", "TaskCompleted", "TaskRetrying"})
"""Kinds of events that are made for the log alone, if there is anything to warn of."""


@cache
def _class_of(kind: str) -> type[Event]:
    from flowweaver import events

    return getattr(events, kind)  # type: ignore[no-any-return]


def _warns(event: Event) -> bool:
    """Tell whether the log has something to warn of."""
    return type(event) is _class_of("TaskRetrying") or bool(getattr(event, "warnings", ()))


class Notifier:
    """Delivers events to listeners, and calls callbacks and hooks.

    Args:
        listeners: get every event.
        logger: writes events to the log, as far as the log wants them.

    Attributes:
        listening: somebody listens; else no event need be made.
        contained: how often one of them raised.
    """

    def __init__(self, listeners: Sequence[Listener], logger: Listener) -> None:
        self._listeners = [*listeners, logger] if log.isEnabledFor(logging.INFO) else list(listeners)
        self.listening = bool(self._listeners)
        self._warnings = None if logger in self._listeners or not log.isEnabledFor(logging.WARNING) else logger
        self._queue: deque[Event] = deque()
        self._delivering = threading.Lock()
        self.sequence = 0
        self.contained = 0

    def wants(self, kind: str) -> bool:
        """Somebody is to be told of this kind of event."""
        return self.listening or (kind in _MAY_WARN and self._warnings is not None)

    def emit(self, kind: str, **facts: Any) -> None:
        """Queue an event of the class of this name; the caller holds the driver's lock, which gives the order."""
        self.sequence += 1
        self._queue.append(_class_of(kind)(sequence=self.sequence, **facts))

    def deliver(self, *, wait: bool = False) -> None:
        """Give queued events to the listeners.

        Args:
            wait: return only when all that are queued now are delivered; else another thread may be at it still.
        """
        while self._queue:
            if not self._delivering.acquire(blocking=wait):
                return
            try:
                while self._queue:
                    event = self._queue.popleft()
                    for listener in self._listeners:
                        self.call("listener", listener, event)
                    if self._warnings is not None and _warns(event):
                        self.call("log handler", self._warnings, event)
            finally:
                self._delivering.release()
        if wait:
            with self._delivering:
                pass

    def call(self, what: str, function: Callable[..., Any], *arguments: Any) -> None:
        """Call what a user gave us; an exception is logged and counted, never raised."""
        forked, error = forks(), None
        try:
            function(*arguments)
        except BaseException as raised:  # a hook that raises SystemExit must not end the run either
            error = raised
        if forks() != forked:
            end_child(error)
        if error is not None:
            self.raised(what, error)

    def raised(self, what: str, error: BaseException) -> None:
        """Log and count what something of the user's raised."""
        self.contained += 1
        with suppress(Exception):  # a handler of the user's may raise, and an exception may not let itself be looked at
            log.error("a %s raised %s", what, visible(describe_exception(error)), exc_info=error)

    def callbacks(self, task: Task, error: BaseException | None) -> None:
        """Call the callbacks of a task that is done (no error) or has failed for good."""
        for callback in task.callbacks:
            takes_one, takes_two = _forms(callback)
            if error is None and takes_one:
                self.call("callback", callback, task)
            elif error is not None and takes_two:
                self.call("callback", callback, task, error)


def _forms(callback: Callable[..., Any]) -> tuple[bool, bool]:
    """Tell whether it can be called with one argument, and with two."""
    import inspect

    try:
        signature = inspect.signature(callback)
    except Exception:  # a built-in tells nothing; an object of the user's may raise anything when it is asked
        return True, False
    found = []
    for count in (1, 2):
        try:
            signature.bind(*[None] * count)
        except TypeError:
            found.append(False)
        else:
            found.append(True)
    return found[0], found[1]


class StatusHooks(Protocol):
    """The hooks of 0.2.x; an executor has them for all tasks, a Task for itself."""

    on_status_change: Callable[[str, TaskStatus], Any] | None
    on_retry: Callable[[str, int], Any] | None


def status_listener(everywhere: StatusHooks, own: Mapping[str, StatusHooks]) -> Listener | None:
    """Return a listener that calls the hooks of 0.2.x: the task's new status, and the attempt that failed.

    Args:
        everywhere: hooks for all tasks.
        own: hooks by task name.

    Returns:
        None if no hook is set.
    """
    asked = {name: hooks for name, hooks in own.items() if hooks.on_status_change or hooks.on_retry}
    if not (asked or everywhere.on_status_change or everywhere.on_retry):
        return None
    from flowweaver.events import TaskCompleted, TaskFailed, TaskRetrying, TaskSkipped, TaskStarted

    states: dict[type[Event], TaskStatus] = {
        TaskStarted: TaskStatus.RUNNING,
        TaskRetrying: TaskStatus.RETRYING,
        TaskCompleted: TaskStatus.COMPLETED,
        TaskFailed: TaskStatus.FAILED,
        TaskSkipped: TaskStatus.SKIPPED,
    }

    def listen(event: Event) -> None:
        status = states.get(type(event))
        if status is None:
            return
        name: str = event.task  # type: ignore[attr-defined]  # all of these have one
        if isinstance(event, TaskFailed) and event.interrupted:
            status = TaskStatus.PENDING
        for hooks in (everywhere, asked.get(name)):
            if hooks is None:
                continue
            if hooks.on_retry is not None and isinstance(event, TaskRetrying):
                hooks.on_retry(name, event.attempt)
            if hooks.on_status_change is not None:
                hooks.on_status_change(name, status)

    return listen


def logging_listener(workflow: str) -> Listener:
    """Return a listener that writes what happens to the logger "flowweaver".

    INFO, and WARNING for retries and for what a person should know of declared files and arguments. Each record
    carries ``run_id, workflow, task, attempt, duration`` (None where it has none).
    """

    def write(level: int, event: Event, text: str, *values: Any) -> None:
        extra = {
            "run_id": event.run_id,
            "workflow": workflow,
            "task": getattr(event, "task", None),
            "attempt": getattr(event, "attempt", None),
            "duration": getattr(event, "duration", None),
        }
        # A log may end on a terminal, or in a file that has a line for each record.
        shown = [visible(value) if isinstance(value, str) else value for value in values]
        log.log(level, text, *shown, extra=extra)

    def warn(event: Event, texts: Iterable[str]) -> None:
        for text in texts:
            write(logging.WARNING, event, "%s: %s", workflow, text)

    def listen(event: Event) -> None:
        from flowweaver import events

        match event:
            case events.RunStarted():
                write(logging.INFO, event, "%s: run %d started", workflow, event.run_id)
                warn(event, event.warnings)
            case events.TaskStarted():
                write(logging.INFO, event, "%s: %s started, attempt %d", workflow, event.task, event.attempt)
            case events.TaskCompleted():
                write(logging.INFO, event, "%s: %s completed in %.3fs", workflow, event.task, event.duration)
                warn(event, event.warnings)
            case events.TaskRetrying():
                text = "%s: %s failed on attempt %d, the next one in %gs: %s"
                write(logging.WARNING, event, text, workflow, event.task, event.attempt, event.delay, event.error)
            case events.TaskFailed():
                # The error itself goes to the caller as an exception, not a second time to a log.
                how = "was interrupted" if event.interrupted else "failed"
                write(logging.INFO, event, "%s: %s %s after %.3fs", workflow, event.task, how, event.duration)
            case events.TaskSkipped():
                write(logging.INFO, event, "%s: %s skipped, %s failed", workflow, event.task, event.because)
            case events.RunFinished():
                write(logging.INFO, event, "%s: run %d %s", workflow, event.run_id, event.outcome)

    return listen
