"""State in memory: resuming within one process, and the store of tests.

Results go through the same forms as on disk, so what resumes from here resumes from a file as well. Nothing is written
anywhere: pickles are signed with a key that lives as long as the store.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from flowweaver.errors import StateLockedError
from flowweaver.stores.base import BaseStateStore
from flowweaver.stores.book import Book
from flowweaver.stores.book_store import BookStore, Shelf

__all__ = ["InMemoryStateBackend", "InMemoryStateStore", "StateBackend"]

T = TypeVar("T")


class _Memory(Shelf):
    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        secret = os.urandom(32)
        self.key = lambda: secret
        self._book = Book()
        self._lock = threading.RLock()
        self._held: set[str] = set()

    def read(self, work: Callable[[Book], T]) -> T:
        with self._lock:
            return work(self._book)

    def write(self, work: Callable[[Book], T]) -> T:
        with self._lock:
            result = work(self._book)
            self._book.changed.clear()
            return result

    def hold(self, workflow: str) -> Callable[[], None]:
        with self._lock:
            if workflow in self._held:
                raise self.in_use(workflow)
            self._held.add(workflow)
        return lambda: self._held.discard(workflow)

    def is_alive(self, workflow: str | None) -> bool:
        return bool(self._held) if workflow is None else workflow in self._held

    def in_use(self, workflow: str | None) -> StateLockedError:
        who, which = f"process {os.getpid()}", "" if workflow is None else f" (workflow {workflow!r})"
        return StateLockedError(f"The state in memory{which} is in use by {who}", holder=who)


class InMemoryStateStore(BookStore):
    """Keeps the state of any number of workflows for as long as the object lives.

    Args:
        clock: seconds since the epoch.
    """

    def __init__(self, *, clock: Callable[[], float] = time.time) -> None:
        super().__init__(_Memory(clock))


StateBackend = BaseStateStore
InMemoryStateBackend = InMemoryStateStore
