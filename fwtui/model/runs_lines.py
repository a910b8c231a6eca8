"""The runs as lines: which columns there are at a width, and one row of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fwtui.model.breakpoints import WIDE
from fwtui.model.runs import RunRow
from fwtui.model.segments import Line, Segment, cells, clip, cut_end, line, pad_end, pad_start, width_of
from fwtui.model.status import LOOKS, State
from fwtui.model.text import count_of, duration
from fwtui.model.times import when_text

__all__ = ["Columns", "columns_for", "heading_line", "run_line", "title_text"]

_GAP = 2
_ICON = 2
_OUTCOME = 12
_TIME = 7
_LONGEST_COUNTS = 34
_LONGEST_NOTE = 36


@dataclass(frozen=True, slots=True)
class Columns:
    """Widths of the columns in cells; 0 means that a column is not shown."""

    width: int
    number: int
    when: int
    counts: int
    note: int
    who: int
    wide: bool


def columns_for(rows: Sequence[RunRow], width: int, now: float) -> Columns:
    """Return the columns for some runs in ``width`` cells: what does not fit goes from the right.

    Args:
        rows: all of them, whatever a filter shows.
        width: cells of a row.
        now: seconds since the epoch: what is of today has a time of day only.
    """
    wide = width >= WIDE
    number = max(3, max((len(str(row.run_id)) for row in rows), default=0))
    when = max(8, max((len(when_text(row.started_at, now, wide=wide)) for row in rows), default=0))
    left = width - 2 - number - _GAP - when - _GAP - _ICON - _OUTCOME - _TIME - 1
    counts = _share(max((width_of(_counts(row)) for row in rows), default=0), _LONGEST_COUNTS, left, "TASKS")
    left -= counts + _GAP if counts else 0
    note = _share(max((cells(row.note) for row in rows), default=0), _LONGEST_NOTE, left, "NOTE")
    left -= note + _GAP if note else 0
    who = _share(max((cells(row.who) for row in rows), default=0), left, left, "BY") if wide else 0
    return Columns(width, number, when, counts, note, who, wide)


def _share(wanted: int, most: int, left: int, heading: str) -> int:
    """Return the cells of a column that would like to have so many: none if nothing is in it, or if it has no room."""
    room = left - _GAP
    return min(max(wanted, len(heading)), most, room) if wanted and room >= len(heading) else 0


def heading_line(columns: Columns) -> Line:
    """Return the heading."""
    parts = [
        "  ",
        pad_start("RUN", columns.number),
        " " * _GAP,
        pad_end("STARTED", columns.when),
        " " * _GAP,
        pad_end("OUTCOME", _ICON + _OUTCOME),
        pad_start("TIME", _TIME),
    ]
    for heading, size in (("TASKS", columns.counts), ("NOTE", columns.note), ("BY", columns.who)):
        parts.append(" " * _GAP + pad_end(heading, size) if size else "")
    return clip(line(Segment("".join(parts), "muted")), columns.width)


def run_line(row: RunRow, columns: Columns, now: float, *, cursor: bool = False, ascii_only: bool = False) -> Line:
    """Return one run's row, cut at the right end."""
    look = LOOKS[row.state]
    text = look.text_role if row.state is not State.DONE else ""
    mark = ">" if ascii_only else "›"
    seconds = duration(now - row.started_at if row.going_on else row.seconds)
    parts: list[str | Segment] = [
        f"{mark if cursor else ' '} ",
        Segment(pad_start(str(row.run_id), columns.number), "strong" if row.going_on else ""),
        " " * _GAP,
        Segment(pad_end(when_text(row.started_at, now, wide=columns.wide), columns.when), "muted"),
        " " * _GAP,
        Segment(pad_end(look.ascii if ascii_only else look.icon, _ICON), look.icon_role),
        Segment(pad_end(row.state.value, _OUTCOME), look.word_role),
        Segment(pad_start(cut_end(seconds, _TIME), _TIME)),
    ]
    if columns.counts:
        counts = clip(_counts(row, ascii_only=ascii_only), columns.counts)
        parts += [" " * _GAP, *counts, " " * (columns.counts - width_of(counts))]
    if columns.note:
        parts += [" " * _GAP, Segment(pad_end(cut_end(row.note, columns.note), columns.note), text)]
    if columns.who:
        parts += [" " * _GAP, Segment(cut_end(row.who, columns.who), "muted")]
    return clip(line(*parts), columns.width)


def _counts(row: RunRow, *, ascii_only: bool = False) -> Line:
    made: list[str | Segment] = []
    for state, number in row.counts:
        look = LOOKS[state]
        icon = look.ascii if ascii_only else look.icon
        made += ["  " if made else "", Segment(icon, look.icon_role), f" {number:,}"]
    return line(*made)


def title_text(total: int, shown: int, text: str = "") -> str:
    """Return what the rule above says: "31 runs", or which filter holds."""
    if text:
        return f"filter: {text}, {shown:,} of {total:,}"
    return count_of(total, "run") if total else ""
