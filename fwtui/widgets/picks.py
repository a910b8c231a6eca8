"""The workflows among which a person picks: a line-API widget over the model."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual.binding import BindingType
from textual.message import Message

from fwtui.model.picker import PickRow, count_text, shown_picks
from fwtui.model.picker_lines import Columns, columns_for, head_line, heading_line, pick_line
from fwtui.model.segments import Line
from fwtui.widgets.bindings import bindings_of
from fwtui.widgets.drawing import Lines
from fwtui.widgets.listing import Listing

__all__ = ["Head", "Picks"]


class Head(Lines):
    """What is picked from, and how it stands as a whole."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._title = self._note = ""
        self._rows: tuple[PickRow, ...] = ()

    def show(self, title: str, note: str, rows: Sequence[PickRow]) -> None:
        """Show a place, a note on it, and how its workflows stand."""
        self._title, self._note, self._rows = title, note, tuple(rows)
        self.redraw()

    def compose_lines(self, width: int, height: int) -> list[Line]:
        """Return the line."""
        del height
        return [head_line(self._title, self._note, self._rows, width, ascii_only=self.ascii)]


class Picks(Listing[str, PickRow, Columns]):
    """One row a workflow, in the order of their files."""

    BINDINGS: ClassVar[list[BindingType]] = bindings_of("workflows")

    class Moved(Message):
        """The cursor is on another row."""

    class Opened(Message):
        """A person wants to see a workflow."""

        def __init__(self, key: str) -> None:
            super().__init__()
            self.key = key

    class Changed(Listing.Changed):
        """Other rows are shown."""

    def key_of(self, row: PickRow) -> str:
        """Return its key."""
        return row.key

    def columns_for(self, rows: Sequence[PickRow], width: int, now: float) -> Columns:
        """Share out the width."""
        return columns_for(rows, width, now)

    def matching(self, rows: Iterable[PickRow], text: str) -> list[PickRow]:
        """Return the workflows that a filter shows."""
        return shown_picks(rows, text)

    def title_of(self, rows: Sequence[PickRow], shown: int, text: str) -> str:
        """Return how many there are, or which filter holds."""
        return count_text(rows, shown, text)

    def heading(self, columns: Columns) -> Line:
        """Return the heading."""
        return heading_line(columns)

    def row_line(self, row: PickRow, columns: Columns, now: float, *, cursor: bool) -> Line:
        """Return one workflow."""
        return pick_line(row, columns, now, cursor=cursor, ascii_only=self.ascii)

    def moved(self) -> None:
        """Say that the cursor is elsewhere."""
        self.post_message(self.Moved())

    def opened(self) -> None:
        """Say which workflow is to be seen."""
        if self.cursor is not None:
            self.post_message(self.Opened(self.cursor))
