"""The runs of a workflow: a line-API widget over the model, with a cursor and a filter of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.binding import BindingType
from textual.message import Message
from textual.strip import Strip

from fwtui.model.runs import RunRow, shown_runs
from fwtui.model.runs_lines import Columns, columns_for, heading_line, run_line, title_text
from fwtui.model.segments import Segment, line
from fwtui.widgets.bindings import bindings_of
from fwtui.widgets.cursor_rows import CursorRows

__all__ = ["Runs"]


class Runs(CursorRows[int]):
    """A heading and one row a run, the newest first.

    Args:
        clock: seconds since the epoch.

    Attributes:
        filter_text: the filter that holds.
    """

    BINDINGS: ClassVar[list[BindingType]] = bindings_of("runs")

    class Selected(Message):
        """A person has moved the cursor to another run."""

        def __init__(self, run_id: int) -> None:
            super().__init__()
            self.run_id = run_id

    class Opened(Message):
        """A person wants to see a run."""

        def __init__(self, run_id: int) -> None:
            super().__init__()
            self.run_id = run_id

    class Changed(Message):
        """The title is another one."""

    def __init__(self, clock: Callable[[], float], *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._clock = clock
        self.filter_text = ""
        self._rows: dict[int, RunRow] = {}
        self._columns = columns_for((), 80, 0.0)

    # -- what is shown ----------------------------------------------------------------------------------------------

    def show(self, rows: Sequence[RunRow]) -> None:
        """Show these runs; where they are the same ones, only rows that say something else are drawn anew."""
        before, self._rows = self._rows, {row.run_id: row for row in rows}
        if before.keys() != self._rows.keys() or self.filter_text:
            self._filter()
            return
        changed = {number for number, row in self._rows.items() if before[number] != row}
        if changed and self._measure_columns():
            self.refresh()
        else:
            self.refresh_rows(changed)

    def set_filter(self, text: str) -> None:
        """Show only the runs that match; a cursor on a hidden row goes to the first match."""
        self.filter_text = text
        self._filter()

    def _filter(self) -> None:
        self._measure_columns()
        self.set_rows([row.run_id for row in shown_runs(self._rows.values(), self.filter_text)])
        if self.cursor not in self.keys:
            self.move_to(self.keys[0] if self.keys else None)
        self.post_message(self.Changed())

    def tick(self) -> None:
        """Move what goes on; to be called once a second."""
        self.refresh_rows({number for number in self.in_sight() if self._rows[number].going_on})

    @property
    def title(self) -> str:
        """What the rule above says: how many there are, or which filter holds."""
        return title_text(len(self._rows), len(self.keys), self.filter_text)

    @property
    def selected(self) -> RunRow | None:
        """The run under the cursor."""
        return None if self.cursor is None else self._rows.get(self.cursor)

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
        before: Columns = self._columns
        self._columns = columns_for(tuple(self._rows.values()), self.size.width, self._clock())
        return before != self._columns

    # -- drawing ----------------------------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        """Return the heading, or a row."""
        width = self.size.width
        if not self._rows:
            return self.strip_of(line(Segment(" Nothing has run yet.", "muted")) if y == 0 else (), width)
        if y == 0:
            return self.strip_of(heading_line(self._columns), width)
        number = self.row_at(y)
        if number is None:
            return self.strip_of((), width)
        row = run_line(
            self._rows[number], self._columns, self._clock(), cursor=number == self.cursor, ascii_only=self.ascii
        )
        return self.strip_of(row, width, self.role_of_row(number))

    # -- the cursor -------------------------------------------------------------------------------------------------

    def moved(self) -> None:
        """Say where the cursor is."""
        if self.cursor is not None:
            self.post_message(self.Selected(self.cursor))

    def opened(self) -> None:
        """Say which run is to be seen."""
        if self.cursor is not None:
            self.post_message(self.Opened(self.cursor))
