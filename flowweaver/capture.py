"""What a task prints and logs, routed to its attempt.

While a run captures, ``sys.stdout`` and ``sys.stderr`` are stand-ins that look at a context variable: text written in a
task's context goes to that attempt, everything else to where it went before. A thread that a task starts by itself has
an empty context, so its text passes through. Log records are taken by a handler on the root logger.

What is written past all of that (by a child process, by C code) belongs to no task. Whoever takes it, as the runner
does, gives it here, and it is kept with the run.
"""

from __future__ import annotations

import io
import logging
import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple, Protocol, TextIO

from flowweaver.records import LogLine

__all__ = [
    "OUTSIDE",
    "Capture",
    "Sink",
    "Unkept",
    "current_attempt",
    "line_witnesses",
    "outside_source",
    "write_outside",
]

_HALF = 2_500_000
"""Characters of an attempt's output that are kept at its start, and again at its end."""

_ROW = 40
"""Characters that a line counts for beside its own: a million empty lines are no small output to keep."""

_LINE = 65_536
"""Characters after which a line is taken to have ended."""

_ESCAPE = 32
"""Characters that an escape sequence may be long without being torn apart there."""

_LAST = 200
"""Lines that are told of an output that is too long to be given on as it comes."""


OUTSIDE = ""
"""Stands for the task in lines that belong to none; no task has this name."""


class _Writes(Protocol):
    sink: Sink | None

    def open_sink(self) -> Sink | None: ...


current_attempt: ContextVar[_Writes | None] = ContextVar("flowweaver_attempt", default=None)
"""The attempt in whose context this code runs."""


_process = True
"""This is the process that captures, not a child of it."""


def _after_fork() -> None:
    global _process  # noqa: PLW0603  # the child is another process: what it writes goes to its own descriptors
    _process = False


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def _sink() -> Sink | None:
    """Return what takes the output of the code that runs here; None outside of a task, and in a child process."""
    attempt = current_attempt.get()
    return (attempt.sink or attempt.open_sink()) if attempt is not None and _process else None


class Unkept(NamedTuple):
    """What an attempt has written that has not been given on.

    Attributes:
        lines: the last of it, and lines that have no end yet.
        left_out: lines before these.
    """

    lines: tuple[LogLine, ...] = ()
    left_out: int = 0


