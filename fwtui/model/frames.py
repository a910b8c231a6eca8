"""From a stored traceback to the lines of code a person wants to see: theirs, innermost first.

Source text is never stored. It is read from the files when it is shown, and not shown where the file has changed since,
for a line number would then point at another line.
"""

from __future__ import annotations

import os
import sysconfig
from collections.abc import Sequence
from dataclasses import dataclass, replace

from flowweaver.tracebacks import Frame, frames_in
from fwtui.model.text import visible

__all__ = ["Excerpt", "excerpt", "own_frames", "shown_path", "users_frames"]

_CONTEXT = 2
_MOST = 8


@dataclass(frozen=True, slots=True)
class Excerpt:
    """One frame as it is shown.

    Attributes:
        file: its file as shown to a person.
        path: the same, absolute.
        line: from 1.
        lines: source lines with their numbers, the frame's own line last; none where they cannot be had.
        changed: the file was written after the error happened.
    """

    file: str
    path: str
    line: int
    function: str
    lines: tuple[tuple[int, str], ...] = ()
    changed: bool = False

    @property
    def where(self) -> str:
        """Return "workflows/etl.py:88 in nearest_hour"; without a function only the place."""
        place = f"{self.file}:{self.line}"
        return f"{place} in {self.function}" if self.function else place


def _outside() -> tuple[str, ...]:
    paths = sysconfig.get_paths()
    return tuple({os.path.join(paths[name], "") for name in ("stdlib", "platstdlib", "purelib", "platlib")})


_COMPREHENSIONS = frozenset({"<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>"})


def _without_comprehensions(frames: Sequence[Frame]) -> list[Frame]:
    """Return frames without those of comprehensions, which say again what the frame around them says."""
    return [
        frame
        for before, frame in zip((None, *frames), frames, strict=False)
        if before is None or frame.function not in _COMPREHENSIONS or frame[:2] != before[:2]
    ]


def users_frames(traceback: str | None) -> list[Frame]:
    """Return the frames of the last exception that are the user's own, innermost first, at most eight."""
    return own_frames(frames_in(traceback))


def own_frames(frames: Sequence[Frame]) -> list[Frame]:
    """Return those of some frames that are the user's own, innermost first, at most eight.

    Frames of the standard library and of installed packages are left out, unless there are no others.
    """
    frames = _without_comprehensions(frames)
    outside = _outside()
    own = [
        frame
        for frame in frames
        if not frame.file.startswith(("<", *outside)) and f"{os.sep}site-packages{os.sep}" not in frame.file
    ]
    return list(reversed(own or frames[-1:]))[:_MOST]


def shown_path(path: str, here: str) -> str:
    """Return a path as a person knows it: relative to where they are, if it is below it."""
    inside = os.path.join(here, "")
    return visible(path[len(inside) :] if path.startswith(inside) else path)


def excerpt(frame: Frame, source: Sequence[str] | None, here: str, *, context: int, changed: bool = False) -> Excerpt:
    """Return a frame with its source line and up to ``context`` lines before it.

    Args:
        frame: the frame.
        source: the lines of its file, None if it cannot be read.
        here: the folder from which paths are shown.
        context: how many lines.
        changed: the file was written after the error happened: then no line is shown.
    """
    shown = Excerpt(shown_path(frame.file, here), frame.file, frame.line, visible(frame.function), changed=changed)
    if source is None or changed or not 1 <= frame.line <= len(source):
        return shown
    first = max(1, frame.line - context)
    lines = tuple((number, visible(source[number - 1].rstrip("\n"), tab=4)) for number in range(first, frame.line + 1))
    return replace(shown, lines=lines)


def context_of(position: int) -> int:
    """Return how many lines before its own a frame shows: the innermost two, those that only led there none."""
    return 0 if position else _CONTEXT
