"""The end of the pipe that the engine writes to.

Events come from the engine's threads, thousands a second, and not every one may cost a system call: they are put down,
and a thread of the pipe's own takes what has gathered, a hundred times a second at most. What must not wait is sent,
and takes along what was put before it.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from contextlib import suppress

from fwtui.session.isolation.lines import lines_of
from fwtui.session.isolation.messages import WIRE

__all__ = ["MessagePipe"]

_PAUSE = 0.01
"""Seconds between two writes."""

_BACKLOG = 20_000
"""Messages that wait before whoever brings more has to write them himself, and so wait for the reader."""


class MessagePipe:
    """Writes messages, in the order in which they were put. All methods may be called from any thread.

    Args:
        descriptor: where to.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._waiting: deque[object] = deque()
        self._taken: deque[object] = deque()
        self._writing = threading.RLock()
        self._wake = threading.Event()
        self._broken = False
        threading.Thread(target=self._pump, name="fwtui-messages", daemon=True).start()

    def put(self, message: object) -> None:
        """Have a message written soon."""
        self._waiting.append(message)
        if len(self._waiting) > _BACKLOG:
            self.flush()
        elif not self._wake.is_set():
            self._wake.set()

    def send(self, message: object) -> None:
        """Write a message, and all that was put before it, now."""
        self._waiting.append(message)
        self.flush()

    def flush(self) -> None:
        """Write all that was put."""
        with self._writing:
            waiting, taken = self._waiting, self._taken
            taken.extend(waiting.popleft() for _ in range(len(waiting)))
            while taken:
                try:
                    self._write(b"".join([lines_of(WIRE.write(message)) for message in taken]))
                    taken.clear()
                except MemoryError:
                    time.sleep(_PAUSE)  # a task has taken all there is; it may give some back

    def _write(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest and not self._broken:
            try:
                rest = rest[os.write(self._descriptor, rest) :]
            except OSError:
                self._broken = True  # nobody reads any more: what is said now is said to nobody

    def _pump(self) -> None:
        while True:
            self._wake.wait()
            self._wake.clear()
            self.flush()
            time.sleep(_PAUSE)

    def leave(self) -> None:
        """Let go of the descriptor without writing anything: in a forked child, or when all is said."""
        self._broken = True
        with suppress(OSError):
            os.close(self._descriptor)
        self._descriptor = -1
