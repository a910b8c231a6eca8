"""One run at a time: a file that the system locks for as long as its holder lives, however the holder dies.

The file says who holds it, for a person; what counts is the lock. It stays on disk, because removing it would let two
runs hold two files of one name. Readers ask by trying the lock for a moment, so whoever wants it tries more than once.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from contextlib import suppress
from datetime import datetime
from typing import Final, NamedTuple

from flowweaver.errors import StateError, StateLockedError, visible

__all__ = ["BRIEFLY", "FileLock", "Holder", "holder_of", "is_free"]

PATIENCE = 0.3
"""Seconds for which a lock is asked for again: longer than any reader's question takes."""

_PAUSE: Final = 0.01
BRIEFLY: Final = 10.0
"""Seconds for which nobody holds a whole file alone who is well: long enough to check it, move it over, clean it up."""
_HOLDER_SIZE: Final = 1_000

if sys.platform == "win32":
    import msvcrt

    _SLOTS: Final = 64
    _FIRST: Final = 1 << 30
    """Bytes far behind the text: Windows locks ranges, and would hide the text from readers otherwise."""

    def _lock(descriptor: int, *, shared: bool) -> bool:
        # Windows has no shared locks here: whoever shares takes one of the slots, whoever does not takes all.
        for start, count in [(slot, 1) for slot in range(_SLOTS)] if shared else [(0, _SLOTS)]:
            os.lseek(descriptor, _FIRST + start, os.SEEK_SET)
            with suppress(OSError):
                msvcrt.locking(descriptor, msvcrt.LK_NBLCK, count)
                return True
        return False

    def _unlock(descriptor: int) -> None:
        """Nothing to do: closing the file does it."""

else:
    import fcntl

    def _lock(descriptor: int, *, shared: bool) -> bool:
        try:
            fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _unlock(descriptor: int) -> None:
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_UN)


class Holder(NamedTuple):
    """Who holds a lock; ``since`` in seconds since the epoch."""

    pid: int
    host: str
    since: float

    @classmethod
    def here(cls) -> Holder:
        """Return this process, from now on."""
        return cls(os.getpid(), _host(), time.time())

    @property
    def name(self) -> str:
        """The process, as text for a person: "process 4711 on lab-3"."""
        return f"process {self.pid} on {self.host}" if self.pid else "another process"

    def time(self) -> str:
        """Return since when, as local time of day, with the date if that is another day."""
        since = datetime.fromtimestamp(self.since)
        today = since.date() == datetime.now().date()
        return since.strftime("%H:%M" if today else "%Y-%m-%d %H:%M")


