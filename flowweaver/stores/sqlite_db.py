"""The one door to a state file: reads and writes of any thread, opened when needed, closed when no run holds it."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from flowweaver.errors import StateLockedError
from flowweaver.stores import schema
from flowweaver.stores.base import why_not_written
from flowweaver.stores.lock import FileLock
from flowweaver.stores.schema import Kind
from flowweaver.stores.sqlite_file import StateFile, Work
from flowweaver.stores.sqlite_results import ResultFiles, numbers_in
from flowweaver.stores.sqlite_writer import Writer

__all__ = ["Database"]

T = TypeVar("T")


class Database:
    """A state file.

    Args:
        path: as the user gave it.
        synchronous: "NORMAL" (safe when the process dies) or "FULL" (also when the power does).
        read_only: refuse to write.
        collect: called in a transaction once, when the file is first opened for writing while no run holds it; None
            for no garbage collection.
        clock: seconds since the epoch.
    """

    def __init__(
        self,
        path: str,
        *,
        synchronous: str = "NORMAL",
        read_only: bool = False,
        collect: Work[None] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.file = StateFile(path, clock)
        self.shown, self.path, self.clock = self.file.shown, self.file.path, clock
        self.results = ResultFiles(self.path, forced=synchronous == "FULL")
        self._synchronous = synchronous
        self._read_only = read_only
        self._collect = collect
        self._lock = threading.RLock()
        self._writer: Writer | None = None
        self._users = 0
        _opened.add(self)

    def check(self) -> None:
        """Look at the file without writing; one that is not there yet is well.

        Raises:
            StateError: it cannot be used.
        """
        self.file.check()

    def check_writable(self) -> None:
        """Refuse what cannot be written, before anything is made beside it.

        Raises:
            StateError: it was opened for reading only, is write-protected, or cannot be used.
        """
        if self._read_only:
            raise self.file.error("was opened for reading only")
        if why := why_not_written(self.path):
            raise self.file.error(f"cannot be written: {why}")
        if not os.path.exists(self.file_lock().path):
            self.file.examine(alone=True)

    def file_lock(self) -> FileLock:
        """Return a new lock on the whole file: runs share it, what must not happen beside a run takes it alone."""
        return FileLock(f"{self.path}.lock")

    # -- reading and writing ----------------------------------------------------------------------------------------

    def read(self, work: Work[T]) -> T:
        """Return what ``work`` reads; it may be called more than once.

        Raises:
            StateError: it cannot be read.
        """
        with self._lock:
            writer = self._current_writer()
            if writer is not None:
                return self.file.patiently(work, writer.cursor)
        return self.file.read(work)

    def write(self, work: Work[T]) -> T:
        """Do ``work`` in one transaction, all of it or none; it may be called more than once.

        Raises:
            StateError: it could not be written.
        """
        with self._lock:
            writer = self._current_writer() or self._open(alone=None)
            return self.file.patiently(writer.transact, work)

    def apply(self, steps: Sequence[tuple[str, Sequence[tuple[Any, ...]]]]) -> None:
        """Do statements, each with its values once or several times, in one transaction, all of them or none.

        Raises:
            StateError: they could not be written.
        """
        with self._lock:
            writer = self._current_writer() or self._open(alone=None)
            self.file.patiently(writer.apply, steps)

    def hold(self, *, alone: bool | None) -> None:
        """Open the file for writing and keep it open until ``let_go``; each ``hold`` needs one.

        Args:
            alone: the caller holds the file's lock alone, or not alone; None if it holds none.

        Raises:
            StateError: it cannot be used; it is as it was.
        """
        with self._lock:
            if self._current_writer() is None:
                self._open(alone=alone)
            self._users += 1

    def let_go(self) -> None:
        """Undo one ``hold``; the last one closes the file."""
        with self._lock:
            self._users = max(0, self._users - 1)
            self.close()

    def close(self) -> None:
        """Close the file unless it is held. It is opened again when it is needed."""
        with self._lock:
            if not self._users and self._writer is not None:
                writer, self._writer = self._writer, None
                writer.close()

    def sweep(self, numbers: Iterable[int]) -> None:
        """Remove files of results that no row has named, unless another run may be about to name them.

        Raises:
            StateError: the rows cannot be read.
        """
        alone = self.file_lock()
        if alone.try_acquire(patience=0):
            try:
                self.results.remove(set(numbers).difference(self.read(numbers_in)))
            finally:
                alone.release()

    def tidy(self) -> None:
        """Take away a log that the last to close the file has left, unless another run needs it."""
        if not os.path.exists(f"{self.path}-wal"):
            return
        alone = self.file_lock()
        if alone.try_acquire(patience=0):
            try:
                self.file.tidy()
            finally:
                alone.release()

    def leave_to_parent(self) -> None:
        """Let go of everything without touching it: this is a forked child."""
        self._lock = threading.RLock()
        self._users = 0
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.leave()

    def _current_writer(self) -> Writer | None:
        """Return the open writer, unless its file was moved away or replaced while nobody held it."""
        writer = self._writer
        if writer is None or self._users or writer.is_of(self.path):
            return writer
        self.close()
        return None

    # -- opening for writing ----------------------------------------------------------------------------------------

    def _open(self, *, alone: bool | None) -> Writer:
        self.check_writable()
        own = self.file_lock()
        if alone is None and self.file.exists():
            alone = own.try_acquire(patience=0)
        try:
            kind = self.file.examine(alone=bool(alone))
            if kind is Kind.EARLIER and not alone:
                raise StateLockedError(f"{self.shown} is in use by another run", path=self.path)
            self.file.make_private()
            self.results.make_private()
            writer = self.file.patiently(Writer, self.path, self, self._synchronous)
            try:
                self._prepare(writer, kind, alone=bool(alone))
            except BaseException:
                writer.close()
                raise
        finally:
            own.release()
        self._writer = writer
        return writer

    def _prepare(self, writer: Writer, kind: Kind, *, alone: bool) -> None:
        patiently = self.file.patiently
        if kind is Kind.EARLIER:
            patiently(writer.transact, self._migrate)
        patiently(writer.use_log)
        if kind is Kind.EMPTY:
            patiently(writer.transact, _create_if_empty)
        patiently(writer.watch_files, self.results.remove)
        if kind is Kind.CURRENT and self._collect is not None:
            if not alone:
                return
            patiently(writer.transact, self._collect)
        self._collect = None

    def _migrate(self, cursor: sqlite3.Cursor) -> None:
        schema.migrate(cursor.connection, self.clock())


_opened: weakref.WeakSet[Database] = weakref.WeakSet()


def _leave_to_parent() -> None:
    for database in list(_opened):
        database.leave_to_parent()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_to_parent)


def _create_if_empty(cursor: sqlite3.Cursor) -> None:
    if schema.recognise(cursor.connection) is Kind.EMPTY:  # another process may have been quicker
        schema.create(cursor.connection)
