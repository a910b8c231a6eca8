"""The task table as lines: which columns there are at a width, and one row of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from fwtui.model.breakpoints import VERY_WIDE, WIDE
from fwtui.model.key_names import USUAL, KeyNames
from fwtui.model.segments import (
    Line,
    Segment,
    cells,
    crop,
    cut_end,
    cut_middle,
    line,
    pad_end,
    pad_start,
    plain,
    spread,
)
from fwtui.model.sorting import Order
from fwtui.model.status import LOOKS, State
from fwtui.model.views import RunView, TaskView
from fwtui.model.words import started_text, time_text, try_text, why_text

__all__ = ["Columns", "RowFacts", "column_at", "columns_for", "heading_line", "row_line", "shown_columns"]

_MARKS = 2
_ICON = 2
_STATUS = 11
_TIME = 7
_GAP = 2
_TRY = 3
_STARTED = 8
_FEWEST_WHY = 16
_SHORTEST_WHY = 6
_LONGEST_NAME = 24
_LONGEST_NAME_WIDE = 32
_AS_IT_IS = Order()


@dataclass(frozen=True, slots=True)
class Columns:
    """Widths of the table's columns in cells; 0 means that a column is not shown."""

    width: int
    status: int
    name: int
    time: int
    tries: int
    started: int

    @property
    def why(self) -> int:
        """What is left for WHY; a reason of a few cells says nothing."""
        left = self.width - self.before_why
        return left if left >= _SHORTEST_WHY else 0

    @property
    def before_why(self) -> int:
        """Where WHY starts."""
        more = (self.tries + _GAP + self.started + _GAP) if self.tries else 0
        return _MARKS + _ICON + self.status + self.name + _GAP + self.time + _GAP + more


@dataclass(frozen=True, slots=True)
class RowFacts:
    """What a row says that is not in the view: the moment, what the person did with it, and the keys they have."""

    now: float
    cursor: bool = False
    marked: bool = False
    scroll: int = 0
    names: KeyNames = USUAL


def columns_for(longest: int, width: int, states: Iterable[State] = (), *, screen: int | None = None) -> Columns:
    """Return the columns for a table in ``width`` cells.

    Args:
        longest: cells of the longest name.
        width: cells of a row.
        states: those that some task is in.
        screen: cells of the whole screen, where the table has only a part of it.
    """
    screen = screen or width
    wide = screen >= WIDE
    limit = _LONGEST_NAME_WIDE if screen >= VERY_WIDE else _LONGEST_NAME
    status = max(_STATUS, max((cells(state.value) for state in states), default=0) + 1)
    # Names give way before times do, and on a side of the screen before the reasons do.
    more = _TRY + _STARTED + 2 * _GAP + _FEWEST_WHY if wide else 0
    room = width - _MARKS - _ICON - status - _TIME - 2 * _GAP
    name = min(longest, max(8, min(limit, room - _GAP - more)))
    if room - name < _SHORTEST_WHY:
        # There will be no reasons: their cells are the names'.
        name = min(longest, limit, room)
    return Columns(
        width=width,
        status=status,
        name=max(name, len("TASK")),
        time=_TIME + (2 if wide else 0),
        tries=_TRY if wide else 0,
        started=_STARTED if wide else 0,
    )


def _titles(columns: Columns) -> list[tuple[str, str, int]]:
    """Return each column that is shown, its title, and the cell at which it begins; TIME stands at its end."""
    name = _MARKS + _ICON + columns.status
    time = name + columns.name + _GAP
    tries = time + columns.time + _GAP
    made = [("status", "STATUS", _MARKS + _ICON), ("task", "TASK", name), ("time", "TIME", time)]
    if columns.tries:
        made += [("try", "TRY", tries), ("started", "STARTED", tries + columns.tries + _GAP)]
    return [*made, ("why", "WHY", columns.before_why)] if columns.why else made


def shown_columns(columns: Columns) -> list[str]:
    """Return the columns that are shown, as ``sorting.COLUMNS`` calls them."""
    return [column for column, _, _ in _titles(columns)]


def column_at(columns: Columns, x: int) -> str:
    """Return the column whose title a cell of the heading belongs to, "" left of the first."""
    return next((column for column, _, start in reversed(_titles(columns)) if x >= start), "")


def heading_line(columns: Columns, note: str = "", order: Order = _AS_IT_IS) -> Line:
    """Return the table's heading, with an arrow at the column that the rows are sorted by.

    Args:
        columns: what is shown.
        note: what stands at its right end (which rows are shown, which filter holds).
        order: in which order the rows are.
    """
    titles = _titles(columns)
    parts = [Segment(" " * (titles[0][2] - 1), "muted")]
    ends = [start for _, _, start in titles[1:]] + [columns.before_why + (len("WHY") + 1 if columns.why else 0)]
    for (column, title, start), end in zip(titles, ends, strict=True):
        own = column == order.column
        text = title + ("↓" if order.down else "↑") if own else title
        if column == "time":
            text = pad_start(text, columns.time + (1 if own else 0))
        parts.append(Segment(pad_end(text, end - start), "strong" if own else "muted"))
    parts[-1] = Segment(parts[-1].text.rstrip(), parts[-1].role)
    alike = groupby(parts, key=lambda part: part.role)
    left = line(*(Segment(plain(same), role) for role, same in alike))
    return spread(left, line(Segment(note, "muted")), columns.width)


def row_line(view: RunView, task: TaskView, columns: Columns, facts: RowFacts) -> Line:
    """Return a task's row, cut at the right end of the table."""
    look = LOOKS[task.state]
    text = look.text_role
    times = " " * _GAP + pad_start(cut_end(time_text(task, facts.now), columns.time), columns.time) + " " * _GAP
    parts = [
        Segment("›" if facts.cursor else " "),
        Segment("*" if facts.marked else " ", "accent"),
        Segment(pad_end(look.icon, _ICON), look.icon_role),
        Segment(pad_end(task.state.value, columns.status), look.word_role),
        Segment(pad_end(cut_middle(task.title, columns.name), columns.name), look.name_role),
        Segment(times, text),
    ]
    if columns.tries:
        parts.append(Segment(pad_end(cut_end(try_text(task), columns.tries), columns.tries + _GAP), text))
        parts.append(Segment(pad_end(started_text(task), columns.started + _GAP), text))
    why = why_text(view, task, facts.names)
    if facts.scroll:
        why = crop(why, facts.scroll)
    parts.append(Segment(cut_end(why, columns.why), text))
    return line(*parts)
