"""The runs of a workflow: a line-API widget over the model."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual.binding import BindingType
from textual.message import Message

from fwtui.model.runs import RunRow, shown_runs
from fwtui.model.runs_lines import Columns, columns_for, heading_line, run_line, title_text
from fwtui.model.segments import Line
from fwtui.widgets.bindings import bindings_of
from fwtui.widgets.listing import Listing

__all__ = ["Runs"]


class Runs(Listing[int, RunRow, Columns]):
    """One row a run, the newest first."""

    BINDINGS: ClassVar[list[BindingType]] = bindings_of("runs")
    EMPTY = "Nothing has run yet."

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

    class Changed(Listing.Changed):
        """The title is another one."""

    def key_of(self, row: RunRow) -> int:
        """Return its number."""
        return row.run_id

    def columns_for(self, rows: Sequence[RunRow], width: int, now: float) -> Columns:
        """Share out the width."""
        return columns_for(rows, width, now)

    def matching(self, rows: Iterable[RunRow], text: str) -> list[RunRow]:
        """Return the runs that a filter shows."""
        return shown_runs(rows, text)

    def title_of(self, rows: Sequence[RunRow], shown: int, text: str) -> str:
        """Return how many there are, or which filter holds."""
        return title_text(len(rows), shown, text)

    def heading(self, columns: Columns) -> Line:
        """Return the heading."""
        return heading_line(columns)

    def row_line(self, row: RunRow, columns: Columns, now: float, *, cursor: bool) -> Line:
        """Return one run."""
        return run_line(row, columns, now, cursor=cursor, ascii_only=self.ascii)

    def moved(self) -> None:
        """Say where the cursor is."""
        if self.cursor is not None:
            self.post_message(self.Selected(self.cursor))

    def opened(self) -> None:
        """Say which run is to be seen."""
        if self.cursor is not None:
            self.post_message(self.Opened(self.cursor))
