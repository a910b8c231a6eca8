"""The workflows among which a person picks, as lines: which columns there are at a width, and one row of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fwtui.model.breakpoints import WIDE
from fwtui.model.picker import PickRow
from fwtui.model.segments import Line, Segment, cells, clip, cut_end, cut_middle, line, pad_end, pad_start, spread
from fwtui.model.status import COUNT_ORDER, LOOKS, State
from fwtui.model.text import duration, visible
from fwtui.model.times import when_text

__all__ = ["Columns", "columns_for", "head_line", "heading_line", "pick_line"]

_GAP = 2
_ICON = 2
_TIME = 7
_LONGEST_NAME = 24
_LONGEST_FILE = 32
_LEAST_NOTE = 12


@dataclass(frozen=True, slots=True)
class Columns:
    """Widths of the columns in cells; 0 means that a column is not shown."""

    width: int
    word: int
    name: int
    file: int
    when: int
    time: int
    note: int
    wide: bool


def columns_for(rows: Sequence[PickRow], width: int, now: float) -> Columns:
    """Return the columns for some workflows in ``width`` cells: NOTE goes first, then FILE, TIME and STARTED.

    Args:
        rows: all of them, whatever a filter shows.
        width: cells of a row.
        now: seconds since the epoch: what is of today has a time of day only.
    """
    wide = width >= WIDE
    word = max(6, max((cells(row.word) for row in rows), default=0))
    name = _column((row.title for row in rows), "WORKFLOW", _LONGEST_NAME)
    file = _column((row.file for row in rows), "FILE", _LONGEST_FILE)
    times = (when_text(row.started_at, now, wide=wide) for row in rows if row.started_at is not None)
    left = width - 2 - _ICON - word - _GAP - name - 1
    shown = []
    for size in (_column(times, "STARTED", width), _TIME, file):
        shown.append(size if size + _GAP <= left else 0)
        left -= size + _GAP  # what comes after something that has no room has none either
    when, time, file = shown
    note = left - _GAP
    return Columns(width, word, name, file, when, time, note if note >= _LEAST_NOTE else 0, wide)


def _column(texts: Iterable[str], heading: str, most: int) -> int:
    return min(max(len(heading), max(map(cells, texts), default=0)), most)


def head_line(title: str, note: str, rows: Sequence[PickRow], width: int, *, ascii_only: bool = False) -> Line:
    """Return the first line: the place, how many there are, and how many stand in which way.

    Args:
        title: the place.
        note: how many there are, or which filter holds.
        rows: all of them.
        width: cells of the line.
        ascii_only: draw nothing but ASCII.
    """
    counts: list[str | Segment] = []
    for states in COUNT_ORDER:
        number = sum(row.state in states for row in rows)
        look = LOOKS[states[0]]
        icon = look.ascii if ascii_only else look.icon
        counts += ["  " if counts else "", Segment(icon, look.icon_role), f" {number:,}"] if number else []
    return spread(line(Segment(visible(title), "strong"), f"  {note}"), line(*counts), width)


def heading_line(columns: Columns) -> Line:
    """Return the heading."""
    parts = ["  ", pad_end("STATUS", _ICON + columns.word + _GAP), pad_end("WORKFLOW", columns.name)]
    parts += [" " * _GAP + pad_end("FILE", columns.file)] if columns.file else []
    parts += [" " * _GAP + pad_end("STARTED", columns.when)] if columns.when else []
    parts += [" " * _GAP + pad_start("TIME", columns.time)] if columns.time else []
    parts += [" " * _GAP + "NOTE"] if columns.note else []
    return clip(line(Segment("".join(parts), "muted")), columns.width)


def pick_line(row: PickRow, columns: Columns, now: float, *, cursor: bool = False, ascii_only: bool = False) -> Line:
    """Return one workflow's row, cut at the right end."""
    look = LOOKS[row.state]
    mark = ">" if ascii_only else "›"
    seconds = now - row.started_at if row.going_on and row.started_at is not None else row.seconds
    when = "" if row.started_at is None else when_text(row.started_at, now, wide=columns.wide)
    parts: list[str | Segment] = [
        f"{mark if cursor else ' '} ",
        Segment(pad_end(look.ascii if ascii_only else look.icon, _ICON), look.icon_role),
        Segment(pad_end(row.word, columns.word + _GAP), look.word_role or look.icon_role),
        Segment(pad_end(cut_middle(row.title, columns.name), columns.name), look.name_role),
    ]
    if columns.file:
        parts += [" " * _GAP, Segment(pad_end(cut_middle(row.file, columns.file), columns.file), "muted")]
    if columns.when:
        parts += [" " * _GAP, Segment(pad_end(cut_end(when, columns.when), columns.when), "muted")]
    if columns.time:
        parts += [" " * _GAP, pad_start(cut_end(duration(seconds), columns.time), columns.time)]
    if columns.note:
        role = look.text_role if row.state is not State.DONE else "muted"
        parts += [" " * _GAP, Segment(cut_end(row.note, columns.note), role)]
    return clip(line(*parts), columns.width)
