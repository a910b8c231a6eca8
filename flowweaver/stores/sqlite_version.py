"""Whether a state file is still as it was when it was last looked at: cheap, for it is asked four times a second."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Hashable
from contextlib import closing, suppress
from typing import Final

from flowweaver.stores.sqlite_file import StateFile
from flowweaver.stores.sqlite_writer import connect

__all__ = ["DataVersion"]

_FILES: Final = ("", "-wal", "-journal")


class DataVersion:
    """Tells one content of a state file from another, without reading it.

    While another process writes, SQLite itself is asked (``PRAGMA data_version``), through a connection that stays open
    for it: a commit then always tells. While nobody does, size and time of the files tell: a connection would have to
    make files beside a state that nobody writes to, and would keep whoever writes next from taking them away.

    Args:
        file: the state file, which need not be there.
    """

    def __init__(self, file: StateFile) -> None:
        self._file = file
        self._connection: sqlite3.Connection | None = None
        self._inode = 0
        self._number = 0
        """Of the connection: each counts for itself."""

    def ask(self, *, written: bool) -> Hashable:
        """Return a value that is another one if the file has changed since it was asked before.

        Args:
            written: another process has the file open for writing.
        """
        # Without a log SQLite would have to make one to read, and there the stamps tell as well.
        if written and os.path.exists(f"{self._file.path}-wal"):
            with suppress(OSError, sqlite3.Error):
                (version,) = self._opened().execute("PRAGMA data_version").fetchone()
                return self._number, version
        self.close()
        return self._stamps()

    def _opened(self) -> sqlite3.Connection:
        inode = os.stat(self._file.path).st_ino
        if self._connection is None or self._inode != inode:
            self.close()
            self._connection = connect(self._file.path, "mode=ro")
            self._inode = inode
            self._number += 1
        return self._connection

    def _stamps(self) -> Hashable:
        found = []
        for suffix in _FILES:
            try:
                about = os.stat(self._file.path + suffix)
            except OSError:
                continue
            found.append((suffix, about.st_ino, about.st_size, about.st_mtime_ns))
        return tuple(found)

    def tidy(self) -> None:
        """Bring a log that nobody writes to any more into the file, and take it away.

        Its last writer would have done so, had no reader been there at that moment.
        """
        self.close()
        if os.path.exists(f"{self._file.path}-wal"):
            with suppress(sqlite3.Error), closing(connect(self._file.path, "mode=rw")) as connection:
                connection.execute("SELECT 1 FROM sqlite_master").fetchone()

    def close(self) -> None:
        """Let go of the file; it is opened again when it is needed."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(sqlite3.Error):
                connection.close()
