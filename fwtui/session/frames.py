"""The user's own frames of an exception: where it happened, without the engine, the libraries and us."""

from __future__ import annotations

import linecache
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import NamedTuple

from flowweaver.tracebacks import frames_in
from fwtui.model.text import visible
from fwtui.session.project import shown

__all__ = ["SourceFrame", "own_frames", "raw_frames", "stored_frames"]

RawFrame = tuple[str, int, str]


class SourceFrame(NamedTuple):
    """One frame with its line as it is on disk now.

    Attributes:
        file: as shown to a person.
        path: the same, absolute.
        line: from 1.
        source: the line without indentation; empty if it cannot be read.
    """

    file: str
    path: str
    line: int
    function: str
    source: str = ""


def raw_frames(traceback: TracebackType | None) -> list[RawFrame]:
    """Return file, line and function of every frame, outermost first."""
    frames = []
    while traceback is not None:
        code = traceback.tb_frame.f_code
        frames.append((code.co_filename, traceback.tb_lineno, code.co_name))
        traceback = traceback.tb_next
    return frames


def own_frames(frames: Sequence[RawFrame], belongs: Callable[[str], bool]) -> list[SourceFrame]:
    """Return the frames in files of the project, outermost first, each with its source line."""
    found = []
    for path, line, function in frames:
        if not path.startswith("<") and belongs(path):
            linecache.checkcache(path)
            source = visible(linecache.getline(path, line).strip())
            found.append(SourceFrame(visible(shown(path)), path, line, visible(function), source))
    return found


def stored_frames(traceback: str | None, belongs: Callable[[str], bool]) -> list[SourceFrame]:
    """Return the project's frames of a traceback as it is stored; all frames if none is the project's."""
    frames = frames_in(traceback)
    return own_frames(frames, belongs) or own_frames(frames, lambda _: True)
