"""One task at a time, in the thread that called ``execute``: for debugging, and for work that fills one core."""

from __future__ import annotations

from flowweaver.attempt import Attempt
from flowweaver.driver import Driver, Leave, Workers
from flowweaver.executors.base import BaseExecutor
from flowweaver.executors.loops import Loops
from flowweaver.executors.threaded import ThreadWorkers
from flowweaver.executors.threads import DaemonThreads

__all__ = ["SequentialExecutor"]


class _InlineWorkers(Workers):
    """The calling thread is the worker, so that ``breakpoint()`` works.

    An attempt with a timeout is made in a thread aside, because a call in this thread could not be given up.
    """

    capacity = 1

    def __init__(self) -> None:
        self._wanted = False
        self._threads = DaemonThreads("flowweaver-aside")
        self._loops = Loops()
        self.inline: Attempt | None = None

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

    def give_up(self, driver: Driver, attempt: Attempt) -> bool:
        if attempt.stop_coroutine is None:
            return True
        self._loops.give_up(driver, attempt)
        return False

    def close(self) -> None:
        self._threads.close()
        self._loops.close()


class SequentialExecutor(BaseExecutor):
    """Runs one task at a time, in an order in which dependencies come first.

    ``execute`` runs tasks in the calling thread, ``start`` in one thread of its own.
    """

    def _workers(self) -> Workers:
        return ThreadWorkers(1)

    def _workers_here(self) -> Workers:
        return _InlineWorkers()
