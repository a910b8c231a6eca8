"""A state file as it lies there: what it is, whether it can be used, and how it is read without leaving a trace.

Whatever SQLite says is told as one :class:`StateError` that names the file. The file itself is never opened but by
SQLite: closing it here would drop the locks that SQLite holds on it in this process.
"""

from __future__ import annotations

import os
import sqlite3
import stat
import time
from collections.abc import Callable
from contextlib import closing, suppress
from typing import Final, NamedTuple, ParamSpec, TypeVar

from flowweaver.errors import StateError, visible
from flowweaver.stores import schema
from flowweaver.stores.lock import is_free
from flowweaver.stores.schema import Kind
from flowweaver.stores.sqlite_results import numbers_in
from flowweaver.stores.sqlite_writer import connect

__all__ = ["StateFile", "Work", "read_rows"]

T = TypeVar("T")
P = ParamSpec("P")
Work = Callable[[sqlite3.Cursor], T]
Look = Callable[[sqlite3.Connection], T]

PATIENCE: Final = 60.0
"""Seconds after which another program's lock is told instead of waited out."""

_CHECKED_WHOLE: Final = 64 * 2**20
"""Size in bytes up to which a file is checked page by page before it is written to; takes 2 ms a megabyte."""

_SMALLEST: Final = 512
"""Bytes that a SQLite file has at least; it takes a file of one byte for an empty one."""

_QUIET_TRIES: Final = 20
_WAITS: Final = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL)
_BARRED: Final = (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN)
_MOVE: Final = "move it away, or name another file"
_REASONS: Final = {
    **dict.fromkeys(_WAITS, f"has been held by another program for {PATIENCE:.0f} s"),
    sqlite3.SQLITE_NOTADB: f"is not a SQLite database: {_MOVE}",
    sqlite3.SQLITE_CORRUPT: f"is damaged: {_MOVE}",
    sqlite3.SQLITE_FULL: "cannot be written: the disk is full",
    sqlite3.SQLITE_READONLY: "cannot be written",
    sqlite3.SQLITE_PERM: "cannot be read or written",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened",
    sqlite3.SQLITE_IOERR: "cannot be read or written: the disk reports an error, or is full",
    sqlite3.SQLITE_NOMEM: "cannot be read: there is not enough memory",
    sqlite3.SQLITE_TOOBIG: "cannot be written: a value is too big for SQLite",
}


class _Stamp(NamedTuple):
    """A file as it is now, and which files stand beside it."""

    inode: int
    size: int
    mtime: int
    log: int | None
    has_index: bool
    journal: bool

    @property
    def quiet(self) -> bool:
        """Nobody writes to it, and nobody died while writing."""
        return self.log is None and not self.journal


