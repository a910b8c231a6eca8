"""Where a task is while it runs: the frames of its thread or of its coroutine, never what is in their variables.

Nothing is noted while tasks run. A thread is found by the frame in which it makes the attempt, so that whoever never
asks pays nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Coroutine, Iterator
from types import CoroutineType, FrameType, GeneratorType
from typing import Any

from flowweaver.attempt import Attempt
from flowweaver.tracebacks import HERE, Frame

__all__ = ["coroutine_stack", "thread_stack"]

_MOST = 200
"""Frames that are told; of a deeper recursion the innermost."""

_CALL = Attempt.call.__code__


def thread_stack(attempt: Attempt) -> list[Frame]:
    """Return the frames of the thread that makes an attempt, outermost first; none if no thread does."""
    for frame in sys._current_frames().values():
        inside: list[FrameType] = []
        for each in _outwards(frame):
            if each.f_code is _CALL and each.f_locals.get("self") is attempt:
                return _told(reversed(inside))
            inside.append(each)
    return []


def coroutine_stack(coroutine: Coroutine[Any, Any, Any]) -> list[Frame]:
    """Return the frames of a coroutine and of what it waits for, outermost first."""
    outermost = getattr(coroutine, "cr_frame", None)
    for frame in sys._current_frames().values():
        inside = []
        for each in _outwards(frame):
            inside.append(each)
            if each is outermost:  # it is computing at this moment
                return _told(reversed(inside))
    return _told(_waiting(coroutine))


def _outwards(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back


def _waiting(awaited: object) -> Iterator[FrameType]:
    """Yield the frames of a coroutine that does not compute, and of the chain of coroutines that it waits for."""
    frame: FrameType | None
    while True:
        if isinstance(awaited, CoroutineType):
            frame, awaited = awaited.cr_frame, awaited.cr_await
        elif isinstance(awaited, GeneratorType):
            frame, awaited = awaited.gi_frame, awaited.gi_yieldfrom
        else:
            return
        if frame is not None:
            yield frame


def _told(frames: Iterator[FrameType]) -> list[Frame]:
    """Return frames as plain data, without those by which the engine called the task."""
    told = [Frame(each.f_code.co_filename, each.f_lineno or 0, each.f_code.co_name) for each in frames]
    first = next((place for place, frame in enumerate(told) if not frame.file.startswith(HERE)), len(told))
    return told[first:][-_MOST:]
