"""An exception's way as text that may be stored: frames and messages, never source text or local variables.

A reader shows the source lines from the files themselves. The form is Python's own without the source lines, so that a
person reads it at once and a program finds its frames again (:func:`frames_in`).
"""

from __future__ import annotations

import os
import re
from types import TracebackType
from typing import NamedTuple

from flowweaver.errors import describe_exception

__all__ = ["HERE", "Frame", "frames_in", "traceback_of", "traceback_text"]

_FRAMES = 40
_CHAIN = 8
HERE = os.path.dirname(os.path.abspath(__file__)) + os.sep
_FRAME = re.compile(r'^  File "(?P<file>.*)", line (?P<line>\d+), in (?P<function>.*)$')
_CAUSE = "The above exception was the direct cause of the following exception:"
_CONTEXT = "During handling of the above exception, another exception occurred:"

# Read past whatever an exception's own class makes of these names.
_cause_of = BaseException.__dict__["__cause__"].__get__
_context_of = BaseException.__dict__["__context__"].__get__
_hides_context = BaseException.__dict__["__suppress_context__"].__get__
traceback_of = BaseException.__dict__["__traceback__"].__get__
_members_of = BaseExceptionGroup.__dict__["exceptions"].__get__


class Frame(NamedTuple):
    """One frame: absolute file, line from 1, function."""

    file: str
    line: int
    function: str


def _frames(traceback: TracebackType | None) -> list[str]:
    lines = []
    own = True
    while traceback is not None:
        code = traceback.tb_frame.f_code
        # The frames by which the engine called the task say nothing to its author; those behind it stay.
        own = own and code.co_filename.startswith(HERE)
        if not own:
            lines.append(f'  File "{code.co_filename}", line {traceback.tb_lineno}, in {code.co_name}')
        traceback = traceback.tb_next
    if len(lines) > _FRAMES:
        half = _FRAMES // 2
        lines[half:-half] = [f"  ... {len(lines) - _FRAMES:,} more frames ..."]
    return lines


def traceback_text(error: BaseException) -> str:
    """Return the traceback of an exception and of what led to it, oldest first, bounded in frames, chain and text."""
    blocks: list[list[str]] = []
    seen: set[int] = set()
    at: BaseException | None = error
    while at is not None and id(at) not in seen and len(blocks) < _CHAIN:
        seen.add(id(at))
        lines = _frames(traceback_of(at))
        head = ["Traceback (most recent call last):"] if lines else []
        block = [*head, *lines, *describe_exception(at).split("\n")]
        if issubclass(type(at), BaseExceptionGroup):
            members = _members_of(at)[:_CHAIN]
            block += [f"  {number}. {describe_exception(inner)}" for number, inner in enumerate(members, 1)]
        cause, context = _cause_of(at), None if _hides_context(at) else _context_of(at)
        if cause is not None:
            block = [_CAUSE, "", *block]
        elif context is not None:
            block = [_CONTEXT, "", *block]
        at = context if cause is None else cause
        blocks.append(block)
    return "\n\n".join("\n".join(block) for block in reversed(blocks))


def frames_in(text: str | None) -> list[Frame]:
    """Return the frames of the last exception of a text made by :func:`traceback_text`, outermost first."""
    frames: list[Frame] = []
    for line in (text or "").split("\n"):
        found = _FRAME.match(line)
        if found:
            frames.append(Frame(found["file"], int(found["line"]), found["function"]))
        elif line in (_CAUSE, _CONTEXT):
            frames = []
    return frames