class StateFile:
    """One SQLite file.

    Args:
        path: as the user gave it.
        clock: seconds since the epoch.
    """

    def __init__(self, path: str, clock: Callable[[], float]) -> None:
        self.shown = visible(path)
        self.path = os.path.realpath(path)
        self.clock = clock
        self._well: _Stamp | None = None

    def exists(self) -> bool:
        """Tell whether there is a file with anything in it.

        Raises:
            StateError: there is something else.
        """
        return self._stamp() is not None

    def make_folder(self) -> None:
        """Make the folder that the file, or a lock beside it, is to lie in.

        Raises:
            StateError: it cannot be made.
        """
        try:
            os.makedirs(os.path.dirname(self.path), exist_ok=True)
        except OSError as error:
            raise self.error(f"cannot be made: {error.strerror or error}") from None

    # -- reading ---------------------------------------------------------------------------------------------------

    def check(self) -> None:
        """Look at the file without writing; one that is not there yet is well, and one that has not changed still is.

        Raises:
            StateError: it cannot be used.
        """
        before = self._stamp()
        if before is None or (before.quiet and before == self._well):
            return
        self.read(read_rows)
        self._well = before

    def read(self, work: Work[T]) -> T:
        """Return what ``work`` reads with a connection of its own; it may be called more than once.

        While nobody writes, no log stands beside the file, and SQLite would make one just to read; so such a file is
        read as one that does not change, and read again if it did.

        Raises:
            StateError: it cannot be read.
        """
        for _ in range(_QUIET_TRIES):
            before = self._stamp()
            if before is None:
                return _on_new(work)
            in_use = before.log is not None and not is_free(f"{self.path}.lock")
            try:
                found = self.patiently(self._look, before, self._reading(work, before))
            except StateError:
                if before.log is None and self._stamp() != before:
                    continue
                raise
            if not before.quiet:
                self._tidy(ended=in_use and is_free(f"{self.path}.lock"))
                return found
            if self._stamp() == before:
                return found
        raise self.error("cannot be read: it changes all the time")

    def _tidy(self, *, ended: bool) -> None:
        """Take away the log that is left because this read it at the very moment when its last writer went.

        Args:
            ended: it is that of a run that ended meanwhile. If not, one with nothing in it is left by reading alone.
        """
        size = self._beside("-wal")
        if size == 0 or (ended and size is not None):
            with suppress(sqlite3.Error), closing(connect(self.path, "mode=rw")) as connection:
                connection.execute("SELECT 1 FROM sqlite_master").fetchone()

    def _reading(self, work: Work[T], stamp: _Stamp) -> Look[T]:
        def look(connection: sqlite3.Connection) -> T:
            if self._recognise(connection, stamp) is not Kind.CURRENT:
                return _on_copy(connection, work, self.clock())
            return work(connection.cursor())

        return look

    def _look(self, stamp: _Stamp, look: Look[T]) -> T:
        """Return what is seen through a connection that writes nothing, not even beside the file."""
        if stamp.log is not None and not stamp.has_index:
            return self._look_elsewhere(look)
        try:
            with closing(self._connect_to_read(stamp)) as connection:
                return look(connection)
        except sqlite3.OperationalError as error:
            if stamp.quiet or _code(error) not in _BARRED:
                raise
        return self._look_elsewhere(look)

    def _look_elsewhere(self, look: Look[T]) -> T:
        """Look at a copy: a writer died, and what it left cannot be read where it is without writing there."""
        from tempfile import TemporaryDirectory  # seldom needed, and half of the time that importing this would take

        try:
            with TemporaryDirectory(prefix="flowweaver-") as folder:
                copy = os.path.join(folder, "state.db")
                for suffix in ("", "-wal", "-journal"):
                    with suppress(FileNotFoundError):
                        _copy_privately(self.path + suffix, copy + suffix)
                with closing(connect(copy, "mode=rw")) as connection:
                    return look(connection)
        except OSError as error:
            raise self.error(f"cannot be copied to be looked at: {error.strerror or error}") from None

    def _connect_to_read(self, stamp: _Stamp) -> sqlite3.Connection:
        return connect(self.path, "mode=ro&immutable=1" if stamp.quiet else "mode=ro")

    def _recognise(self, connection: sqlite3.Connection, stamp: _Stamp) -> Kind:
        # One transaction: of a file that is made at this very moment all is there or nothing.
        connection.execute("BEGIN")
        try:
            kind = schema.recognise(connection)
        except schema.Foreign as foreign:
            raise self.error(f"{foreign}: {_MOVE}") from None
        (page,) = connection.execute("PRAGMA page_size").fetchone()
        if stamp.quiet and stamp.size % page:
            raise self.error(f"is damaged (its end is missing): {_MOVE}")
        return kind

    def _stamp(self) -> _Stamp | None:
        """Return how the file is now; None if there is none, or an empty one.

        Raises:
            StateError: it is no file that SQLite could use.
        """
        try:
            about = os.stat(self.path)
        except (FileNotFoundError, NotADirectoryError):
            about = None
        except OSError as error:
            raise self.error(f"cannot be opened: {error.strerror or error}") from None
        if about is None or (stat.S_ISREG(about.st_mode) and not about.st_size):
            return None
        if stat.S_ISDIR(about.st_mode):
            raise self.error("is a folder: name a file")
        if not stat.S_ISREG(about.st_mode):
            raise self.error("is not a file that can keep a state")
        if about.st_size < _SMALLEST:
            raise self.error(_REASONS[sqlite3.SQLITE_NOTADB])
        if not os.access(self.path, os.R_OK):
            raise self.error("cannot be read: permission denied")
        log, index, journal = (self._beside(suffix) for suffix in ("-wal", "-shm", "-journal"))
        return _Stamp(about.st_ino, about.st_size, about.st_mtime_ns, log, index is not None, journal is not None)

    def _beside(self, suffix: str) -> int | None:
        """Return the size of one of SQLite's own files beside the state, None if it is not there."""
        try:
            about = os.lstat(self.path + suffix)
        except OSError:
            return None
        if not stat.S_ISREG(about.st_mode):
            raise self.error(f"cannot be used: {os.path.basename(self.path)}{suffix} beside it is not a file")
        return about.st_size

    # -- before it is written to ------------------------------------------------------------------------------------

    def examine(self, *, alone: bool) -> Kind:
        """Check the file before it is written to, and tell whose it is.

        Args:
            alone: no run shares the file; one that does has looked at every page.

        Raises:
            StateError: it cannot be used.
        """
        for _ in range(_QUIET_TRIES):
            before = self._stamp()
            if before is None:
                return Kind.EMPTY
            try:
                return self.patiently(self._look, before, self._examining(before, alone=alone))
            except StateError:
                if before.log is not None or self._stamp() == before:
                    raise
        raise self.error("cannot be read: it changes all the time")

    def _examining(self, stamp: _Stamp, *, alone: bool) -> Look[Kind]:
        def look(connection: sqlite3.Connection) -> Kind:
            kind = self._recognise(connection, stamp)
            if alone:
                check = "PRAGMA integrity_check"
                if not stamp.log and not stamp.journal:
                    check = "PRAGMA quick_check" if stamp.size <= _CHECKED_WHOLE else "PRAGMA quick_check(tasks)"
                (found,) = connection.execute(check).fetchone()
                if found != "ok":
                    raise self.error(f"is damaged ({str(found).splitlines()[-1]:.200}): {_MOVE}")
            return kind

        return look

    def make_private(self) -> None:
        """Make the file if it is not there, and see that only its user can read it, before SQLite touches it.

        Raises:
            StateError: it cannot be made.
        """
        self.make_folder()
        try:
            with suppress(FileExistsError):
                os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        except OSError as error:
            raise self.error(f"cannot be made: {error.strerror or error}") from None
        for path in (self.path, f"{self.path}-wal", f"{self.path}-shm", f"{self.path}-journal"):
            with suppress(OSError):  # it is not there, or another user's: then SQLite says so
                if stat.S_IMODE(os.stat(path).st_mode) & 0o077:
                    os.chmod(path, 0o600)

    def tidy(self) -> None:
        """Take away the log that stayed because several closed the file, or read it, at one moment; it is alone now."""
        self._tidy(ended=True)

    # -- errors -----------------------------------------------------------------------------------------------------

    def patiently(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do what may meet another program's lock, which is waited out.

        Raises:
            StateError: it could not be done.
        """
        began = time.monotonic()
        while True:
            try:
                return work(*args, **kwargs)
            except Shared:
                raise self.error(f"is damaged (two results in one place): {_MOVE}") from None
            except UnicodeDecodeError:
                raise self.error(_REASONS[sqlite3.SQLITE_CORRUPT]) from None
            except sqlite3.Error as error:
                code = _code(error)
                if code in _WAITS and time.monotonic() < began + PATIENCE:
                    time.sleep(0.05)
                    continue
                if code is None and "decode" in str(error):  # Python's own: text that is not UTF-8
                    code = sqlite3.SQLITE_CORRUPT
                if code in _REASONS:
                    raise self.error(_REASONS[code]) from None
                raise self.error(f"cannot be used: {visible(str(error)):.200}") from None

    def error(self, what: str) -> StateError:
        """Return what is raised because the file ``what``."""
        return StateError(f"{self.shown} {what}", path=self.path)


def _code(error: sqlite3.Error) -> int | None:
    """Return the primary code of an error, None if it has none: Python's own, such as text that is not UTF-8."""
    code = getattr(error, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF


def _copy_privately(path: str, copy: str) -> None:
    from shutil import copyfileobj

    with open(path, "rb") as source, open(os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as target:
        copyfileobj(source, target)


class Shared(Exception):
    """Two results stand in one place: whichever is replaced would take the other along."""


def read_rows(cursor: sqlite3.Cursor) -> None:
    """Read what every plan reads, so that a file in which that is damaged is refused when it is opened.

    Raises:
        Shared: ours never does that.
    """
    rows = cursor.execute("SELECT workflow, task_name, status, error, timestamp, digest, blob FROM tasks")
    places = [row[-1] for row in rows if row[-1] is not None]
    places += [place for (place,) in cursor.execute("SELECT blob FROM cleared WHERE blob IS NOT NULL")]
    files = numbers_in(cursor)
    if len(set(places)) < len(places) or len(set(files)) < len(files):
        raise Shared


def _on_new(work: Work[T]) -> T:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as memory:
        schema.create(memory)
        return work(memory.cursor())


def _on_copy(connection: sqlite3.Connection, work: Work[T], now: float) -> T:
    """Read a file of an earlier version as what it would become."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as memory:
        connection.backup(memory)
        if schema.recognise(memory) is Kind.EARLIER:
            schema.migrate(memory, now)
        else:
            schema.create(memory)
        return work(memory.cursor())
