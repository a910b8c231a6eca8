"""The terminal while the dashboard has it: nothing else may write there, and afterwards it is as it was.

File descriptors 1 and 2 lead into a pipe (``RawOutput``), and Textual is given what they led to before: its driver
takes ``sys.__stderr__`` to write to, and asks ``sys.__stdout__`` for the size.
"""

from __future__ import annotations

import io
import os
import shutil
import signal
import subprocess
import sys
from collections import deque
from contextlib import suppress
from types import FrameType, TracebackType
from typing import Any, TextIO

from fwtui.afterwards import hand_over
from fwtui.model.text import visible
from fwtui.session.rawoutput import RawOutput

__all__ = ["Terminal"]

_MOST = 10_000
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class _Screen(io.TextIOBase):
    """A stream to the terminal that does not mind when the terminal is gone.

    Textual writes in a thread of its own, and waits for it: an error there would keep the process from ending.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """That of the terminal."""
        return self._stream.encoding

    def write(self, text: str) -> int:
        """Write, or not."""
        with suppress(OSError, ValueError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Flush, or not."""
        with suppress(OSError, ValueError):
            self._stream.flush()

    def fileno(self) -> int:
        """Return the descriptor of the terminal."""
        return self._stream.fileno()

    def isatty(self) -> bool:
        """Tell whether it is a terminal."""
        return self._stream.isatty()


class Terminal:
    """Holds the terminal for as long as the context lasts.

    Attributes:
        streams: ``sys.stdout`` and ``sys.stderr``, which now lead into the pipe. Textual puts others in their place.
        lines: what was written to descriptors 1 and 2, oldest first; whoever shows it takes it from here.
        signalled: the first signal to end that came while the event loop did not take it, 0 if none did.
    """

    def __init__(self) -> None:
        self.streams: tuple[TextIO, TextIO] = (sys.stdout, sys.stderr)
        self.lines: deque[str] = deque(maxlen=_MOST)
        self._raw = RawOutput(self.lines.append)
        self._originals = (sys.__stdout__, sys.__stderr__)
        self._handlers: dict[int, Any] = {}
        self.signalled = 0

    def __enter__(self) -> Terminal:
        found = {number: signal.getsignal(number) for number in _ENDING}
        self._handlers = {number: handler for number, handler in found.items() if handler != signal.SIG_IGN}
        self.keep_signals()
        self._raw.__enter__()
        sys.__stdout__ = _Screen(self._raw.out)  # type: ignore[misc, assignment]
        sys.__stderr__ = _Screen(self._raw.err)  # type: ignore[misc, assignment]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        sys.__stdout__, sys.__stderr__ = self._originals  # type: ignore[misc]
        hand_over(self._raw)
        for number, handler in self._handlers.items():
            signal.signal(number, handler)

    def keep_from_others(self) -> None:
        """Textual has what it writes to: ``sys.__stdout__`` is again what anybody may write to."""
        sys.__stdout__, sys.__stderr__ = self._originals  # type: ignore[misc]

    def size(self) -> tuple[int, int]:
        """Return its columns and rows, those that the environment says, or the usual ones if it is gone."""
        try:
            now = os.get_terminal_size(self._raw.out.fileno())
        except OSError:  # its window was closed; that the process ends for it is said by a signal
            now = os.terminal_size((80, 24))
        return shutil.get_terminal_size(fallback=now)

    def keep_signals(self) -> None:
        """Let no signal end the process where it stands, with the terminal half set up; whoever can ends it then."""
        for number in self._handlers:
            signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        self.signalled = self.signalled or number

    @property
    def out(self) -> TextIO:
        """A stream to where stdout led; it stays usable afterwards."""
        return self._raw.out

    @property
    def err(self) -> TextIO:
        """A stream to where stderr led; it stays usable afterwards."""
        return self._raw.err

    def close_for_others(self) -> None:
        """Let nobody but us write there any more, until the process has ended: threads are left behind in tasks."""
        self._raw.close(silence=True)

    def take(self) -> list[str]:
        """Take the lines that have come since the last call."""
        return [self.lines.popleft() for _ in range(len(self.lines))]

    def rest(self) -> list[str]:
        """Return what nobody took, safe to print: a crash of the screen is told there."""
        return [visible(text) for text in self.take()]

    def run(self, command: list[str], *, foreground: bool) -> None:
        """Run an editor, with the terminal if it needs it.

        Args:
            command: its words.
            foreground: it has the terminal until it ends; else it goes on by itself.

        Raises:
            OSError: it cannot be started.
        """
        if foreground:
            subprocess.run(command, stdout=self._raw.out, stderr=self._raw.err, check=False)
        else:
            subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
