"""The one connection that writes to a state file, and how connections are made."""

from __future__ import annotations

import logging
import os
import sqlite3
import weakref
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, Final, TypeVar

__all__ = ["Writer", "connect"]

T = TypeVar("T")

_BUSY_TIMEOUT: Final = 10.0
"""Seconds for which SQLite itself waits for another program's lock."""

_PAGE: Final = 2048
"""A commit writes whole pages: three or four small ones cost less than as many large ones."""

_CHECKPOINT: Final = 4096
"""Pages after which the log is copied into the file: rarer is faster, and leaves a longer log to a crash."""

_FORGET: Final = """CREATE TEMP TRIGGER forgets_file AFTER DELETE ON main.blobs
    WHEN typeof(old.data) = 'integer' BEGIN SELECT forget_file(old.data); END"""

_told: set[str] = set()
_left: list[sqlite3.Connection] = []
"""Connections of a parent process: closing one in its child could wait for a thread that is not there."""


def connect(path: str, how: str) -> sqlite3.Connection:
    """Return a connection to a file.

    Args:
        path: absolute.
        how: SQLite's own parameters, such as ``mode=ro``.
    """
    connection = sqlite3.connect(
        f"{_uri(path)}?{how}", uri=True, timeout=_BUSY_TIMEOUT, isolation_level=None, check_same_thread=False
    )
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA temp_store = MEMORY")
    connection.execute("PRAGMA cell_size_check = ON")
    return connection


def _uri(path: str) -> str:
    """Return an absolute path as https://www.sqlite.org/uri.html#the_uri_path asks for it.

    The same from the standard library would take as long to import as all the rest of this package.
    """
    if os.sep == "\\":
        path = f"/{path}".replace("\\", "/")
    for sign, code in (("%", "%25"), ("?", "%3f"), ("#", "%23")):
        path = path.replace(sign, code)
    return f"file://{path}"


class Writer:
    """A connection that writes.

    Args:
        path: absolute; the file is there, maybe empty.
        owner: when it is gone, or the process ends, the connection is closed.
        synchronous: SQLite's word for how much is forced to the disk.
    """

    def __init__(self, path: str, owner: object, synchronous: str) -> None:
        self._path = path
        self._synchronous = synchronous
        self._connection = connect(path, "mode=rw")
        self._close = weakref.finalize(owner, self._connection.close)
        try:
            self._inode = os.stat(path).st_ino
            self._connection.execute(f"PRAGMA page_size = {_PAGE}")
        except BaseException:
            self._close()
            raise
        self.cursor = self._connection.cursor()
        self._forgotten: list[int] = []
        self._remove: Callable[[Iterable[int]], None] = lambda _numbers: None

    def watch_files(self, remove: Callable[[Iterable[int]], None]) -> None:
        """From now on give over the numbers of results' files whose rows a commit has deleted, by whatever statement.

        The trigger is this connection's own and never in the file.
        """
        self._remove = remove
        self._connection.create_function("forget_file", 1, self._forgotten.append)
        self._connection.execute(_FORGET)

    def use_log(self) -> None:
        """Write through a write-ahead log, so that readers never wait; where that cannot be, without."""
        run = self._connection.execute
        try:
            (mode,) = run("PRAGMA journal_mode = WAL").fetchone()
            run("SELECT count(*) FROM sqlite_master").fetchone()
        except sqlite3.OperationalError as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF not in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN):
                raise
            mode = "delete"
        if mode == "wal":
            run(f"PRAGMA synchronous = {self._synchronous}")
            run(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT}")
            return
        run("PRAGMA journal_mode = DELETE")
        run("PRAGMA synchronous = FULL")
        if self._path not in _told:
            _told.add(self._path)
            logging.getLogger("flowweaver").warning(
                "%s lies where SQLite can keep no write-ahead log: writing takes longer, and readers wait", self._path
            )

    def transact(self, work: Callable[[sqlite3.Cursor], T]) -> T:
        """Do ``work`` in one transaction, all of it or none."""
        cursor = self.cursor
        cursor.execute("BEGIN IMMEDIATE")
        try:
            result = work(cursor)
            cursor.execute("COMMIT")
        except BaseException:
            self._roll_back()
            raise
        if self._forgotten:
            self._let_files_go()
        return result

    def apply(self, steps: Iterable[tuple[str, Iterable[tuple[Any, ...]]]]) -> None:
        """Do statements, each with its values once or several times, in one transaction, all of them or none."""
        execute = self.cursor.execute
        execute("BEGIN IMMEDIATE")
        try:
            for statement, rows in steps:
                self.cursor.executemany(statement, rows)
            execute("COMMIT")
        except BaseException:
            self._roll_back()
            raise
        if self._forgotten:
            self._let_files_go()

    def _let_files_go(self) -> None:
        numbers = list(self._forgotten)
        self._forgotten.clear()
        self._remove(numbers)

    def _roll_back(self) -> None:
        self._forgotten.clear()
        # After some errors SQLite has done so already.
        if self._connection.in_transaction:
            with suppress(sqlite3.Error):
                self.cursor.execute("ROLLBACK")

    def is_of(self, path: str) -> bool:
        """Tell whether the path still names the file that was opened."""
        try:
            return os.stat(path).st_ino == self._inode
        except OSError:
            return False

    def close(self) -> None:
        """Close the connection; the last one takes the log along."""
        with suppress(sqlite3.Error):
            self.cursor.close()  # whoever holds an error of it would keep the file open, and its log beside it
            self._close()

    def leave(self) -> None:
        """Keep the connection open without using it, in a forked child."""
        self._close.detach()
        _left.append(self._connection)
