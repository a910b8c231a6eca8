"""The end of the pipe that the engine writes to.

Events come from the engine's threads, thousands a second, and not every one may cost a system call: where one was
written a moment ago, the next ones are put down, and a thread of the pipe's own takes what has gathered, a hundred
times a second at most. Where none was, an event is written on the spot: a task that holds the interpreter from its
first instruction on is known to have begun.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable

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
        clock: seconds that never go back.
    """

    def __init__(self, descriptor: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._descriptor = descriptor
        self._waiting: deque[object] = deque()
        self._taken: deque[object] = deque()
        self._writing = threading.RLock()
        self._wake = threading.Event()
        self._broken = False
        self._clock = clock
        self._written = 0.0
        threading.Thread(target=self._pump, name="fwtui-messages", daemon=True).start()

    def put(self, message: object) -> None:
        """Have a message written, now or soon."""
        self._waiting.append(message)
        if len(self._waiting) > _BACKLOG:
            self.flush()
        elif self._clock() - self._written > _PAUSE and self._writing.acquire(blocking=False):
            try:
                self.flush()
            finally:
                self._writing.release()
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
            self._written = self._clock()

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
        """Let go of the descriptor without writing anything, in a forked child."""
        self._broken = True
        os.close(self._descriptor)
