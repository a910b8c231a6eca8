"""The event loop on which a run's coroutines run, in a daemon thread of ours, so that it works in Jupyter too.

A coroutine that blocks its loop cannot be cancelled. Then the loop is given up with it: what else was in flight there
ends as a failed attempt, what had not begun there begins on a new loop, and so does what comes next.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from flowweaver.attempt import Attempt
from flowweaver.driver import Driver
from flowweaver.errors import TaskExecutionError
from flowweaver.executors.threads import DaemonThreads
from flowweaver.forks import end_child, forks
from flowweaver.stacks import coroutine_stack
from flowweaver.tracebacks import Frame
from flowweaver.workers import Workers

if TYPE_CHECKING:
    import asyncio

__all__ = ["LoopWorkers", "Loops"]

_PATIENCE = 0.5
"""Seconds that a loop has to take up a cancellation before it counts as blocked."""


class _Stay:
    """An attempt's coroutine on a loop.

    Attributes:
        begun: it has computed something there; from then on it cannot go to another loop.
        moved: it is to go to another loop.
    """

    __slots__ = ("begun", "coroutine", "loop", "moved")

    def __init__(self, loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, Any]) -> None:
        self.loop = loop
        self.coroutine = coroutine
        self.begun = False
        self.moved = False


class Loops:
    """The loop of one run, made when the first coroutine comes.

    Args:
        loop: a loop that somebody else runs; it is used, and never given up.
        moved: called, under the driver's lock, when a loop was given up: what waits for it has to go to another one.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop | None = None,
        moved: Callable[[Driver, asyncio.AbstractEventLoop], None] | None = None,
    ) -> None:
        self._given = loop
        self._moved = moved
        self._loop = loop
        self._lock = threading.Lock()
        self._on: dict[Attempt, _Stay] = {}
        self._asked: tuple[Attempt, _Stay, threading.Event] | None = None
        """What was given up last, and whether its loop has answered since."""

    def current(self) -> asyncio.AbstractEventLoop:
        """Return the loop that runs now."""
        import asyncio

        with self._lock:
            if self._loop is None:
                from flowweaver.executors.pool import DaemonPool

                self._loop = asyncio.new_event_loop()
                self._loop.set_default_executor(DaemonPool())
                threading.Thread(target=_serve, args=(self._loop,), name="flowweaver-coroutines", daemon=True).start()
            return self._loop

    def run(self, attempt: Attempt, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """Run a coroutine to its end from a thread that is not the loop's, and return its result.

        Raises:
            BaseException: what the coroutine raised.
        """
        from asyncio import run_coroutine_threadsafe
        from concurrent.futures import CancelledError

        while True:
            stay = self._on[attempt] = _Stay(self.current(), coroutine)
            try:
                future = run_coroutine_threadsafe(self._guarded(stay), stay.loop)
                attempt.stop_coroutine = future.cancel
                if stay.moved or attempt.cancelled:  # it was asked to end before anybody knew how to tell it
                    future.cancel()
                result, error = future.result()
            except CancelledError:
                if not stay.moved or attempt.closed:
                    self._drop(stay)
                    raise
            finally:
                self.left(attempt)
            if not stay.moved:
                break
        if error is not None:
            raise error
        return result

    def _drop(self, stay: _Stay) -> None:
        """See that a coroutine that was given up before it began never does."""
        with self._lock:
            stay.moved = True
        if not stay.begun:
            stay.coroutine.close()

    async def _guarded(self, stay: _Stay) -> tuple[Any, BaseException | None]:
        with self._lock:
            if stay.moved:
                return None, None
            stay.begun = True
        forked, result, error = forks(), None, None
        # A SystemExit or KeyboardInterrupt of a task would end the loop, and with it every other coroutine.
        try:
            result = await stay.coroutine
        except BaseException as raised:
            error = raised
        if forks() != forked:
            end_child(error)
        return result, error

    def entered(self, attempt: Attempt, loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, Any]) -> None:
        """An attempt's coroutine runs on this loop from now on."""
        stay = self._on[attempt] = _Stay(loop, coroutine)
        stay.begun = True

    def left(self, attempt: Attempt) -> None:
        """An attempt's coroutine has ended."""
        self._on.pop(attempt, None)

    def coroutine_of(self, attempt: Attempt) -> Coroutine[Any, Any, Any] | None:
        """Return the coroutine that an attempt waits for, None if it is in a function."""
        stay = self._on.get(attempt)
        return None if stay is None else stay.coroutine

    def give_up(self, driver: Driver, attempt: Attempt) -> None:
        """Cancel an attempt's coroutine; if its loop does not answer, give up the loop. Under the driver's lock."""
        stay = self._on.get(attempt)
        if stay is None or attempt.stop_coroutine is None:
            return
        attempt.stop_coroutine()
        self._ask(driver, attempt, stay)

    def _ask(self, driver: Driver, attempt: Attempt, stay: _Stay) -> None:
        if stay.loop is self._given or stay.loop is not self._loop:
            return
        answered = threading.Event()
        # A round later: the coroutine hears of its cancellation first, and may block the loop in answer to that.
        stay.loop.call_soon_threadsafe(stay.loop.call_soon, answered.set)
        self._asked = attempt, stay, answered
        driver.later(_PATIENCE, lambda: self._hear(driver, attempt, stay, answered))

    def _hear(self, driver: Driver, attempt: Attempt, stay: _Stay, answered: threading.Event) -> None:
        if not answered.is_set():
            self._abandon(driver, stay.loop, attempt)
        elif self._on.get(attempt) is stay:  # it goes on, and may block the loop any moment
            self._ask(driver, attempt, stay)

    def settle(self, driver: Driver) -> None:
        """See that the loop works before the thread that looks after the run waits for it; waits for its answer."""
        if self._asked is not None:
            attempt, stay, answered = self._asked
            if not answered.wait(_PATIENCE):
                with driver.lock:
                    self._abandon(driver, stay.loop, attempt)
            self._asked = None

    def _abandon(self, driver: Driver, loop: asyncio.AbstractEventLoop, culprit: Attempt) -> None:
        with self._lock:
            if self._loop is not loop:
                return
            self._loop = None
            others = [(one, stay) for one, stay in self._on.items() if stay.loop is loop and one is not culprit]
            for _, stay in others:
                stay.moved = not stay.begun
        loop.call_soon_threadsafe(loop.stop)  # it takes that up if it ever comes back
        for attempt, stay in others:
            if stay.moved and attempt.stop_coroutine is not None:
                attempt.stop_coroutine()
            elif not stay.moved:
                name = attempt.task.name
                text = f"{name} was on an event loop that {culprit.task.name} or another task blocked"
                driver.give_up(attempt, TaskExecutionError(text, task_name=name))
        if self._moved is not None:
            self._moved(driver, loop)

    def close(self) -> None:
        """Stop the loop if it is ours."""
        with self._lock:
            loop, self._loop = self._loop, None
        if loop is not None and loop is not self._given:
            loop.call_soon_threadsafe(loop.stop)


class LoopWorkers(Workers):
    """What all workers share: threads that call functions, and a loop for the coroutines that come of it.

    Args:
        name: of the threads.
        loops: where coroutines run.
    """

    def __init__(self, name: str, loops: Loops) -> None:
        self._threads = DaemonThreads(name)
        self._loops = loops

    def give_up(self, driver: Driver, attempt: Attempt) -> bool:
        if attempt.stop_coroutine is None:
            return True
        self._loops.give_up(driver, attempt)
        return False

    def stack(self, attempt: Attempt) -> list[Frame]:
        coroutine = self._loops.coroutine_of(attempt)
        return super().stack(attempt) if coroutine is None else coroutine_stack(coroutine)

    def close(self) -> None:
        self._threads.close()
        self._loops.close()


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    import asyncio

    _stdin = sys.stdin  # as in Attempt.call: a coroutine may block its loop in input()
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        loop.set_exception_handler(_heard)
        loop.close()


def _heard(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Say nothing of a coroutine that did not end although it was cancelled: its task has failed, and that is told."""
    if "exception" in context:
        loop.default_exception_handler(context)
