"""Any number of lines that can be scrolled, folded, selected and copied.

What takes longer than a frame (measuring and folding megabytes) is done in a thread; what was shown stays until then.
"""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from typing import Any, ClassVar

from textual.binding import BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.selection import Selection
from textual.strip import Strip

from fwtui.background import in_thread
from fwtui.model.document import Document, Place, character_at
from fwtui.model.line_parts import Piece, window
from fwtui.model.segments import Line, plain
from fwtui.widgets.bindings import bindings_of
from fwtui.widgets.drawing import Scrolled
from fwtui.widgets.selecting import Part, selectable

__all__ = ["LONG", "ScrolledLines"]

LONG = 100_000
"""Characters from which on a document is long: to fold it or to search it takes more than some milliseconds."""


class ScrolledLines(Scrolled, can_focus=True):
    """Lines, and a place in them.

    Attributes:
        document: the lines and the rows they take.
        loose: how many lines at the end ``append`` takes away again.
        following: what is appended is scrolled into sight.
        wraps: lines longer than the pane go on in the next row.
    """

    BINDINGS: ClassVar[list[BindingType]] = bindings_of("pane")

    class Scrolled(Message, namespace="lines_pane"):
        """Other lines are in sight, or it follows, or not any more."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.document = Document()
        self.loose = 0
        self.following = False
        self.wraps = False
        self._told: tuple[str, bool] | None = None

    # -- what is shown ----------------------------------------------------------------------------------------------

    @property
    def text(self) -> str:
        """All lines as plain text."""
        return self.document.text()

    @property
    def line_count(self) -> int:
        """How many lines there are."""
        return len(self.document.lines)

    @property
    def fold_width(self) -> int:
        """In how many cells lines are folded now, 0 if they are not."""
        return self.size.width if self.wraps else 0

    @property
    def place(self) -> str:
        """Where in the lines one is: "end", or "line 12 of 214"."""
        top = self.scroll_offset.y
        if top >= self.document.height - self.size.height:
            return "end"
        return f"line {self.document.row(top).line + 1:,} of {self.line_count:,}"

    def show(
        self,
        lines: Sequence[Line] | Document,
        *,
        follow: bool = False,
        keep_place: bool = False,
        core: tuple[int, int] | None = None,
        loose: int = 0,
    ) -> None:
        """Show other lines.

        Args:
            lines: all of them; of very many a Document that was made in a thread, for ``fold_width``.
            follow: begin at the end, and stay there.
            keep_place: these are the same lines as before, or nearly: nothing is scrolled.
            core: first and last of the lines that are to be in sight, as low in the pane as that goes.
            loose: how many at the end ``append`` takes away again.
        """
        drawn = self._in_sight()
        self.document = lines if isinstance(lines, Document) else Document(lines, self.fold_width)
        self.loose = loose
        if self.document.width != self.fold_width:
            self._fold()
        self._measured()
        if not keep_place:
            self.following = follow
            self._drop_selection()
            self.scroll_to(x=0, y=self._place_for(core), animate=False, force=True, immediate=True)
        if self.following:
            self._to_end()
        self.others(0, all_others=not keep_place)
        self._draw_others(drawn)
        self.tell_place()

    def append(self, lines: Sequence[Line], loose: Sequence[Line] = ()) -> None:
        """Add lines at the end.

        Args:
            lines: they stay.
            loose: they stand behind these until more is appended.
        """
        document = self.document
        before = document.height
        document.drop(self.loose)
        self.loose = len(loose)
        first = len(document.lines)
        first_row = document.height
        document.add(lines)
        document.add(loose)
        self.others(first)
        self._measured()
        if self.following:
            self._to_end()
        self.refresh_lines(first_row, max(before, document.height) - first_row)
        self.tell_place()

    def others(self, first: int, *, all_others: bool = False) -> None:
        """The lines from this one on are others than before.

        Args:
            first: number of a line.
            all_others: they have nothing to do with those before.
        """

    @property
    def stands_out(self) -> bool:
        """Something stands out in the lines."""
        return False

    def marked(self, row: int, pieces: list[Piece]) -> list[Piece]:
        """Return what is seen of a row, with what is to stand out in it."""
        del row
        return pieces

    def _place_for(self, core: tuple[int, int] | None) -> int:
        if core is None or not self.document.lines:
            return 0
        first = self.document.first_row(core[0])
        last = self.document.row_of(Place(core[1], len(plain(self.document.lines[core[1]]))))
        return max(0, min(first, last + 1 - self.size.height))

    def _measured(self) -> None:
        # Another size has the whole screen laid out anew: lines that fit have that of the pane.
        wide, high = max(self.document.wide, self.size.width), max(self.document.height, self.size.height)
        self.virtual_size = Size(wide, high)

    def drawn_anew(self) -> None:
        """Draw all that is in sight, and say where that is."""
        self.refresh()
        self.tell_place()

    def tell_place(self) -> None:
        """Say where in the lines one is, if that is not what was said before."""
        told, self._told = self._told, (self.place, self.following)
        if told != self._told:
            self.post_message(self.Scrolled())

    def _in_sight(self) -> tuple[Line | None, ...]:
        """Return the rows that can be seen, None for one below the last."""
        top, height = self.scroll_offset.y, self.size.height
        last = min(top + height, self.document.height)
        rows = [self.document.shown(row) for row in range(top, last)]
        return (*rows, *[None] * (height - len(rows)))

    def _draw_others(self, drawn: Sequence[Line | None]) -> None:
        """Draw the rows that are others than those that are drawn: most of a log is blank, and goes on being so."""
        if self.scroll_offset.x or self.stands_out or self.text_selection is not None:
            self.refresh()
            return
        width = self.size.width
        rows = enumerate(zip(drawn, self._in_sight(), strict=False))
        changed = [Region(0, y, width, 1) for y, (old, new) in rows if old != new]
        if changed:
            self.refresh(*changed)

    def on_resize(self) -> None:
        """Fold anew where the width matters, and stay at the end if one was there."""
        if self.document.width != self.fold_width:
            self._fold()
        self._measured()
        if self.following:
            self._to_end()
        self._told = None  # whoever shows it may have asked while there was no room
        self.tell_place()

    # -- folding ----------------------------------------------------------------------------------------------------

    def toggle_wrap(self) -> bool:
        """Wrap lines, or do not; return which."""
        self.wraps = not self.wraps
        self._fold()
        return self.wraps

    def _fold(self) -> None:
        if self.document.size > LONG:
            self.beside(self._fold_in_thread(), "fold")
        else:
            self._take(Document(self.document.lines, self.fold_width))

    async def _fold_in_thread(self) -> None:
        while (before := self.document).width != self.fold_width:
            firm = before.lines[: len(before.lines) - self.loose]
            made = await in_thread(Document, firm, self.fold_width)
            if before is self.document and made.width == self.fold_width:
                made.add(before.lines[len(firm) :])  # what came meanwhile
                self._take(made)

    def _take(self, document: Document) -> None:
        """Show the same lines in other rows; what is at the top stays there."""
        top = self.scroll_offset.y
        row = self.document.row(top) if top < self.document.height else None
        self.document = document
        self._drop_selection()
        self._measured()
        if self.following:
            self._to_end()
        elif row is not None:
            self.scroll_to_row(document.row_of(Place(row.line, row.start)))
        self.drawn_anew()

    def beside(self, work: Coroutine[Any, Any, None], group: str) -> None:
        self.run_worker(work, group=group, exclusive=True)

    # -- drawing ----------------------------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        """Return one row, with what a search found and what is selected."""
        width, base, document = self.size.width, self.style_of(""), self.document
        left, top = self.scroll_offset
        row = top + y
        if row >= document.height:
            # Whoever drags the mouse over what is empty means the end.
            return selectable([("", base, document.size)], width, max(0, document.height - 1), base=base)
        parts: list[Part] = [
            # In ASCII a cell is a character.
            (self.drawn_text(text), self.style_of(role), cell if self.ascii else first)
            for text, role, first, cell in self.marked(row, window(document.shown(row), left, left + width))
        ]
        selection = self.text_selection
        span = None if selection is None else selection.get_span(row)
        style = None if span is None else self.screen.get_component_rich_style("screen--selection")
        return selectable(parts, width, row, base=base, span=span, selected=style)

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """Return what is selected, for the clipboard."""
        start, end = (
            None if place is None else (place.y, self._character(place.y, place.x, forward=forward))
            for place, forward in ((selection.start, False), (selection.end, True))
        )
        return self.document.between(start, end), "\n"

    def _character(self, row: int, at: int, *, forward: bool) -> int:
        if not self.ascii or row >= self.document.height:
            return at
        return character_at(plain(self.document.shown(row)), at, forward=forward)

    def selection_updated(self, selection: Selection | None) -> None:
        """Draw what is selected."""
        del selection
        self.refresh()

    def _drop_selection(self) -> None:
        if self.is_attached and self.text_selection is not None:
            self.screen.clear_selection()

    # -- moving -----------------------------------------------------------------------------------------------------

    def scroll_to_row(self, row: int) -> None:
        self.scroll_to(y=row, animate=False, force=True, immediate=True)

    def _to_end(self) -> None:
        self.scroll_to_row(max(0, self.document.height - self.size.height))

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Say that other lines are in sight; whoever scrolls up from the end is not followed any more."""
        super().watch_scroll_y(old_value, new_value)
        if new_value < old_value and new_value < self.document.height - self.size.height:
            self.following = False
        self.tell_place()

    def _scroll_by(self, rows: int) -> None:
        if rows < 0:
            self.following = False
        self.scroll_to_row(self.scroll_offset.y + rows)
        self.tell_place()

    def action_scroll_lines(self, rows: int) -> None:
        """Scroll by rows."""
        self._scroll_by(rows)

    def action_scroll_pages(self, pages: float) -> None:
        """Scroll by pages."""
        self._scroll_by(round(pages * max(1, self.size.height - 1)))

    def action_scroll_ends(self, direction: int) -> None:
        """Go to the top, or to the end and follow."""
        self.following = direction > 0
        if self.following:
            self._to_end()
        else:
            self.scroll_to_row(0)
        self.tell_place()

    def action_scroll_columns(self, columns: int) -> None:
        """Scroll sideways."""
        self.scroll_to(x=max(0, self.scroll_offset.x + columns), animate=False, force=True, immediate=True)