class FileLock:
    """A lock on one file, held by this process until it is released or the process ends.

    Args:
        path: the lock's own file, not the file that it protects.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._descriptor: int | None = None
        self._shared = False

    @property
    def held(self) -> bool:
        """This object holds the lock."""
        return self._descriptor is not None

    def acquire(self, *, shared: bool = False, patience: float | None = None, what: str = "This state") -> None:
        """Take the lock.

        Args:
            shared: others may share it, but none may have it alone.
            patience: seconds for which to try, by default longer than any reader's question takes.
            what: begins the refusal's text: "``what`` is in use by ...".

        Raises:
            StateLockedError: another holds it.
            StateError: the lock's file cannot be made.
        """
        if self.try_acquire(shared=shared, patience=patience):
            return
        deadline = time.monotonic() + PATIENCE
        while (holder := _read_holder(self.path)) is None and time.monotonic() < deadline:
            # Whoever holds it has only just taken it, and writes its name next; or it has just given it back.
            if self.try_acquire(shared=shared, patience=_PAUSE):
                return
        raise self._refusal(what, holder)

    def refusal(self, what: str) -> StateLockedError:
        """Return what is raised because another holds the lock: "``what`` is in use by ..."."""
        deadline = time.monotonic() + PATIENCE
        while (holder := _read_holder(self.path)) is None and time.monotonic() < deadline:
            time.sleep(_PAUSE)  # it has only just taken it, and writes its name next
        return self._refusal(what, holder)

    def _refusal(self, what: str, holder: Holder | None) -> StateLockedError:
        if holder is None:
            return StateLockedError(f"{what} is in use by another run", path=self.path)
        since = holder.time()
        return StateLockedError(
            f"{what} is in use by {holder.name} since {since}", path=self.path, holder=f"{holder.name}, since {since}"
        )

    def try_acquire(self, *, shared: bool = False, patience: float | None = None) -> bool:
        """Take the lock if it is to be had; return whether it was.

        Raises:
            StateError: the lock's file cannot be made.
        """
        deadline = time.monotonic() + (PATIENCE if patience is None else patience)
        while not self._try_once(shared):
            if time.monotonic() >= deadline:
                return False
            time.sleep(_PAUSE)
        return True

    def _try_once(self, shared: bool) -> bool:
        with _registry:
            # Where the system's locks belong to the process and not to the open file, it would grant a second one.
            if any(lock.path == self.path and not (shared and lock._shared) for lock in _held):
                return False
            try:
                descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
            except OSError as error:
                raise self._error("made", error) from None
            try:
                granted = _lock(descriptor, shared=shared)
            except OSError as error:
                os.close(descriptor)
                raise self._error("locked", error) from None
            if not granted:
                os.close(descriptor)
                return False
            self._descriptor, self._shared = descriptor, shared
            _held.add(self)
        if not shared:
            self._write(json.dumps(Holder.here()._asdict()))
        return True

    def _error(self, what: str, error: OSError) -> StateError:
        return StateError(f"{visible(self.path)} cannot be {what}: {error.strerror or error}", path=self.path)

    def share(self) -> None:
        """Let others share the lock that was held alone.

        Raises:
            StateLockedError: another took it in between, and keeps it.
        """
        if self._descriptor is None or self._shared:
            return
        self._write("")
        self._shared = True
        if sys.platform != "win32" and _lock(self._descriptor, shared=True):
            return
        # It cannot be changed in one step, or somebody was quicker in between, who needs it for a moment only.
        self.release()
        self.acquire(shared=True, patience=BRIEFLY)

    def release(self) -> None:
        """Give the lock back. Doing so again does nothing."""
        with _registry:
            if self._descriptor is not None:
                if not self._shared:
                    self._write("")
                # Closing alone would leave it to a child that has not let go of its copy yet.
                _unlock(self._descriptor)
            self.forget()

    def forget(self) -> None:
        """Close the file without a word: in a forked child the lock is the parent's."""
        with _registry:
            descriptor, self._descriptor = self._descriptor, None
            _held.discard(self)
            if descriptor is not None:
                with suppress(OSError):
                    os.close(descriptor)

    def _write(self, text: str) -> None:
        assert self._descriptor is not None
        with suppress(OSError):  # a full disk: the lock holds without its text
            os.ftruncate(self._descriptor, 0)
            os.lseek(self._descriptor, 0, os.SEEK_SET)
            os.write(self._descriptor, text.encode())


_held: set[FileLock] = set()
_registry = threading.RLock()


def _leave_to_parent() -> None:
    global _registry  # noqa: PLW0603 - the one of the parent may be held by a thread that is not here
    _registry = threading.RLock()
    for lock in list(_held):
        lock.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_to_parent)


def holder_of(path: str) -> Holder | None:
    """Return who holds a lock alone now, None if nobody does. Creates nothing.

    A holder that has not written its name yet, or whose name cannot be read, is given as process 0.
    """
    with _registry:
        own = any(lock.path == path and not lock._shared for lock in _held)
    if not own:
        try:
            descriptor = os.open(path, os.O_RDWR if sys.platform == "win32" else os.O_RDONLY)
        except OSError:
            return None
        try:
            if _lock(descriptor, shared=True):
                return None
        except OSError:
            return None
        finally:
            os.close(descriptor)
    return _read_holder(path) or Holder(0, _host(), time.time())


def is_free(path: str) -> bool:
    """Tell whether nobody holds a lock, alone or shared. Creates nothing."""
    try:
        descriptor = os.open(path, os.O_RDWR if sys.platform == "win32" else os.O_RDONLY)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    try:
        return _lock(descriptor, shared=False)
    except OSError:
        return False
    finally:
        os.close(descriptor)


def _read_holder(path: str) -> Holder | None:
    try:
        with open(path, "rb") as file:
            found = json.loads(file.read(_HOLDER_SIZE))
        host = "".join(letter if letter.isprintable() else "?" for letter in str(found["host"]))
        holder = Holder(int(found["pid"]), host[:100], float(found["since"]))
        holder.time()
    except (OSError, ValueError, LookupError, TypeError, OverflowError):
        return None
    return holder


def _host() -> str:
    return os.uname().nodename if hasattr(os, "uname") else os.environ.get("COMPUTERNAME", "this machine")
