"""What a file meets while it is imported: a script's arguments, no keyboard, and streams that lead to no screen."""

from __future__ import annotations

import io
import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

__all__ = ["ImportOutput", "as_script"]

_OUTPUT_LIMIT = 200_000
"""Characters of what a file prints while it is imported that are kept."""


@contextmanager
def as_script(file: Path) -> Iterator[None]:
    """Let the file see the arguments of a script without any, and nothing to read from a keyboard."""
    argv, stdin = sys.argv, sys.stdin
    sys.argv, sys.stdin = [str(file)], io.StringIO()
    try:
        yield
    finally:
        sys.argv, sys.stdin = argv, stdin


class ImportOutput:
    """What a file prints while it is imported."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._size = 0
        self._lock = threading.Lock()
        self.open = False

    def write(self, text: str) -> None:
        """Keep text, up to the limit."""
        with self._lock:
            if self._size < _OUTPUT_LIMIT:
                self._parts.append(text[: _OUTPUT_LIMIT - self._size])
            self._size += len(text)

    def text(self) -> str:
        """Return all that was kept, and how much was not."""
        with self._lock:
            cut_off = f"\n... {self._size - _OUTPUT_LIMIT:,} more characters ..." if self._size > _OUTPUT_LIMIT else ""
            return "".join(self._parts) + cut_off

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Take what is printed while this lasts."""
        streams = _Stream(self, "stdout"), _Stream(self, "stderr")
        before = sys.stdout, sys.stderr
        sys.stdout, sys.stderr = streams
        self.open = True
        try:
            yield
        finally:
            self.open = False
            # Also where the file has put streams of its own there: what tasks write is ours to show.
            sys.stdout, sys.stderr = before
            _quieten(streams)


def _quieten(streams: tuple[_Stream, _Stream]) -> None:
    """Keep the engine's own log records from handlers that the file made for the screen: it is told there already."""
    for handler in logging.getLogger().handlers:
        if getattr(handler, "stream", None) in streams:
            handler.addFilter(lambda record: not record.name.startswith("flowweaver"))


class _Stream(io.TextIOBase):
    """Stands in for a standard stream while a file is imported.

    A logging handler that the file sets up keeps it for good, so once the import is over it leads to the stream of
    that name as it then is.
    """

    def __init__(self, output: ImportOutput, name: str) -> None:
        self._output = output
        self._name = name

    @property
    def behind(self) -> Any:
        """The stream that text goes to once the import is over."""
        stream = getattr(sys, self._name)
        return getattr(sys, f"__{self._name}__") if stream is self else stream

    def write(self, text: str) -> int:
        if self._output.open:
            self._output.write(text)
            return len(text)
        written: int = self.behind.write(text)
        return written

    def flush(self) -> None:
        if not self._output.open:
            self.behind.flush()

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        number: int = self.behind.fileno()
        return number

    @property
    def encoding(self) -> str:  # type: ignore[override]  # io declares it a plain attribute
        return getattr(self.behind, "encoding", None) or "utf-8"

    def __getattr__(self, name: str) -> Any:
        return getattr(self.behind, name)  # buffer, reconfigure ...: what the stream behind can do

    def __eq__(self, other: object) -> bool:
        # Who compares streams wants to know where text ends up: the engine asks so whether a handler will write what a
        # task logs into the output of that task.
        return other is self or (not self._output.open and other is self.behind)

    def __hash__(self) -> int:
        return id(self)
