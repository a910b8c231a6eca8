"""One task at a time, in the thread that called ``execute``: for debugging, and for work that fills one core."""

from __future__ import annotations

from flowweaver.attempt import Attempt
from flowweaver.driver import Driver
from flowweaver.executors.base import BaseExecutor
from flowweaver.executors.loops import Loops, LoopWorkers
from flowweaver.executors.threaded import ThreadWorkers
from flowweaver.workers import Leave, Workers

__all__ = ["SequentialExecutor"]


class _InlineWorkers(LoopWorkers):
    """The calling thread is the worker, so that ``breakpoint()`` works.

    An attempt with a timeout is made in a thread aside, because a call in this thread could not be given up.
    """

    capacity = 1

    def __init__(self) -> None:
        super().__init__("flowweaver-aside", Loops())
        self._wanted = False

    def spawn(self, driver: Driver) -> None:
        self._wanted = True

    def run_here(self, driver: Driver) -> None:
        clock, run_coroutine = driver.clock.monotonic, self._loops.run
        while self._wanted:
            self._wanted = False
            attempt = driver.take()
            while attempt is not None:
                if attempt.task.timeout is not None:
                    self._aside(driver, attempt)
                    return
                self._loops.settle(driver)
                self.inline = attempt
                try:
                    attempt.call(clock, run_coroutine)
                except Leave as leave:  # it came between the function's end and ours
                    attempt.error = leave
                    attempt.ended = clock()
                self.inline = None
                attempt = driver.finish(attempt)

    def _aside(self, driver: Driver, attempt: Attempt) -> None:
        def job() -> None:
            try:
                attempt.call(driver.clock.monotonic, self._loops.run)
                driver.finish(attempt, go_on=False)
            except BaseException as error:
                driver.crash(error)
            driver.inbox.put(None)

        self._threads.submit(job)


class SequentialExecutor(BaseExecutor):
    """Runs one task at a time, in an order in which dependencies come first.

    ``execute`` runs tasks in the calling thread, ``start`` in one thread of its own.
    """

    def _workers(self) -> Workers:
        return ThreadWorkers(1)

    def _workers_here(self) -> Workers:
        return _InlineWorkers()
