"""The event loop on which a run's coroutines run, in a daemon thread of ours, so that it works in Jupyter too.

A coroutine that blocks its loop cannot be cancelled. Then the loop is given up with it: what else was in flight there
ends as a failed attempt, and what comes next gets a new loop.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from flowweaver.attempt import Attempt
from flowweaver.driver import Driver
from flowweaver.errors import TaskExecutionError
from flowweaver.executors.threads import DaemonThreads
from flowweaver.stacks import coroutine_stack
from flowweaver.tracebacks import Frame
from flowweaver.workers import Workers

if TYPE_CHECKING:
    import asyncio

__all__ = ["LoopWorkers", "Loops"]

_PATIENCE = 0.5
"""Seconds that a loop has to take up a cancellation before it counts as blocked."""


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
        self._on: dict[Attempt, tuple[asyncio.AbstractEventLoop, Coroutine[Any, Any, Any]]] = {}

    def current(self) -> asyncio.AbstractEventLoop:
        """Return the loop that runs now."""
        import asyncio

        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=_serve, args=(self._loop,), name="flowweaver-coroutines", daemon=True).start()
            return self._loop

    def run(self, attempt: Attempt, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """Run a coroutine to its end from a thread that is not the loop's, and return its result.

        Raises:
            BaseException: what the coroutine raised.
        """
        import asyncio

        loop = self.current()
        self.entered(attempt, loop, coroutine)
        try:
            future = asyncio.run_coroutine_threadsafe(_guarded(coroutine), loop)
            attempt.stop_coroutine = future.cancel
            result, error = future.result()
        finally:
            self.left(attempt)
        if error is not None:
            raise error
        return result

    def entered(self, attempt: Attempt, loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, Any]) -> None:
        """An attempt's coroutine runs on this loop from now on."""
        self._on[attempt] = loop, coroutine

    def left(self, attempt: Attempt) -> None:
        """An attempt's coroutine has ended."""
        self._on.pop(attempt, None)

    def coroutine_of(self, attempt: Attempt) -> Coroutine[Any, Any, Any] | None:
        """Return the coroutine that an attempt waits for, None if it is in a function."""
        on = self._on.get(attempt)
        return None if on is None else on[1]

    def give_up(self, driver: Driver, attempt: Attempt) -> None:
        """Cancel an attempt's coroutine; if its loop does not answer, give up the loop. Under the driver's lock."""
        on = self._on.get(attempt)
        if on is None or attempt.stop_coroutine is None:
            return
        loop, _ = on
        answered = threading.Event()
        attempt.stop_coroutine()
        loop.call_soon_threadsafe(answered.set)
        if loop is not self._given:
            driver.later(_PATIENCE, lambda: None if answered.is_set() else self._abandon(driver, loop, attempt))

    def _abandon(self, driver: Driver, loop: asyncio.AbstractEventLoop, culprit: Attempt) -> None:
        with self._lock:
            if self._loop is not loop:
                return
            self._loop = None
        loop.call_soon_threadsafe(loop.stop)  # it takes that up if it ever comes back
        for attempt, (used, _) in list(self._on.items()):
            if used is loop and attempt is not culprit:
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


async def _guarded(coroutine: Coroutine[Any, Any, Any]) -> tuple[Any, BaseException | None]:
    # A SystemExit or KeyboardInterrupt of a task would end the loop, and with it every other coroutine.
    try:
        return await coroutine, None
    except BaseException as error:
        return None, error


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    import asyncio

    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        loop.close()
