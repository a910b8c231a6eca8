"""Where a running task is, as lines: the user's own frames with their source, then the way there through libraries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flowweaver.tracebacks import Frame
from fwtui.model.frames import Excerpt, shown_path
from fwtui.model.logtext import excerpt_lines
from fwtui.model.segments import Line, Segment, line
from fwtui.model.text import count_of, duration, visible
from fwtui.model.times import clock_text

__all__ = ["Sighting", "stack_lines", "stack_title"]


@dataclass(frozen=True, slots=True)
class Sighting:
    """Where a task was at a moment.

    Attributes:
        task: its name, safe to show.
        moment: when somebody looked, seconds since the epoch.
        since: when the attempt began, None if that is not known.
        frames: innermost last; none if it was nowhere any more.
        excerpts: those of the user's own code, innermost first.
        here: the folder from which paths are shown.
    """

    task: str
    moment: float
    since: float | None
    frames: Sequence[Frame]
    excerpts: Sequence[Excerpt]
    here: str


def stack_title(seen: Sighting) -> str:
    """Return "extract_flights, running for 12s"."""
    if not seen.frames:
        return seen.task
    return f"{seen.task}, running for {duration(seen.moment - seen.since)}" if seen.since else f"{seen.task}, running"


def stack_lines(seen: Sighting) -> list[Line]:
    """Return what the page says: the user's frames, and below them all frames, if there are others."""
    at = clock_text(seen.moment)
    if not seen.frames:
        return [(), line(f" At {at} {seen.task} was not running any more.")]
    made = [(), line(Segment(f" At {at} it was here, innermost first:", "muted")), ()]
    made += excerpt_lines(seen.excerpts)
    if len(seen.frames) > len(seen.excerpts):
        made += [(), line(Segment(f" All {count_of(len(seen.frames), 'frame')}:", "muted")), ()]
        for frame in reversed(seen.frames):
            where = f"{shown_path(frame.file, seen.here)}:{frame.line} in {visible(frame.function)}"
            made.append(line(Segment(f"   {where}", "muted")))
    return made
