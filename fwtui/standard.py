"""The standard streams of the process, as whoever starts us left them: closed, or with nobody at the other end."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import NoReturn

__all__ = ["complain", "end_at_once", "let_go_of_stdout", "open_what_is_closed"]

_LINES = 3


def complain(text: str) -> None:
    """Write up to three lines to stderr, the first behind our name."""
    from fwtui.model.text import visible

    lines = [visible(line) for line in text.strip().split("\n")[:_LINES]]
    try:
        sys.stderr.write("fwtui: " + "\n".join(lines) + "\n")
        sys.stderr.flush()
    except (OSError, ValueError, AttributeError):
        return  # nobody is there to read it


def open_what_is_closed() -> None:
    """Let the first three descriptors lead somewhere: else the next file that is opened would be our stdout."""
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, mode, encoding="utf-8", closefd=False))


def end_at_once(code: int) -> NoReturn:
    """End the process although threads are stuck in it, and without waiting for what these have started."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit(code)


def let_go_of_stdout() -> None:
    """Keep Python from complaining, at its end, of a reader that has gone."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError, AttributeError):
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), 1)
