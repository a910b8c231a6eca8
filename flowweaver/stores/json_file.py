"""State in one JSON file that a person can read: for hundreds of tasks, because every change writes all of it."""

from __future__ import annotations

import os
import stat
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from flowweaver.errors import StateError, StateLockedError, visible
from flowweaver.stores import json_format
from flowweaver.stores.base import path_of_file, why_not_written
from flowweaver.stores.book import Book
from flowweaver.stores.book_store import BookStore, Shelf
from flowweaver.stores.lock import FileLock, holder_of

__all__ = ["JSONStateStore"]

T = TypeVar("T")


class _JSONFile(Shelf):
    """A book in a JSON file, replaced as a whole at each change.

    A run holds the file's lock, so that what it has read stays true; any other change takes the lock for a moment.
    """

    def __init__(self, path: str, pretty: bool, clock: Callable[[], float]) -> None:
        self.clock = clock
        self._shown = visible(path)
        self._path = os.path.realpath(path)
        self._pretty = pretty
        self._lock = threading.RLock()
        self._file_lock = FileLock(f"{self._path}.lock")
        self._stamp: tuple[int, ...] | None = ()
        self._book = Book()
        self._texts: dict[tuple[str, str], tuple[str, str]] = {}

    def read(self, work: Callable[[Book], T]) -> T:
        with self._lock:
            self._refresh()
            return work(self._book)

    def write(self, work: Callable[[Book], T]) -> T:
        with self._lock:
            if self._file_lock.held:
                return self._change(work)
            self._prepare()
            self._file_lock.acquire(what=self._shown)
            try:
                self._refresh()
                return self._change(work)
            finally:
                self._file_lock.release()

    def hold(self, workflow: str) -> Callable[[], None]:
        del workflow  # one run at a time for the whole file
        with self._lock:
            self._prepare()
            self._file_lock.acquire(what=self._shown)
            try:
                self._refresh()
                _remove_leftovers(self._path)
            except BaseException:
                self._file_lock.release()
                raise
        return self._give_back

    def _give_back(self) -> None:
        with self._lock:
            self._file_lock.release()

    def is_alive(self, workflow: str | None) -> bool:
        del workflow
        return holder_of(self._file_lock.path) is not None

    def in_use(self, workflow: str | None) -> StateLockedError:
        del workflow
        return self._file_lock.refusal(self._shown)

    # -- reading ----------------------------------------------------------------------------------------------------

    def _refresh(self) -> None:
        """Read the file if it is not the one that was read or written last."""
        stamp = self._look()
        if stamp == self._stamp:
            return
        text = "" if stamp is None else self._text()
        try:
            self._book = json_format.read(text)
        except json_format.NotOurs as why:
            raise self._error(f"{why}: move it away, or name another file") from None
        self._texts = {}
        self._stamp = stamp

    def _text(self) -> str:
        try:
            with open(self._path, encoding="utf-8") as file:
                return file.read()
        except OSError as error:
            raise self._error(f"cannot be read: {error.strerror or error}") from None
        except UnicodeDecodeError:
            raise self._error("is not JSON: move it away, or name another file") from None

    def _look(self) -> tuple[int, ...] | None:
        try:
            about = os.stat(self._path)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise self._error(f"cannot be opened: {error.strerror or error}") from None
        if stat.S_ISDIR(about.st_mode):
            raise self._error("is a folder: name a file")
        if not stat.S_ISREG(about.st_mode):
            raise self._error("is not a file that can keep a state")
        return about.st_ino, about.st_size, about.st_mtime_ns

    # -- writing ----------------------------------------------------------------------------------------------------

    def _change(self, work: Callable[[Book], T]) -> T:
        try:
            result = work(self._book)
            if self._book.changed:
                self._save()
                self._book.changed.clear()
        except BaseException:
            self._stamp = ()  # what is in memory is not what is kept: read it again
            raise
        return result

    def _save(self) -> None:
        book, texts = self._book, self._texts
        members = {}
        for place, key in json_format.file_keys(book).items():
            known = texts.get(place)
            if known is None or known[0] != key or place in book.changed:
                known = key, json_format.record_text(key, book.entries[place], pretty=self._pretty)
            members[place] = known
        self._texts = members
        text = json_format.file_text([text for _, text in members.values()], pretty=self._pretty)
        try:
            _replace(self._path, text)
        except OSError as error:
            raise self._error(f"cannot be written: {error.strerror or error}") from None
        self._stamp = self._look()

    def _prepare(self) -> None:
        """Refuse a file that cannot be used, before anything is made beside it; make its folder."""
        self._refresh()
        if why := why_not_written(self._path):
            raise self._error(f"cannot be written: {why}")
        try:
            os.makedirs(os.path.dirname(self._path), exist_ok=True)
        except OSError as error:
            raise self._error(f"cannot be made: {error.strerror or error}") from None

    def _error(self, what: str) -> StateError:
        return StateError(f"{self._shown} {what}", path=self._path)


def _replace(path: str, text: str) -> None:
    """Put a text in the place of a file, whole or not at all, readable by nobody else at any moment."""
    descriptor, temporary = tempfile.mkstemp(prefix=_leftover(path), dir=os.path.dirname(path))
    try:
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(descriptor)
        os.replace(temporary, path)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(temporary)
        raise


def _leftover(path: str) -> str:
    return f".{os.path.basename(path)}.new-"


def _remove_leftovers(path: str) -> None:
    """Remove what a process left that died while writing; the lock says that no other is writing."""
    folder, prefix = os.path.dirname(path), _leftover(path)
    for name in os.listdir(folder):
        if name.startswith(prefix):
            with suppress(OSError):
                os.unlink(os.path.join(folder, name))


class JSONStateStore(BookStore):
    """Keeps the state of any number of workflows in one JSON file; only one of them runs at a time.

    The file is made at the first write, with its folders: an object with ``status, result, error, timestamp`` for each
    task, and what else is known of it.

    Args:
        store_path: the file.
        pretty_print: with line breaks, for people.
        clock: seconds since the epoch.

    Raises:
        DefinitionError: the path is none.
        StateError: the file is there and cannot be used.
    """

    def __init__(
        self,
        store_path: str | os.PathLike[str],
        pretty_print: bool = True,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        path = path_of_file(store_path, "JSONStateStore")
        self.store_path = path
        self.pretty_print = bool(pretty_print)
        shelf = _JSONFile(path, self.pretty_print, clock)
        shelf.read(lambda _book: None)
        super().__init__(shelf)

    def __repr__(self) -> str:
        return f"JSONStateStore({self.store_path!r})"
