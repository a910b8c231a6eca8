"""What tasks wrote last, kept where the death of their process does not reach it.

Lines wait for the next commit, up to a quarter of a second, in the memory of a process that a task may take down. So
each is also written at once to a file that the other process has open, too, and taken out of it again when it is in
the store.
"""

from __future__ import annotations

import json
import os
import threading
from collections import deque
from contextlib import suppress

from flowweaver.events import TaskOutput
from flowweaver.records import LogLine

__all__ = ["LastWords", "last_words"]

_FULL = 4_000_000
"""Bytes from which lines that are in the store by now are taken out although others still wait."""


class LastWords:
    """The lines that wait. All methods may be called from any thread.

    Args:
        file: where they are written; nobody else writes to it.
    """

    def __init__(self, file: int) -> None:
        self._file = file
        self._size = 0
        self._lock = threading.Lock()
        self._numbers: dict[tuple[str, int], int] = {}
        self._waiting: dict[tuple[str, int], deque[bytes]] = {}

    def keep(self, line: LogLine) -> None:
        """Take a line that a task has just written."""
        key = line.task_name, line.attempt
        with self._lock:
            number = self._numbers[key] = self._numbers.get(key, 0) + 1
            record = json.dumps([number, *line]).encode() + b"\n"
            self._waiting.setdefault(key, deque()).append(record)
            self._write(record)

    def told(self, output: TaskOutput) -> None:
        """Take out lines that are in the store."""
        key = output.task, output.attempt
        with self._lock:
            waiting = self._waiting.get(key, deque())
            for _ in range(min(len(output.lines), len(waiting))):
                waiting.popleft()
            if not waiting:
                self._waiting.pop(key, None)
            if not self._waiting or self._size > _FULL:
                with suppress(OSError):
                    os.ftruncate(self._file, 0)
                self._size = 0
                self._write(b"".join(record for records in self._waiting.values() for record in records))

    def _write(self, data: bytes) -> None:
        with suppress(OSError):  # a full disk, or a task that closed what is not its own: no reason to fail it
            self._size += os.pwrite(self._file, data, self._size)


def last_words(file: int) -> tuple[tuple[int, LogLine], ...]:
    """Return the lines that were never told of, each with its number in its attempt, from 1."""
    found = []
    for record in os.pread(file, os.fstat(file).st_size, 0).split(b"\n"):
        try:
            number, *line = json.loads(record)
            found.append((int(number), LogLine(*line)))
        except (ValueError, TypeError):
            continue  # the last one, in which the process died
    return tuple(found)