class Sink:
    """Takes the output of one attempt and gives it on as lines.

    A line is what a terminal would show of it in the end: what a carriage return takes the place of is gone.

    Args:
        task_name, attempt: whose output it is.
        give: called with each line, from whatever thread wrote it.
        clock: seconds since the epoch.
        stirred: called when ``unkept`` would say something else than before; None if nobody asks.
    """

    __slots__ = ("_attempt", "_clock", "_cut", "_give", "_kept", "_lock", "_partial", "_said", "_stirred", "_tail",
                 "_tail_size", "_task")  # fmt: skip

    def __init__(
        self,
        task_name: str,
        attempt: int,
        give: Callable[[LogLine], None],
        clock: Callable[[], float],
        stirred: Callable[[], None] | None = None,
    ) -> None:
        self._task = task_name
        self._attempt = attempt
        self._give = give
        self._clock = clock
        self._stirred = stirred
        self._said = Unkept()
        self._partial: dict[str, str] = {}
        self._kept = 0
        self._tail: deque[LogLine] | None = None
        self._tail_size = 0
        self._cut = 0
        self._lock = threading.Lock()

    def write(self, stream: str, text: str) -> None:
        """Take text written to a stream ("out" or "err")."""
        with self._lock:
            text = self._partial.pop(stream, "") + text
            *lines, rest = text.split("\n")
            for line in lines:
                self._line(stream, line)
            if "\r" in rest:
                rest = _last_state(rest)
            if len(rest) > _LINE:
                *pieces, rest = _pieces(rest)
                for piece in pieces:
                    self._line(stream, piece)
            if rest:
                self._partial[stream] = rest
                if self._stirred is not None:
                    self._stirred()

    def log(self, text: str) -> None:
        """Take a formatted log record."""
        with self._lock:
            for line in text.split("\n"):
                self._line("log", line)

    def unkept(self) -> Unkept | None:
        """Return what has not been given on; None if that is what was returned the last time."""
        with self._lock:
            tail = list(self._tail or ())[-_LAST:]
            left_out = self._cut + len(self._tail or ()) - len(tail)
            now = self._clock()
            open_lines = (LogLine(self._task, self._attempt, now, *each) for each in self._partial.items())
            found = Unkept((*tail, *open_lines), left_out)
        same = [line[3:] for line in found.lines] == [line[3:] for line in self._said.lines]
        if same and left_out == self._said.left_out:
            return None
        self._said = found
        return found

    def _line(self, stream: str, text: str) -> None:
        if "\r" in text:
            text = _last_state(text).rstrip("\r")
        for piece in _pieces(text) if len(text) > _LINE else (text,):
            self._piece(stream, piece)

    def _piece(self, stream: str, text: str) -> None:
        line = LogLine(self._task, self._attempt, self._clock(), stream, text)
        size = len(text) + _ROW
        if self._tail is None:
            if self._kept + size <= _HALF:
                self._kept += size
                self._give(line)
                return
            self._tail = deque()
        self._tail.append(line)
        self._tail_size += size
        while self._tail_size > _HALF and len(self._tail) > 1:
            self._tail_size -= len(self._tail.popleft().text) + _ROW
            self._cut += 1
        if self._stirred is not None:
            self._stirred()

    def close(self) -> None:
        """Give on what is held back: unfinished lines, and the end of an output that was too long."""
        with self._lock:
            for stream, rest in self._partial.items():
                self._line(stream, rest)
            self._partial.clear()
            if self._tail:
                if self._cut:
                    notice = f"... {self._cut:,} lines are not kept: an attempt keeps 5 MB of its output ..."
                    self._give(LogLine(self._task, self._attempt, self._tail[0].time, "log", notice))
                for line in self._tail:
                    self._give(line)
            self._tail = None
            self._tail_size = self._cut = self._kept = 0


class _Stream(io.TextIOBase):
    """Stands in for sys.stdout or sys.stderr while a run captures."""

    def __init__(self, behind: TextIO, name: str, owner: _Installed) -> None:
        self._behind = behind
        self._name = name
        self._owner = owner

    def write(self, text: str) -> int:
        sink = _sink()
        if sink is not None:
            if not isinstance(text, str):
                raise TypeError(f"write() argument must be str, not {type(text).__name__}")
            sink.write(self._name, text)
            if not self._owner.echo:
                return len(text)
        return self._behind.write(text)

    def flush(self) -> None:
        self._behind.flush()

    def close(self) -> None:
        """Close nothing: what stands behind is somebody else's."""

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        # What a task writes is kept as lines; only where it also passes through may it behave as on a terminal.
        return self._owner.echo and self._behind.isatty()

    def fileno(self) -> int:
        return self._behind.fileno()

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return getattr(self._behind, "encoding", None) or "utf-8"

    @property
    def errors(self) -> str | None:  # type: ignore[override]
        return getattr(self._behind, "errors", None)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._behind, name)  # buffer, reconfigure ...: what the stream behind can do


class _Handler(logging.Handler):
    """Takes log records for the attempt in whose context they are made."""

    def __init__(self, owner: _Installed) -> None:
        super().__init__()
        self._owner = owner
        self.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        sink = _sink()
        if sink is not None and not record.name.startswith("flowweaver") and not self._owner.seen_by_a_stream():
            try:
                sink.log(self.format(record))
            except Exception:
                self.handleError(record)
        if sink is None or self._owner.echo:
            self._last_resort(record)

    def _last_resort(self, record: logging.LogRecord) -> None:
        """Write what Python would write by itself if this handler were not there and no other is."""
        resort = logging.lastResort
        logger: logging.Logger | None = logging.getLogger(record.name)
        while logger is not None:
            if any(handler is not self for handler in logger.handlers):
                return
            logger = logger.parent if logger.propagate else None
        if resort is not None and record.levelno >= resort.level:
            self._owner.behind_err.write(record.getMessage() + "\n")


