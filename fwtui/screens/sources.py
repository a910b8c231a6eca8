"""Source lines for frames, read from the files at the moment they are shown. Blocking."""

from __future__ import annotations

import os
from collections.abc import Sequence

from flowweaver.records import AttemptRecord
from flowweaver.tracebacks import Frame
from fwtui.model.frames import Excerpt, context_of, excerpt, users_frames

__all__ = ["read_excerpts", "read_frames"]

_LARGEST = 5_000_000


def read_excerpts(attempt: AttemptRecord | None) -> list[Excerpt]:
    """Return the user's frames of a failed attempt, innermost first, each with its source lines."""
    if attempt is None or attempt.traceback is None:
        return []
    return read_frames(users_frames(attempt.traceback), attempt.started_at)


def read_frames(frames: Sequence[Frame], before: float) -> list[Excerpt]:
    """Return frames with their source lines, as far as their files were not written after a moment."""
    here = os.getcwd()
    sources: dict[str, tuple[list[str] | None, bool]] = {}
    made = []
    for position, frame in enumerate(frames):
        if frame.file not in sources:
            sources[frame.file] = _read(frame.file, before)
        source, changed = sources[frame.file]
        made.append(excerpt(frame, source, here, context=context_of(position), changed=changed))
    return made


def _read(path: str, before: float) -> tuple[list[str] | None, bool]:
    """Return a file's lines, None if it cannot be read, and whether it was written after a moment."""
    try:
        status = os.stat(path)
        if status.st_size > _LARGEST:
            return None, False
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read().split("\n"), status.st_mtime > before
    except OSError:
        return None, False
