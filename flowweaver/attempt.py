"""One attempt of one task: what is called, how it went, and what the task's own code may ask about it."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from types import CoroutineType
from typing import TYPE_CHECKING, Any

from flowweaver.capture import Sink, current_attempt
from flowweaver.forks import end_child, forks
from flowweaver.records import Provenance, StoredValue
from flowweaver.task import Task

if TYPE_CHECKING:
    from flowweaver.hand import Hand

__all__ = ["Attempt", "TaskHandle", "current_task"]

_opening = threading.Lock()


class Attempt:
    """A call that is to be made, or being made, by one worker.

    Attributes:
        index: the task's number in the scheduler.
        number: of the attempt, from 1.
        started: monotonic seconds at which the function was called; 0 before.
        ended: monotonic seconds at which it came back.
        closed: it has its outcome; whatever it brings later is discarded.
        given_up: it got its outcome before its function came back.
        made_by: what the task is made by; None if nothing is known of that.
        stored: its result in the form in which a store keeps it; None if there is no store.
        trace: the traceback of its error.
        lacking: what is to be said of the files that its task declares, now that it has ended.
        sink: takes what the task writes; None until it writes something.
        make_sink: makes that; None if nothing takes it.
        hand: what its worker makes before and after it, and brings back together with it; None if that is nothing.
        cancelled: the run asked it to end.
        stop_coroutine: asks the coroutine that it awaits to end; None if there is none.
    """

    __slots__ = ("args", "cancelled", "closed", "ended", "error", "given_up", "hand", "index", "kwargs", "lacking",
                 "made_by", "make_sink", "number", "result", "sink", "started", "stop_coroutine", "stored", "task",
                 "trace")  # fmt: skip

    def __init__(self, task: Task, index: int, number: int, args: list[Any], kwargs: dict[str, Any]) -> None:
        self.task = task
        self.index = index
        self.number = number
        self.args = args
        self.kwargs = kwargs
        self.started = 0.0
        self.ended = 0.0
        self.closed = False
        self.given_up = False
        self.hand: Hand | None = None
        self.cancelled = False
        self.result: Any = None
        self.error: BaseException | None = None
        self.made_by: Provenance | None = None
        self.stored: StoredValue | None = None
        self.trace: str | None = None
        self.lacking: tuple[str, ...] = ()
        self.sink: Sink | None = None
        self.make_sink: Callable[[Attempt], Sink] | None = None
        self.stop_coroutine: Callable[[], object] | None = None

    def call(
        self, clock: Callable[[], float], run_coroutine: Callable[[Attempt, CoroutineType[Any, Any, Any]], Any]
    ) -> None:
        """Call the function in this thread and keep its result or its error. Never raises.

        Args:
            clock: monotonic seconds.
            run_coroutine: runs what a coroutine function returned to its end.
        """
        # A thread that is left behind in input() holds the lock of stdin. Python would abort where it closes that at
        # its end, which it does not do as long as this frame refers to it.
        _stdin = sys.stdin
        token = current_attempt.set(self)
        forked = forks()
        self.started = clock()
        try:
            result = self.task.func(*self.args, **self.kwargs)
            if type(result) is CoroutineType:
                result = run_coroutine(self, result)
            self.result = result
        except BaseException as error:  # whatever a task raises is its own failure, never the run's end
            self.error = error
        if forks() != forked:
            end_child(self.error)
        self.ended = clock()
        current_attempt.reset(token)

    def open_sink(self) -> Sink | None:
        """Return what takes what the task writes, now that it does; most tasks never do."""
        if self.make_sink is None:
            return None
        with _opening:  # a task may write from several threads
            if self.sink is None:
                self.sink = self.make_sink(self)
            return self.sink

    async def call_async(self, clock: Callable[[], float]) -> None:
        """Await the coroutine function in the running loop and keep its result or its error. Never raises."""
        current_attempt.set(self)
        forked = forks()
        self.started = clock()
        try:
            self.result = await self.task.func(*self.args, **self.kwargs)
        except BaseException as error:  # a CancelledError included
            self.error = error
        if forks() != forked:
            end_child(self.error)
        self.ended = clock()
        current_attempt.set(None)


class TaskHandle:
    """What a task's code may know of its own attempt."""

    __slots__ = ("_attempt",)

    def __init__(self, attempt: Attempt) -> None:
        self._attempt = attempt

    @property
    def name(self) -> str:
        """The task's name."""
        return self._attempt.task.name

    @property
    def attempt(self) -> int:
        """Number of this attempt, from 1."""
        return self._attempt.number

    @property
    def timeout(self) -> float | None:
        """Seconds this attempt may take, None for no limit."""
        return self._attempt.task.timeout

    @property
    def cancelled(self) -> bool:
        """This attempt is given up, by its deadline or by a person; what it returns is discarded: come to an end."""
        return self._attempt.cancelled or self._attempt.closed


def current_task() -> TaskHandle | None:
    """Return the handle of the task in whose context this code runs, None outside of any."""
    attempt = current_attempt.get()
    return TaskHandle(attempt) if isinstance(attempt, Attempt) else None
