"""Daemon threads of our own, used again while they are free.

``concurrent.futures`` would join its threads at the end of the interpreter, so that one stuck task would hold the
process for ever.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue

__all__ = ["DaemonThreads"]


class DaemonThreads:
    """Runs functions in daemon threads, one more thread whenever none is free.

    Args:
        name: of the threads.
        limit: threads at most; then a function waits until one is free. None for any number.
    """

    def __init__(self, name: str, *, limit: int | None = None) -> None:
        self._name = name
        self._limit = limit
        self._lock = threading.Lock()
        self._jobs: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._idle = 0
        """Free threads, less the functions that wait for one."""
        self._count = 0
        self._closed = False

    def submit(self, job: Callable[[], None]) -> None:
        """Run a function, which must not raise, in a thread."""
        with self._lock:
            if self._idle > 0 or self._count == self._limit:
                self._idle -= 1
                self._jobs.put(job)
                return
            self._count += 1
            name = f"{self._name}-{self._count}"
        threading.Thread(target=self._serve, args=(job,), name=name, daemon=True).start()

    def _serve(self, job: Callable[[], None] | None) -> None:
        while job is not None:
            job()
            with self._lock:
                if self._closed:
                    return
                self._idle += 1
            job = self._jobs.get()

    def close(self) -> None:
        """Let the free threads end; the others end after their function."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, 0
        for _ in range(idle):
            self._jobs.put(None)
