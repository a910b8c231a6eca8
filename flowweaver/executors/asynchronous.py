"""Many coroutines at a time on one event loop: for work that waits a lot and computes little."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from flowweaver.attempt import Attempt
from flowweaver.driver import Driver
from flowweaver.executors import base
from flowweaver.executors.base import BaseExecutor, checked_count
from flowweaver.executors.loops import Loops, LoopWorkers
from flowweaver.prepare import Options
from flowweaver.run import Run
from flowweaver.signature import is_async_callable
from flowweaver.stores.base import BaseStateStore
from flowweaver.summary import RunSummary
from flowweaver.workers import Workers
from flowweaver.workflow import Workflow

if TYPE_CHECKING:
    import asyncio

    from flowweaver.events import Listener

__all__ = ["AsyncExecutor"]


class _AsyncWorkers(LoopWorkers):
    """Workers that wander: on the loop while they make attempts of coroutine functions, in a thread for the others."""

    def __init__(self, capacity: int, loop: asyncio.AbstractEventLoop | None) -> None:
        super().__init__("flowweaver-sync", Loops(loop, self._move))
        self.capacity = capacity
        self._workers: set[asyncio.Task[None]] = set()
        self._on_the_way: dict[int, tuple[asyncio.AbstractEventLoop, Attempt | None]] = {}
        self._number = itertools.count()

    def spawn(self, driver: Driver) -> None:
        self._to_loop(driver, None)

    def _to_loop(self, driver: Driver, attempt: Attempt | None) -> None:
        loop = self._loops.current()
        number = next(self._number)
        self._on_the_way[number] = (loop, attempt)
        loop.call_soon_threadsafe(self._begin, driver, number, loop)

    def _move(self, driver: Driver, loop: asyncio.AbstractEventLoop) -> None:
        """Send the workers that wait for a loop that was given up to another one."""
        for number, (waits_for, attempt) in list(self._on_the_way.items()):
            if waits_for is loop and self._on_the_way.pop(number, None) is not None:
                self._to_loop(driver, attempt)

    def _begin(self, driver: Driver, number: int, loop: asyncio.AbstractEventLoop) -> None:
        worker = loop.create_task(self._work_on_loop(driver, number))
        self._workers.add(worker)  # a loop keeps only weak references to its tasks
        worker.add_done_callback(self._workers.discard)

    async def _work_on_loop(self, driver: Driver, number: int) -> None:
        loop, attempt = self._on_the_way.pop(number, (None, None))
        from asyncio import current_task

        worker = current_task()
        if loop is None or worker is None:
            return  # it went to another loop
        try:
            attempt = attempt or driver.take()
            # A coroutine may have cancelled the worker it runs in, and the next one must not be hit by that.
            while attempt is not None and is_async_callable(attempt.task.func) and not worker.cancelling():
                attempt.stop_coroutine = partial(loop.call_soon_threadsafe, worker.cancel)
                if attempt.cancelled:  # it was asked to end before anybody knew how to tell it
                    worker.cancel()
                coroutine = attempt.call_async(driver.clock.monotonic)
                self._loops.entered(attempt, loop, coroutine)
                await coroutine
                self._loops.left(attempt)
                attempt = driver.finish(attempt)
            if attempt is not None:
                self._hand_on(driver, attempt)
        except BaseException as error:
            driver.crash(error)

    def _hand_on(self, driver: Driver, attempt: Attempt) -> None:
        if is_async_callable(attempt.task.func):
            self._to_loop(driver, attempt)
        else:
            self._threads.submit(lambda: self._work_in_thread(driver, attempt))

    def _work_in_thread(self, driver: Driver, attempt: Attempt | None) -> None:
        try:
            while attempt is not None and not is_async_callable(attempt.task.func):
                attempt.call(driver.clock.monotonic, self._loops.run)
                attempt = driver.finish(attempt)
            if attempt is not None:
                self._to_loop(driver, attempt)
        except BaseException as error:
            driver.crash(error)


class AsyncExecutor(BaseExecutor):
    """Runs up to ``max_concurrent`` tasks at a time, coroutine functions on an event loop, others in daemon threads.

    Inside a running event loop ``execute`` returns an awaitable and uses that loop; outside one it runs to completion.
    A coroutine that blocks the loop of somebody else cannot be stopped, not even at its deadline.

    Args:
        max_concurrent: tasks at the same time.
        state_store: where the state is kept; None remembers nothing.
        **hooks: see :class:`BaseExecutor`.

    Raises:
        DefinitionError: max_concurrent is not a whole number of 1 or more, or the store is not one.
    """

    def __init__(self, max_concurrent: int = 50, state_store: BaseStateStore | None = None, **hooks: Any) -> None:
        super().__init__(state_store, **hooks)
        self.max_concurrent = checked_count("max_concurrent", max_concurrent)

    def _workers(self) -> Workers:
        return _AsyncWorkers(self.max_concurrent, None)

    def execute(
        self,
        workflow: Workflow,
        *,
        resume: bool = True,
        only: str | Sequence[str] | None = None,
        force: str | Sequence[str] | None = None,
        keep_going: bool = False,
        params: Mapping[str, Any] | None = None,
        rerun_on: Sequence[str] = ("code", "params", "inputs"),
        listeners: Sequence[Listener] = (),
        echo: bool = True,
    ) -> Any:
        """Run a workflow to its end, or return an awaitable of that inside a running event loop.

        The arguments, results and errors are those of :meth:`BaseExecutor.execute`.
        """
        options = Options(resume, only, force, keep_going, params, rerun_on)
        loop = _running_loop()
        if base.intercepted(workflow, self):
            return None
        if loop is None:
            return self._run(workflow, self._workers(), options, listeners, echo=echo).execute()
        return self._await(loop, workflow, options, listeners, echo=echo)

    async def _await(
        self,
        loop: asyncio.AbstractEventLoop,
        workflow: Workflow,
        options: Options,
        listeners: Sequence[Listener],
        *,
        echo: bool,
    ) -> RunSummary:
        run = self._run(workflow, _AsyncWorkers(self.max_concurrent, loop), options, listeners, echo=echo)
        from asyncio import CancelledError, Event

        ended = Event()
        run.when_done(lambda: _tell(loop, ended))
        run.start()
        try:
            await ended.wait()
        except CancelledError:
            run.cancel()
            await _ends(run, ended)
            raise
        return run.wait()


def _running_loop() -> asyncio.AbstractEventLoop | None:
    # Whoever runs a loop has imported asyncio; nobody else has to wait for that.
    loops = sys.modules.get("asyncio.events")
    return None if loops is None else loops._get_running_loop()


async def _ends(run: Run, ended: asyncio.Event) -> None:
    from asyncio import CancelledError

    while not run.done:
        with suppress(CancelledError):  # cancelled again: what runs has its grace and no more
            await ended.wait()


def _tell(loop: asyncio.AbstractEventLoop, ended: asyncio.Event) -> None:
    with suppress(RuntimeError):  # the loop was closed over us: nobody waits any more
        loop.call_soon_threadsafe(ended.set)
