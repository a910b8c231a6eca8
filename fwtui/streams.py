"""Where a command's words go: a reader may leave, which stops nothing; a device that cannot take them is told of.

``fwtui run FILE | head`` is one who has seen enough. A full disk under ``fwtui plan FILE > plan.txt`` is not: somebody
relies on what is in that file.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from typing import TextIO

from fwtui.model.ascii_text import wants_ascii

__all__ = ["SteadyStream", "Unwritable", "ascii_only"]

_GONE = frozenset({errno.EPIPE, errno.ECONNRESET, errno.ESHUTDOWN, errno.EBADF, errno.EIO})
"""What a write says when nobody is there to read it: EIO is that of a terminal which was closed."""


class Unwritable(Exception):
    """Not all of an answer could be written, and its reader has not gone. The text is what a person reads.

    Attributes:
        code: the exit code.
    """

    def __init__(self, text: str, code: int = 1) -> None:
        super().__init__(text)
        self.code = code


class SteadyStream:
    """A stream whose reader may go away: from then on what is written is dropped, and nothing raises.

    Attributes:
        broken: nothing can be written any more.
        fault: why not, "" if the reader has only gone.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.broken = False
        self.fault = ""

    def write(self, text: str) -> int:
        """Write and flush."""
        if not self.broken:
            try:
                self._stream.write(text)
                self._stream.flush()
            except ValueError:  # it is closed
                self.broken = True
            except OSError as error:
                self.broken = True
                self.fault = "" if error.errno in _GONE else error.strerror or str(error)
        return len(text)

    def check(self, code: int = 1) -> None:
        """Tell of a fault.

        Args:
            code: the exit code that it is to end with.

        Raises:
            Unwritable: something could not be written, and not because nobody reads it.
        """
        if self.fault:
            raise Unwritable(f"stdout cannot be written: {self.fault}", code)

    def flush(self) -> None:
        """Everything is flushed as it is written."""

    def isatty(self) -> bool:
        """Tell whether it is a terminal."""
        try:
            return self._stream.isatty()
        except ValueError:
            return False

    def fileno(self) -> int:
        """Return the descriptor."""
        return self._stream.fileno()

    @property
    def encoding(self) -> str:
        """The encoding."""
        return self._stream.encoding or "utf-8"


def ascii_only(stream: SteadyStream, environ: Mapping[str, str] = os.environ) -> bool:
    """Tell whether only ASCII can be drawn."""
    return wants_ascii(stream.encoding, environ)
