"""What somebody else's code writes once it is loaded or has run: its threads, and what it registered for the end.

It is the workflow file's, and as little for a terminal as what it writes before: until the process has ended it goes to
stderr line by line, made visible. What is written once the interpreter is being taken down is dropped.
"""

from __future__ import annotations

import atexit
import os
import sys
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:  # most of what it needs is loaded by then, and a command that loads no file needs none of it
    from fwtui.session.rawoutput import RawOutput

__all__ = ["hand_over", "own_process", "own_stdout", "stay_until_the_end", "take_from_now_on"]


class _Process:
    """What holds for the one process that this is.

    Attributes:
        own: it is ours alone, so that its descriptors need not be as they were.
        raw: what takes its output until the end.
    """

    own = False
    raw: RawOutput | None = None


def own_process() -> None:
    """The process ends when we are done. Called before anybody else can register something for its end."""
    _Process.own = True
    atexit.register(_last)


def hand_over(raw: RawOutput) -> None:
    """All is said: take what is written from now on, if the process is ours; else it is somebody else's again."""
    if not _Process.own:
        raw.close()
        return
    _Process.raw = raw
    raw.give_to(_say)


def take_from_now_on(raw: RawOutput) -> None:
    """Somebody's code is loaded: take what it writes from now on, if the process is ours and nobody takes it yet."""
    if _Process.own and _Process.raw is None:
        hand_over(raw)


def own_stdout() -> TextIO:
    """Return a stream for what we say ourselves, which leads to stdout whatever becomes of what others write there."""
    if not _Process.own:
        return sys.stdout
    from fwtui.session.rawoutput import stream_to

    return stream_to(os.dup(1), sys.stdout)


def stay_until_the_end() -> None:
    """A command is done: if it has loaded somebody's code, take what that still writes."""
    if _Process.own and _Process.raw is None and "fwtui.session.imports" in sys.modules:
        from fwtui.session.rawoutput import RawOutput

        hand_over(RawOutput(_say).__enter__())


def _say(text: str) -> None:
    from fwtui.model.text import visible_lines
    from fwtui.streams import SteadyStream

    if _Process.raw is not None:
        SteadyStream(_Process.raw.err).write("".join(f"{line}\n" for line in visible_lines(text)))


def _last() -> None:
    if _Process.raw is not None:
        _Process.raw.close(silence=True)
