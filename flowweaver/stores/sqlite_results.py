"""Large results, each in a file of its own in a folder beside the state; a row of ``blobs`` has its number.

Through SQLite they would be written twice, into the log and from there into the state. A file is written before the row
that has its number is committed, and removed after the commit that forgets it: whenever a process dies there may be a
file without a row, which the next run that is alone removes at its end, but no row without its file. The row says how
long the file is and what its digest is, so that one which was changed, or torn by a loss of power, is no result.
"""

from __future__ import annotations

import errno
import os
import re
import sqlite3
import stat
from collections.abc import Callable, Iterable
from contextlib import suppress
from io import FileIO
from typing import Final

from flowweaver.errors import StateError, describe_exception, visible
from flowweaver.records import StoredValue
from flowweaver.stores.base import ResultUnavailable

__all__ = ["LARGE", "FileGone", "ResultFiles", "numbers_in"]

LARGE: Final = 131_072
"""Bytes from which a result has a file of its own; there a file takes a quarter of the time that a row takes."""

_MOST_IN_ROW: Final = 999_000_000
"""Bytes of a result: SQLite keeps no row of more than a billion."""

_TRIES: Final = 20
_NAME: Final = re.compile("[0-7][0-9a-f]{15}")
_OPEN: Final = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
_SHORT_OF: Final = (errno.EMFILE, errno.ENFILE, errno.ENOMEM)


class FileGone(ResultUnavailable):
    """A result's file is not there: it was removed, or the result has been replaced since its row was read."""


class ResultFiles:
    """The large results of one state.

    Args:
        state: absolute path of the state file.
        forced: what is written is on the disk when that returns, and not only with the system.

    Attributes:
        folder: where they are; made when it is first needed, and gone when it is empty.
    """

    def __init__(self, state: str, *, forced: bool) -> None:
        self.folder = f"{state}.results"
        self._forced = forced

    def _path(self, number: int) -> str:
        return os.path.join(self.folder, f"{number:016x}")

    def _has_folder(self) -> bool:
        """Tell whether the folder is there.

        Raises:
            OSError: something else is in its place, such as a link to another folder.
        """
        try:
            about = os.lstat(self.folder)
        except FileNotFoundError:
            return False
        if not stat.S_ISDIR(about.st_mode):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), self.folder)
        return True

    # -- writing ----------------------------------------------------------------------------------------------------

    def put(self, value: StoredValue) -> StoredValue:
        """Write a large result to a file; return it with the file's number in the place of its data.

        Where no file can be written the row has to keep it as it does others, which fails as they do on a full disk.
        Any thread may call this at any time.
        """
        if value.encoding is None or value.size < LARGE:
            return value
        try:
            number = self._write(value.data.encode() if isinstance(value.data, str) else value.data)
        except (OSError, MemoryError) as error:
            if value.size <= _MOST_IN_ROW:
                return value
            why = f"result: {value.size:,} bytes need a file of their own: {describe_exception(error):.200}"
            return StoredValue(summary=value.summary, not_kept=why)
        return value._replace(data=number)

    def _write(self, data: bytes) -> int:
        number, descriptor = self._create()
        try:
            try:
                rest = memoryview(data)
                while rest:
                    rest = rest[os.write(descriptor, rest) :]
                if self._forced:
                    os.fsync(descriptor)
            finally:
                os.close(descriptor)
            if self._forced:
                _force_folder(self.folder)
                _force_folder(os.path.dirname(self.folder))
        except BaseException:
            self.remove([number])
            raise
        return number

    def _create(self) -> tuple[int, int]:
        for _ in range(_TRIES):
            number = int.from_bytes(os.urandom(8), "big") >> 1  # SQLite's numbers have a sign
            try:
                if not self._has_folder():
                    os.mkdir(self.folder, 0o700)
                return number, os.open(self._path(number), os.O_WRONLY | os.O_CREAT | os.O_EXCL | _OPEN, 0o600)
            except FileExistsError:
                continue  # another thread was quicker to make the folder
            except FileNotFoundError:
                continue  # another process was the last to leave the folder
        raise OSError(errno.EBUSY, os.strerror(errno.EBUSY), self.folder)

    def make_private(self) -> None:
        """See that only its user can look into the folder, if it is there."""
        with suppress(OSError):
            if self._has_folder() and stat.S_IMODE(os.lstat(self.folder).st_mode) & 0o077:
                os.chmod(self.folder, 0o700)

    # -- reading ----------------------------------------------------------------------------------------------------

    def read(self, number: int, length: int) -> bytes:
        """Return what a file has in it.

        Args:
            number: of the file, from a row that anybody may have written.
            length: bytes that it has to have.

        Raises:
            FileGone: it is not there.
            ResultUnavailable: it is no such file, or cannot be read.
            StateError: this process, or the system, can open no more files now.
        """
        return self._with(number, length, FileIO.readall)

    def check(self, number: int, length: int) -> None:
        """Find out whether a file is there and has its length, without reading it. Raises what ``read`` raises."""
        self._with(number, length, lambda _file: b"")

    def _with(self, number: int, length: int, look: Callable[[FileIO], bytes]) -> bytes:
        try:
            if not self._has_folder():
                raise FileNotFoundError
            descriptor = os.open(self._path(number), os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | _OPEN)
            with open(descriptor, "rb", buffering=0) as file:
                about = os.fstat(descriptor)
                if not stat.S_ISREG(about.st_mode) or about.st_size != length:
                    raise ResultUnavailable("the file of its stored result was changed by something else")
                return look(file)
        except FileNotFoundError:
            raise FileGone("the file of its stored result is gone") from None
        except MemoryError:
            raise ResultUnavailable("its stored result cannot be read: there is not enough memory") from None
        except OSError as error:
            why = error.strerror or str(error)
            if error.errno in _SHORT_OF:
                raise StateError(f"{visible(self.folder)} cannot be read: {why}", path=self.folder) from None
            raise ResultUnavailable(f"the file of its stored result cannot be read: {why}") from None

    # -- removing ---------------------------------------------------------------------------------------------------

    def remove(self, numbers: Iterable[int]) -> None:
        """Remove files, after the commit that forgets them, and the folder when it is empty.

        What cannot be removed stays for the next sweep.
        """
        with suppress(OSError):
            if self._has_folder():
                for number in numbers:
                    with suppress(OSError):
                        os.unlink(self._path(number))
                os.rmdir(self.folder)

    def listed(self) -> set[int]:
        """Return the number of every file that is there."""
        with suppress(OSError):
            if self._has_folder():
                return {int(name, 16) for name in os.listdir(self.folder) if _NAME.fullmatch(name)}
        return set()


def numbers_in(cursor: sqlite3.Cursor) -> list[int]:
    """Return the number of every file that a row names."""
    return [number for (number,) in cursor.execute("SELECT data FROM blobs WHERE typeof(data) = 'integer'")]


def _force_folder(path: str) -> None:
    """Force to the disk which files a folder has; Windows does that by itself, and opens no folders."""
    if os.name == "nt":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
