"""Text that can be selected with the mouse in widgets that draw their own lines.

Textual asks a segment's style at which character of which row it stands; what is selected between two such places is
drawn, and given back, by the widget.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from rich.segment import Segment as RichSegment
from rich.style import Style
from textual.selection import Selection
from textual.strip import Strip

from fwtui.model.document import Document, character_at
from fwtui.model.line_parts import window
from fwtui.model.segments import Line, cells, graphemes, is_mark, plain
from fwtui.widgets.drawing import Drawn

__all__ = ["Part", "SelectableRows", "selectable"]

Part = tuple[str, Style, int]
"""A text, its style, and which of the row's characters is its first."""


class _Piece(NamedTuple):
    text: str
    style: Style
    first: int


def selectable(
    parts: Iterable[Part],
    width: int,
    row: int,
    *,
    base: Style,
    span: tuple[int, int] | None = None,
    selected: Style | None = None,
) -> Strip:
    """Return a row that can be selected.

    Args:
        parts: what it shows, from the left.
        width: cells of the whole row.
        row: its number.
        base: the style of what is empty.
        span: which characters are selected, None for none; an end of -1 is that of the row.
        selected: the style of what is selected.
    """
    made: list[_Piece] = []
    last = cell = 0
    for text, style, first in parts:
        last = first + len(text)
        cell += cells(text)
        for piece, at, inside in _divided(text, first, span):
            shown = style + selected if inside and selected is not None else style
            for part, begin in _behind_marks(piece):
                _put(made, _Piece(part, shown, at + begin))
    # What is behind the text belongs to its end.
    _put(made, _Piece(" " * (width - cell), base, last))
    strip = [RichSegment(text, style + Style.from_meta({"offset": (first, row)})) for text, style, first in made]
    return Strip(strip, max(width, cell))


def _put(made: list[_Piece], piece: _Piece) -> None:
    """Add a piece, or lengthen the last one by it where that comes to the same."""
    if not piece.text and made:
        return
    text, style, first = made[-1] if made else piece
    goes_on = bool(made) and style == piece.style and first + len(text) == piece.first
    if goes_on and not (text and is_mark(text[-1])):
        made[-1] = _Piece(text + piece.text, style, first)
    else:
        made.append(piece)


class SelectableRows(Drawn):
    """A widget whose rows are lines that can be selected."""

    ALLOW_SELECT = True

    def line_at(self, row: int) -> Line:
        """Return a row as it is drawn."""
        raise NotImplementedError

    @property
    def row_count(self) -> int:
        """How many rows there are, in sight or not."""
        raise NotImplementedError

    def strip_at(self, row: int, over: str = "") -> Strip:
        """Return a row as a strip; ``over`` is a role for the whole of it."""
        base, width, selection = self.style_of(over), self.size.width, self.text_selection
        parts: list[Part] = [
            (self.drawn_text(text), base if over else self.style_of(role), cell if self.ascii else first)
            for text, role, first, cell in window(self.line_at(row), 0, width)
        ]
        span = None if selection is None else selection.get_span(row)
        style = None if span is None else self.screen.get_component_rich_style("screen--selection")
        return selectable(parts, width, row, base=base, span=span, selected=style)

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """Return what is selected, for the clipboard."""
        first = 0 if selection.start is None else max(0, selection.start.y)
        last = self.row_count - 1 if selection.end is None else min(selection.end.y, self.row_count - 1)
        rows = Document(map(self.line_at, range(first, last + 1)))
        start = None if selection.start is None else (0, self._character(rows, 0, selection.start.x))
        end = None
        if selection.end is not None and selection.end.y <= last:
            end = last - first, self._character(rows, last - first, selection.end.x, forward=True)
        return rows.between(start, end), "\n"

    def _character(self, rows: Document, row: int, at: int, *, forward: bool = False) -> int:
        if not self.ascii or row >= rows.height:
            return at
        return character_at(plain(rows.lines[row]), at, forward=forward)

    def selection_updated(self, selection: Selection | None) -> None:
        """Draw what is selected."""
        del selection
        self.refresh()


def _divided(text: str, first: int, span: tuple[int, int] | None) -> Iterable[tuple[str, int, bool]]:
    """Yield the pieces of a text, where each begins, and whether it is selected."""
    last = first + len(text)
    if span is None:
        yield text, first, False
        return
    start, end = span
    start = min(max(start, first), last)
    end = last if end == -1 else min(max(end, start), last)
    for begin, stop, inside in ((first, start, False), (start, end, True), (end, last, False)):
        if begin < stop:
            yield text[begin - first : stop - first], begin, inside


def _behind_marks(text: str) -> Iterable[tuple[str, int]]:
    """Yield the pieces of a text and where each begins: one ends behind each character that has a mark.

    Textual counts characters up to a cell, and would take a mark for the character in the cell behind it.
    """
    begin = 0
    if not text.isascii():
        for first, last, _ in graphemes(text):
            if last - first > 1:
                yield text[begin:last], begin
                begin = last
    yield text[begin:], begin
