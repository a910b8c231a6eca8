"""Lines and the rows in which they are shown: where each row begins, what is between two places, what a search finds.

A log is measured and folded once, in a thread if it is long; drawing then looks at the rows that are in sight only.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from fwtui.model.line_parts import find_all, folds, slice_line
from fwtui.model.segments import Line, graphemes, plain, width_of

__all__ = ["Document", "Place", "Row", "character_at", "lines_with", "snapped"]


_ASKED = 1_000


class Row(NamedTuple):
    """A line, or the part of it between two characters."""

    line: int
    start: int
    end: int


class Place(NamedTuple):
    """A character of a line."""

    line: int
    char: int


class Document:
    """Lines, and the rows they take.

    Args:
        lines: the first of them.
        width: cells of a row; lines that are longer go on in the next one. 0: a line is a row, however long.

    Attributes:
        wide: cells of the longest row.
        size: characters of all lines.
    """

    def __init__(self, lines: Iterable[Line] = (), width: int = 0) -> None:
        self.width = width
        self.lines: list[Line] = []
        self.wide = self.size = 0
        self._first_rows: list[int] = []
        self._rows: list[Row] = []
        self.add(lines)

    def add(self, lines: Iterable[Line]) -> None:
        """Add lines at the end."""
        for line in lines:
            cells = width_of(line)
            chars = sum(len(segment.text) for segment in line)
            self.size += chars
            self._first_rows.append(len(self._rows))
            number = len(self.lines)
            if self.width < 2 or cells <= self.width:
                self._rows.append(Row(number, 0, chars))
            else:
                self._rows += [Row(number, *span) for span in folds(line, self.width)]
            self.wide = max(self.wide, min(cells, self.width) if self.width > 1 else cells)
            self.lines.append(line)

    def drop(self, count: int) -> None:
        """Take lines away at the end."""
        if count > 0:
            first = len(self.lines) - count
            self.size -= sum(len(segment.text) for line in self.lines[first:] for segment in line)
            del self._rows[self._first_rows[first] :], self._first_rows[first:], self.lines[first:]

    @property
    def height(self) -> int:
        """How many rows there are."""
        return len(self._rows)

    def row(self, number: int) -> Row:
        """Return a row."""
        return self._rows[number]

    def first_row(self, line: int) -> int:
        """Return the row in which a line begins."""
        return self._first_rows[line]

    def row_of(self, place: Place) -> int:
        """Return the row that a character is in."""
        first = self._first_rows[place.line]
        last = self._first_rows[place.line + 1] if place.line + 1 < len(self.lines) else len(self._rows)
        return bisect_right(self._rows, place.char, first + 1, last, key=lambda row: row.start) - 1

    def shown(self, number: int) -> Line:
        """Return what a row shows of its line."""
        row = self._rows[number]
        whole = self.lines[row.line]
        return whole if self._is_whole(row) else slice_line(whole, row.start, row.end)

    def _is_whole(self, row: Row) -> bool:
        first = self._first_rows[row.line]
        return row.start == 0 and (first + 1 == len(self._rows) or self._rows[first + 1].line != row.line)

    def text(self) -> str:
        """Return all lines as plain text."""
        return "\n".join(map(plain, self.lines))

    def between(self, start: tuple[int, int] | None, end: tuple[int, int] | None) -> str:
        """Return the text between two places, each a row and a character in it; None for the very first or last.

        A line that is folded is still one line, and a character is never torn from the marks that belong to it.
        """
        if not self.lines:
            return ""
        first = Place(0, 0) if start is None else self._place(*start)
        last = Place(len(self.lines) - 1, len(plain(self.lines[-1]))) if end is None else self._place(*end)
        texts = [plain(line) for line in self.lines[first.line : last.line + 1]]
        if not texts:
            return ""
        texts[-1] = texts[-1][: snapped(texts[-1], last.char, forward=True)]
        texts[0] = texts[0][snapped(texts[0], first.char) :]
        return "\n".join(texts)

    def _place(self, row: int, char: int) -> Place:
        if row >= len(self._rows):
            return Place(len(self.lines) - 1, len(plain(self.lines[-1])))
        found = self._rows[max(0, row)]
        return Place(found.line, min(found.start + max(0, char), found.end))


def snapped(text: str, char: int, *, forward: bool = False) -> int:
    """Return where the character of a person that a place is in begins, or with ``forward`` ends."""
    if text.isascii() or not 0 < char < len(text):
        return max(0, min(char, len(text)))
    for first, last, _ in graphemes(text):
        if first == char:
            return char
        if first < char < last:
            return last if forward else first
    return char


def character_at(text: str, cell: int, *, forward: bool = False) -> int:
    """Return where the character of a person that is in a cell begins; with ``forward``, where that before it ends."""
    here = 0
    for first, last, width in graphemes(text):
        if here >= cell:
            return first
        if here + width > cell:
            return last if forward else first
        here += width
    return len(text)


def lines_with(
    lines: Sequence[Line], needle: str, first: int = 0, *, still: Callable[[], bool] = lambda: True
) -> list[int]:
    """Return the numbers of the lines in which a text occurs.

    Args:
        lines: the lines.
        needle: the text; without capitals it matches any case.
        first: number of the first line to look at.
        still: asked from time to time whether somebody wants to know it still.
    """
    found: list[int] = []
    for number in range(first, len(lines)):
        if find_all(plain(lines[number]), needle):
            found.append(number)
        if number % _ASKED == 0 and not still():
            break
    return found
