"""What reaches file descriptors 1 and 2 by itself: from child processes, C code and ``os.write``.

It belongs to no task, and written to the terminal it would garble what stands there. While this lasts both descriptors
lead into a pipe; a thread reads it, gives on lines and has them kept with the run that goes on. Whoever owns the
terminal writes to the saved descriptor.
"""

from __future__ import annotations

import contextlib
import os
import select
import sys
import threading
from collections.abc import Callable
from types import TracebackType
from typing import TextIO

from flowweaver.capture import outside_source, write_outside

__all__ = ["RawOutput", "stream_to"]

_CHUNK = 65_536
_AT_ONCE = 4
_LINE = 65_536
_END, _GIVE_ALL = b".", b"!"
_PATIENCE = 0.3
"""Seconds after which an unfinished line is given on: somebody may wait for what it says."""


class RawOutput:
    """Takes descriptors 1 and 2 for as long as the context lasts.

    Args:
        give: called with each line, from the thread that reads; it should not take long, for writers wait once the
            pipe is full.
        pipe: its reading and its writing end, for who has made it; by default one is made.

    Attributes:
        out, err: streams to where descriptors 1 and 2 led before; they stay usable after the end.
    """

    def __init__(self, give: Callable[[str], None], pipe: tuple[int, int] | None = None) -> None:
        self._give = give
        self._pipe = pipe
        self._stays = False
        self._saved: dict[int, int] = {}
        self._thread: threading.Thread | None = None
        self._all_given = threading.Event()
        self._source = outside_source(self.give_all)
        self.out: TextIO = sys.stdout
        self.err: TextIO = sys.stderr

    def __enter__(self) -> RawOutput:
        _flush()
        self._read, self._write = self._pipe or os.pipe()
        self._wake_read, self._wake_write = os.pipe()
        for number, name in ((1, "out"), (2, "err")):
            try:
                self._saved[number] = os.dup(number)
            except OSError:
                continue  # it was closed when we were started
            os.dup2(self._write, number, inheritable=True)
            # Encoded as the stream was, for its error handler and a locale that is not UTF-8.
            stream = sys.stdout if number == 1 else sys.stderr
            setattr(self, name, stream_to(self._saved[number], stream))
        os.close(self._write)
        os.set_blocking(self._read, False)
        self._thread = threading.Thread(target=self._pump, name="fwtui-raw-output", daemon=True)
        self._thread.start()
        self._source.__enter__()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        if not self._stays:
            self.close()

    def give_all(self) -> None:
        """Give on what was written until now, also a line that has no end yet; wait for that, but not long."""
        if self._thread is not None and self._thread is not threading.current_thread():
            _flush()
            self._all_given.clear()
            with contextlib.suppress(OSError):  # it is being closed: that gives on everything, too
                os.write(self._wake_write, _GIVE_ALL)
                self._all_given.wait(_PATIENCE)

    def give_to(self, give: Callable[[str], None]) -> None:
        """Give each line to somebody else from now on, and beyond the context: until ``close`` is called."""
        self.give_all()
        self._give = give
        self._stays = True

    def close(self, *, silence: bool = False) -> None:
        """Lead both descriptors back; what is in the pipe by then is still given on. Calling it again does nothing.

        Args:
            silence: lead them nowhere instead: something still writes, and the process ends at once.
        """
        if self._thread is None:
            return
        self._source.__exit__(None, None, None)
        _flush()
        for stream in (self.out, self.err):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
        nowhere = os.open(os.devnull, os.O_WRONLY) if silence else -1
        for number, saved in self._saved.items():
            os.dup2(nowhere if silence else saved, number, inheritable=True)
        if silence:
            os.close(nowhere)
        # A child process may hold the pipe open for good, so its end is never waited for.
        os.write(self._wake_write, _END)
        self._thread.join(timeout=1.0)
        if self._thread.is_alive():
            return  # somebody does not take the lines; better left behind than waited for
        self._thread = None
        for descriptor in (self._read, self._wake_read, self._wake_write):
            os.close(descriptor)
        self._saved = {}

    def _pump(self) -> None:
        rest = b""
        ending = False
        while not ending:
            ready, _, _ = select.select([self._read, self._wake_read], [], [], _PATIENCE if rest else None)
            woken = os.read(self._wake_read, 64) if self._wake_read in ready else b""
            ending = _END in woken
            for _ in range(_AT_ONCE):  # whoever writes without a pause must not keep it from ending
                try:
                    data = os.read(self._read, _CHUNK)
                except BlockingIOError:
                    break
                except OSError:
                    ending = True
                    break
                if not data:
                    ending = True
                    break
                rest = self._lines(rest + data)
            if rest and (ending or woken or not ready):
                self._line(rest)
                rest = b""
            if woken:
                self._all_given.set()

    def _lines(self, data: bytes) -> bytes:
        *lines, rest = data.split(b"\n")
        for line in lines:
            self._line(line)
        if len(rest) > _LINE:
            self._line(rest)
            rest = b""
        return rest

    def _line(self, line: bytes) -> None:
        # Whatever the taker of lines raises, the pipe must go on being read: a full one would stop every writer.
        with contextlib.suppress(Exception):
            text = line.decode("utf-8", "backslashreplace")
            write_outside(text)
            self._give(text)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()


def stream_to(descriptor: int, like: TextIO | None) -> TextIO:
    """Return a stream to a descriptor, in the encoding of another stream."""
    return open(
        descriptor,
        "w",
        encoding=getattr(like, "encoding", None) or "utf-8",
        errors="backslashreplace",
    )
