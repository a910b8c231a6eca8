"""Rows under a heading, with a cursor and a filter of their own: what the runs and the workflows have in common."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Generic, Protocol, TypeVar

from textual.message import Message
from textual.strip import Strip

from fwtui.model.segments import Line, Segment, line, plain
from fwtui.widgets.cursor_rows import CursorRows

__all__ = ["Listing"]


class _Row(Protocol):
    @property
    def going_on(self) -> bool: ...


K = TypeVar("K", bound=Hashable)
R = TypeVar("R", bound=_Row)
C = TypeVar("C")


class Listing(CursorRows[K], Generic[K, R, C]):
    """A heading and one row for each of some things.

    Args:
        clock: seconds since the epoch.

    Attributes:
        filter_text: the filter that holds.
    """

    EMPTY = ""
    """What is said where there is nothing."""

    class Changed(Message):
        """The title is another one."""

    def __init__(self, clock: Callable[[], float], *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._clock = clock
        self.filter_text = ""
        self._rows: dict[K, R] = {}
        self._columns = self.columns_for((), 80, 0.0)

    # -- what a kind of list says about itself ----------------------------------------------------------------------

    def key_of(self, row: R) -> K:
        """Return what tells a row from the others."""
        raise NotImplementedError

    def columns_for(self, rows: Sequence[R], width: int, now: float) -> C:
        """Share out the width."""
        raise NotImplementedError

    def matching(self, rows: Iterable[R], text: str) -> list[R]:
        """Return the rows that a filter shows."""
        raise NotImplementedError

    def title_of(self, rows: Sequence[R], shown: int, text: str) -> str:
        """Return what is said above the list."""
        raise NotImplementedError

    def heading(self, columns: C) -> Line:
        """Return the heading."""
        raise NotImplementedError

    def row_line(self, row: R, columns: C, now: float, *, cursor: bool) -> Line:
        """Return one row."""
        raise NotImplementedError

    # -- what is shown ----------------------------------------------------------------------------------------------

    def show(self, rows: Sequence[R]) -> None:
        """Show these; where they are the same ones, only rows that say something else are drawn anew."""
        before, self._rows = self._rows, {self.key_of(row): row for row in rows}
        if before.keys() != self._rows.keys() or self.filter_text:
            self._filter()
            return
        changed = {key for key, row in self._rows.items() if before[key] != row}
        if changed and self._measure_columns():
            self.refresh()
        else:
            self.refresh_rows(changed)

    def set_filter(self, text: str) -> None:
        """Show only the rows that match; a cursor on a hidden row goes to the first match."""
        self.filter_text = text
        self._filter()

    def _filter(self) -> None:
        self._measure_columns()
        self.set_rows([self.key_of(row) for row in self.matching(self._rows.values(), self.filter_text)])
        if self.cursor not in self.keys:
            self.move_to(self.keys[0] if self.keys else None)
        self.post_message(self.Changed())

    def tick(self) -> None:
        """Move what goes on; to be called once a second."""
        self.refresh_rows({key for key in self.in_sight() if self._rows[key].going_on})

    @property
    def title(self) -> str:
        """What is said above the list: how many there are, or which filter holds."""
        return self.title_of(self.rows, len(self.keys), self.filter_text)

    @property
    def rows(self) -> tuple[R, ...]:
        """All of them, whatever the filter shows."""
        return tuple(self._rows.values())

    @property
    def selected(self) -> R | None:
        """The row under the cursor."""
        return None if self.cursor is None else self._rows.get(self.cursor)

    @property
    def text_under_cursor(self) -> str:
        """The row under the cursor as plain text."""
        row = self.selected
        return "" if row is None else plain(self.row_line(row, self._columns, self._clock(), cursor=False)).strip()

    # -- measures ---------------------------------------------------------------------------------------------------

    @property
    def head(self) -> int:
        """Lines above the rows."""
        return 1

    @property
    def room(self) -> int:
        """Lines for rows."""
        return max(0, self.size.height - 1)

    def measure(self) -> None:
        """Share out the width anew as well."""
        self._measure_columns()
        super().measure()

    def _measure_columns(self) -> bool:
        """Share out the width; return whether that makes a difference."""
        before = self._columns
        self._columns = self.columns_for(self.rows, self.size.width, self._clock())
        return before != self._columns

    # -- drawing ----------------------------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        """Return the heading, or a row."""
        width = self.size.width
        if not self._rows:
            return self.strip_of(line(Segment(f" {self.EMPTY}", "muted")) if y == 0 else (), width)
        if y == 0:
            return self.strip_of(self.heading(self._columns), width)
        key = self.row_at(y)
        if key is None:
            return self.strip_of((), width)
        row = self.row_line(self._rows[key], self._columns, self._clock(), cursor=key == self.cursor)
        return self.strip_of(row, width, self.role_of_row(key))