class _Installed:
    """The stand-ins and the handler, once for all runs of the process that capture at one time."""

    def __init__(self, echo: bool) -> None:
        self.echo = echo
        self.before = (sys.stdout, sys.stderr)
        self.behind_err = sys.stderr if sys.stderr is not None else io.StringIO()
        self.streams = tuple(
            _Stream(stream if stream is not None else io.StringIO(), name, self)
            for stream, name in zip(self.before, ("out", "err"), strict=True)
        )
        self.handler = _Handler(self)
        sys.stdout, sys.stderr = self.streams
        logging.getLogger().addHandler(self.handler)

    def seen_by_a_stream(self) -> bool:
        """A handler that writes to a stand-in will bring the record by itself."""
        return any(getattr(handler, "stream", None) in self.streams for handler in logging.getLogger().handlers)

    def remove(self) -> None:
        # Somebody may have put a stream of their own over ours; then theirs stays.
        if sys.stdout is self.streams[0]:
            sys.stdout = self.before[0]
        if sys.stderr is self.streams[1]:
            sys.stderr = self.before[1]
        logging.getLogger().removeHandler(self.handler)


def _last_state(text: str) -> str:
    """Return a line without what its carriage returns took the place of; one at its end takes nothing away yet."""
    return text[text.rfind("\r", 0, len(text.rstrip("\r"))) + 1 :]


def _pieces(text: str) -> Iterator[str]:
    """Yield a very long line in pieces, none of which ends within an escape sequence."""
    at = 0
    while len(text) - at > _LINE:
        end = at + _LINE
        escape = text.rfind("\x1b", end - _ESCAPE, end)
        end = escape if escape >= 0 else end
        yield text[at:end]
        at = end
    yield text[at:]


_outside_sinks: set[Sink] = set()
_outside_sources: set[Callable[[], None]] = set()


def write_outside(line: str) -> None:
    """Keep a line that no task wrote with the runs of this process that go on."""
    for sink in tuple(_outside_sinks):
        sink.write("raw", line + "\n")


line_witnesses: set[Callable[[LogLine], None]] = set()
"""Called with each line of a task as it is written, long before it is in a store; must not raise, nor take long."""


@contextmanager
def outside_source(give_all: Callable[[], None]) -> Iterator[None]:
    """While this lasts, ``give_all`` is called when a run is about to end.

    Args:
        give_all: calls ``write_outside`` with everything that was written until now; returns soon in any case.
    """
    _outside_sources.add(give_all)
    try:
        yield
    finally:
        _outside_sources.discard(give_all)


class Capture:
    """Routes the output of the tasks of one run; use it as a context manager around the run.

    Args:
        outside: takes what no task wrote, until the end.
        echo: what tasks write also goes to where it would have gone.
    """

    _lock = threading.Lock()
    _users = 0
    _installed: _Installed | None = None

    def __init__(self, outside: Sink, *, echo: bool) -> None:
        self._outside = outside
        self._echo = echo

    def __enter__(self) -> Capture:
        with Capture._lock:
            if Capture._installed is None:
                Capture._installed = _Installed(self._echo)
            Capture._users += 1
        _outside_sinks.add(self._outside)
        return self

    def __exit__(self, *_exc: object) -> None:
        for give_all in tuple(_outside_sources):
            give_all()
        _outside_sinks.discard(self._outside)
        self._outside.close()
        with Capture._lock:
            Capture._users -= 1
            if not Capture._users and Capture._installed is not None:
                Capture._installed.remove()
                Capture._installed = None
