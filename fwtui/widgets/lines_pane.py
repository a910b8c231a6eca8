"""Any number of lines that can be scrolled, searched, selected and copied: the log, the details, the help page."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment as RichSegment
from rich.style import Style
from textual.binding import BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.selection import Selection
from textual.strip import Strip

from fwtui.model.segments import Line, find_all, fold_line, mark_matches, plain, width_of
from fwtui.widgets.bindings import bindings_of
from fwtui.widgets.drawing import Scrolled

__all__ = ["LinesPane"]

_MOST = 100_000


class LinesPane(Scrolled, can_focus=True):
    """Lines, and a place in them.

    Attributes:
        following: what is appended is scrolled into sight.
        needle: the text that a search looks for, "" for none.
        wraps: lines longer than the pane go on in the next row.
    """

    BINDINGS: ClassVar[list[BindingType]] = bindings_of("pane")

    class Scrolled(Message):
        """Other lines are in sight, or it follows, or not any more."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._lines: list[Line] = []
        self._rows: list[Line] = []
        self._row_of: list[int] = []
        self._wide = 0
        self._folded_for = 0
        self.following = False
        self.needle = ""
        self.wraps = False
        self._at_match = -1
        self._told: tuple[str, bool] | None = None

    # -- what is shown ----------------------------------------------------------------------------------------------

    @property
    def text(self) -> str:
        """All lines as plain text."""
        return "\n".join(plain(line) for line in self._lines)

    @property
    def line_count(self) -> int:
        """How many lines there are."""
        return len(self._lines)

    @property
    def place(self) -> str:
        """Where in the lines one is: "end", or "line 12 of 214"."""
        if self.scroll_offset.y >= len(self._rows) - self.size.height:
            return "end"
        first = bisect_right(self._row_of, self.scroll_offset.y) - 1
        return f"line {first + 1:,} of {len(self._lines):,}"

    def show(
        self,
        lines: Sequence[Line],
        *,
        follow: bool = False,
        keep_place: bool = False,
        core: tuple[int, int] | None = None,
    ) -> None:
        """Show other lines.

        Args:
            lines: all of them.
            follow: begin at the end, and stay there.
            keep_place: these are the same lines as before, or nearly: nothing is scrolled.
            core: first and last of the lines that are to be in sight, as low in the pane as that goes.
        """
        drawn = self._in_sight()
        self._lines = list(lines)
        self._fold()
        if not keep_place:
            self.following = follow
            self.scroll_to(x=0, y=self._place_for(core), animate=False, force=True, immediate=True)
        if self.following:
            self._to_end()
        self._redraw(drawn)
        self._tell_place()

    def _tell_place(self) -> None:
        told, self._told = self._told, (self.place, self.following)
        if told != self._told:
            self.post_message(self.Scrolled())

    def _in_sight(self) -> tuple[Line | None, ...]:
        """Return the rows that can be seen, None for one below the last."""
        top, height = self.scroll_offset.y, self.size.height
        rows = self._rows[top : top + height]
        return (*rows, *[None] * (height - len(rows)))

    def _redraw(self, drawn: Sequence[Line | None]) -> None:
        """Draw the rows that are others than those that are drawn: most of a log is blank, and goes on being so."""
        if self.scroll_offset.x or self.text_selection is not None:
            self.refresh()
            return
        width = self.size.width
        rows = enumerate(zip(drawn, self._in_sight(), strict=False))
        changed = [Region(0, y, width, 1) for y, (old, new) in rows if old != new]
        if changed:
            self.refresh(*changed)

    def append(self, lines: Sequence[Line]) -> None:
        """Add lines at the end; of very many the oldest go, for what goes on for days must not fill the memory."""
        if len(self._lines) + len(lines) > _MOST:
            self.show([*self._lines, *lines][-_MOST // 2 :], keep_place=self.following)
            return
        first = len(self._rows)
        self._lines += lines
        for line in lines:
            self._put_rows(line)
        self._measured()
        if self.following:
            self._to_end()
        self.refresh_lines(first, len(self._rows) - first)
        self._tell_place()

    def _place_for(self, core: tuple[int, int] | None) -> int:
        if core is None or not self._row_of:
            return 0
        first, last = self._row_of[core[0]], self._row_of[core[1]]
        return max(0, min(first, last + 1 - self.size.height))

    def _put_rows(self, line: Line) -> None:
        self._row_of.append(len(self._rows))
        rows = fold_line(line, self._folded_for) if self.wraps else [line]
        self._rows += rows
        self._wide = max(self._wide, *(width_of(row) for row in rows))

    def _fold(self) -> None:
        self._folded_for = self.size.width
        self._rows, self._row_of, self._wide = [], [], 0
        for line in self._lines:
            self._put_rows(line)
        self._measured()

    def _measured(self) -> None:
        # Another size has the whole screen laid out anew: lines that fit have that of the pane.
        self.virtual_size = Size(max(self._wide, self.size.width), max(len(self._rows), self.size.height))

    def on_resize(self) -> None:
        """Fold anew where the width matters, and stay at the end if one was there."""
        if self.wraps and self._folded_for != self.size.width:
            self._fold()
        else:
            self._measured()
        if self.following:
            self._to_end()
        self._told = None  # whoever shows it may have asked while there was no room
        self._tell_place()

    # -- drawing ----------------------------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        """Return one row, with what a search found and what is selected."""
        width = self.size.width
        left, top = self.scroll_offset
        row = top + y
        if row >= len(self._rows):
            return Strip.blank(width, self.style_of(""))
        line = self._rows[row]
        if self.needle:
            line = mark_matches(line, self.needle)
        strip = self.strip_of(line, max(width, self._wide))
        selection = self.text_selection
        span = None if selection is None else selection.get_span(row)
        if span is not None:
            strip = _selected(strip, span, self.screen.get_component_rich_style("screen--selection"))
        return strip.crop_extend(left, left + width, self.style_of("")).apply_offsets(left, row)

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """Return what is selected, for the clipboard."""
        return selection.extract("\n".join(plain(row) for row in self._rows)), "\n"

    def selection_updated(self, selection: Selection | None) -> None:
        """Draw what is selected."""
        del selection
        self.refresh()

    # -- moving -----------------------------------------------------------------------------------------------------

    def _to_end(self) -> None:
        self.scroll_to(y=max(0, len(self._rows) - self.size.height), animate=False, force=True, immediate=True)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Say that other lines are in sight; whoever scrolls up from the end is not followed any more."""
        super().watch_scroll_y(old_value, new_value)
        if new_value < old_value and new_value < len(self._rows) - self.size.height:
            self.following = False
        self._tell_place()

    def _scroll_by(self, rows: int) -> None:
        if rows < 0:
            self.following = False
        self.scroll_to(y=self.scroll_offset.y + rows, animate=False, force=True, immediate=True)
        self._tell_place()

    def action_scroll_lines(self, rows: int) -> None:
        """Scroll by rows."""
        self._scroll_by(rows)

    def action_scroll_pages(self, pages: float) -> None:
        """Scroll by pages."""
        self._scroll_by(round(pages * max(1, self.size.height - 1)))

    def action_scroll_ends(self, direction: int) -> None:
        """Go to the top, or to the end and follow."""
        if direction < 0:
            self.following = False
            self.scroll_to(y=0, animate=False, force=True, immediate=True)
        else:
            self.following = True
            self._to_end()
        self._tell_place()

    def action_scroll_columns(self, columns: int) -> None:
        """Scroll sideways."""
        self.scroll_to(x=max(0, self.scroll_offset.x + columns), animate=False, force=True, immediate=True)

    def action_pane_enter(self) -> None:
        """Go to the next match."""
        if self.needle:
            self.go_to_match(1)

    def toggle_wrap(self) -> bool:
        """Wrap lines, or do not; return which."""
        self.wraps = not self.wraps
        self._fold()
        self.refresh()
        self._tell_place()
        return self.wraps

    # -- searching --------------------------------------------------------------------------------------------------

    def search(self, needle: str) -> int:
        """Look for a text and go to its first place from here on; return in how many lines it is."""
        self.needle = needle
        self._at_match = -1
        self.refresh()
        self.go_to_match(0)
        return len(self._matches())

    def _matches(self) -> list[int]:
        return [number for number, line in enumerate(self._lines) if find_all(plain(line), self.needle)]

    def go_to_match(self, direction: int) -> None:
        """Go to the next match (1), the one before (-1), or the first from here on (0); past the end it begins anew."""
        rows = [self._row_of[number] for number in self._matches()]
        if not rows:
            return
        here = self._at_match if self._at_match in rows else self.scroll_offset.y - (direction > 0)
        if direction < 0:
            row = next((row for row in reversed(rows) if row < here), rows[-1])
        else:
            row = next((row for row in rows if row >= here + direction), rows[0])
        self._at_match = row
        self.following = False
        if not self.scroll_offset.y <= row < self.scroll_offset.y + self.size.height:
            self.scroll_to(y=max(0, row - self.size.height // 2), animate=False, force=True, immediate=True)
        self._tell_place()


def _selected(strip: Strip, span: tuple[int, int], style: Style) -> Strip:
    start, end = span
    end = strip.cell_length if end == -1 else end
    before, inside, after = strip.divide([start, max(start, end), strip.cell_length])
    marked = Strip([RichSegment(text, (own or Style()) + style) for text, own, _ in inside])
    return Strip.join([before, marked, after])
