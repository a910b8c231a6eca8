"""Text that can be selected with the mouse in widgets that draw their own lines.

Textual asks a segment's style at which character of which row it stands; what is selected between two such places is
drawn, and given back, by the widget.
"""

from __future__ import annotations

from collections.abc import Iterable

from rich.segment import Segment as RichSegment
from rich.style import Style
from textual.strip import Strip

from fwtui.model.segments import graphemes

__all__ = ["Part", "selectable"]

Part = tuple[str, Style, int]
"""A text, its style, and which of the row's characters is its first."""


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
    made: list[RichSegment] = []
    last = 0
    for text, style, first in parts:
        last = first + len(text)
        for piece, at, inside in _divided(text, first, span):
            shown = style + selected if inside and selected is not None else style
            made += [
                RichSegment(part, shown + Style.from_meta({"offset": (at + begin, row)}))
                for part, begin in _behind_marks(piece)
            ]
    strip = Strip(made)
    missing = width - strip.cell_length
    if missing > 0:
        # What is behind the text belongs to its end.
        strip = Strip([*made, RichSegment(" " * missing, base + Style.from_meta({"offset": (last, row)}))], width)
    return strip


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
