"""Tasks in parallel in threads: for work that waits for networks, disks and other programs."""

from __future__ import annotations

from typing import Any

from flowweaver.driver import Driver
from flowweaver.executors.base import BaseExecutor, checked_count
from flowweaver.executors.loops import Loops, LoopWorkers
from flowweaver.stores.base import BaseStateStore
from flowweaver.workers import Workers

__all__ = ["ThreadWorkers", "ThreadedExecutor"]


class ThreadWorkers(LoopWorkers):
    """Workers that are threads; coroutines run on one loop of the run while their worker waits."""

    contend = True

    def __init__(self, capacity: int) -> None:
        super().__init__("flowweaver-worker", Loops())
        self.capacity = capacity

    def spawn(self, driver: Driver) -> None:
        self._threads.submit(lambda: self._work(driver))

    def _work(self, driver: Driver) -> None:
        clock, run_coroutine = driver.clock.monotonic, self._loops.run
        try:
            attempt = driver.take()
            while attempt is not None:
                attempt.call(clock, run_coroutine)
                attempt = driver.finish(attempt)
        except BaseException as error:
            driver.crash(error)


class ThreadedExecutor(BaseExecutor):
    """Runs up to ``max_workers`` tasks at a time in threads.

    Args:
        max_workers: tasks at the same time. For work that waits, two to four times the number of cores.
        state_store: where the state is kept; None remembers nothing.
        **hooks: see :class:`BaseExecutor`.

    Raises:
        DefinitionError: max_workers is not a whole number of 1 or more, or the store is not one.
    """

    def __init__(self, max_workers: int = 4, state_store: BaseStateStore | None = None, **hooks: Any) -> None:
        super().__init__(state_store, **hooks)
        self.max_workers = checked_count("max_workers", max_workers)

    def _workers(self) -> Workers:
        return ThreadWorkers(self.max_workers)
