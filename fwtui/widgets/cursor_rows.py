"""Rows with a cursor, between a head and a foot that stay: what the timeline and the runs have in common."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Sequence
from typing import Generic, TypeVar

from textual import events
from textual.geometry import Region, Size

from fwtui.widgets.drawing import Scrolled

__all__ = ["CursorRows"]

K = TypeVar("K", bound=Hashable)


class CursorRows(Scrolled, Generic[K], can_focus=True):
    """Rows that are drawn when they are seen, and a cursor on one of them.

    Attributes:
        keys: what each row stands for, in order.
        cursor: what the cursor is on, None if it is on nothing.
    """

    ALLOW_SELECT = False

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.keys: list[K] = []
        self.cursor: K | None = None
        self._row_of: dict[K, int] = {}
        self._stops: list[K] = []
        self._place_of: dict[K, int] = {}

    # -- what a kind of rows says about itself ----------------------------------------------------------------------

    @property
    def head(self) -> int:
        """Lines above the rows."""
        raise NotImplementedError

    @property
    def room(self) -> int:
        """Lines for rows."""
        raise NotImplementedError

    def moved(self) -> None:
        """A person has moved the cursor."""
        raise NotImplementedError

    def opened(self) -> None:
        """A person wants more of what is under the cursor."""
        raise NotImplementedError

    # -- rows -------------------------------------------------------------------------------------------------------

    def set_rows(self, keys: Sequence[K], stops: Sequence[K] | None = None) -> None:
        """Have other rows; draws everything anew.

        Args:
            keys: what they stand for.
            stops: those that the cursor may be on, None for all.
        """
        self.keys = list(keys)
        self._row_of = {key: row for row, key in enumerate(self.keys)}
        self._stops = self.keys if stops is None else list(stops)
        self._place_of = {key: place for place, key in enumerate(self._stops)}
        self.measure()
        self.refresh()

    def measure(self) -> None:
        """Say how much there is to be scrolled."""
        around = max(0, self.size.height - self.room)
        self.virtual_size = Size(self.size.width, len(self.keys) + around)
        self._into_sight()

    def row_at(self, y: int) -> K | None:
        """Return what the row at a line of the widget stands for, None where there is none."""
        row = self.scroll_offset.y + y - self.head
        return self.keys[row] if 0 <= y - self.head < self.room and row < len(self.keys) else None

    def in_sight(self) -> list[K]:
        """Return what the rows that are seen stand for."""
        top = self.scroll_offset.y
        return self.keys[top : top + self.room]

    def refresh_rows(self, keys: Collection[K]) -> None:
        """Draw rows anew, as far as they are in sight."""
        for y, key in enumerate(self.in_sight(), self.head):
            if key in keys:
                self.refresh(Region(0, y, self.size.width, 1))

    def role_of_row(self, key: K) -> str:
        """Return the role of a whole row, "" for none."""
        if key != self.cursor:
            return ""
        return "cursor" if self.has_focus else "cursor-blurred"

    def on_resize(self) -> None:
        """Measure again."""
        self.measure()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Draw all rows anew."""
        super().watch_scroll_y(old_value, new_value)
        self.refresh()

    def on_focus(self) -> None:
        """Show the cursor as that of the focused part."""
        self._refresh_cursor()

    def on_blur(self) -> None:
        """Mute the cursor."""
        self._refresh_cursor()

    def _refresh_cursor(self) -> None:
        if self.cursor is not None:
            self.refresh_rows({self.cursor})

    # -- the cursor -------------------------------------------------------------------------------------------------

    def move_to(self, key: K | None) -> None:
        """Put the cursor on a row, without saying so: for who keeps it where another part has it."""
        if key != self.cursor:
            self._refresh_cursor()
            self.cursor = key
            self._refresh_cursor()
        self._into_sight()

    def _into_sight(self) -> None:
        row = self._row_of.get(self.cursor) if self.cursor is not None else None
        if row is None or self.room < 1:
            return
        top = self.scroll_offset.y
        wanted = min(max(top, row - self.room + 1), row, max(0, len(self.keys) - self.room))
        if wanted != top:
            self.scroll_to(y=wanted, animate=False, force=True, immediate=True)

    def _go_to_place(self, place: int) -> None:
        if self._stops:
            self.move_to(self._stops[min(max(place, 0), len(self._stops) - 1)])
            self.moved()

    def action_move(self, delta: int) -> None:
        """Move the cursor by rows."""
        place = self._place_of.get(self.cursor) if self.cursor is not None else None
        # From a row on which the cursor may not be, the first step leads to the first one on which it may.
        self._go_to_place(0 if place is None else place + delta)

    def action_page(self, pages: float) -> None:
        """Move the cursor by pages."""
        self.action_move(round(pages * max(1, self.room)))

    def action_ends(self, direction: int) -> None:
        """Move the cursor to the first or the last row."""
        self._go_to_place(0 if direction < 0 else len(self._stops) - 1)

    def action_open(self) -> None:
        """Open what is under the cursor."""
        if self.cursor in self._place_of:
            self.opened()

    def on_click(self, event: events.Click) -> None:
        """Put the cursor where it was clicked; a double click opens."""
        key = self.row_at(event.y)
        if key is not None and key in self._place_of:
            self._go_to_place(self._place_of[key])
            if event.chain == 2:
                self.opened()
