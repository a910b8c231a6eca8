"""Parts of a line: the pieces it is folded into, what is seen of it through a window, and what a search finds in it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from fwtui.model.segments import Line, Segment, break_points, cells, cropped, plain, width_of

__all__ = ["Piece", "find_all", "fold_line", "folds", "marked", "slice_line", "window"]


def folds(of: Line, width: int) -> list[tuple[int, int]]:
    """Return between which characters a line is broken into pieces of at most ``width`` cells (at least 2).

    A word is broken only where it would fill most of a piece.
    """
    return break_points(plain(of), width, width // 2)


def fold_line(of: Line, width: int) -> list[Line]:
    """Return a line in pieces of at most ``width`` cells, broken as ``folds`` says."""
    if width < 2 or width_of(of) <= width:
        return [of]
    return [slice_line(of, first, last) for first, last in folds(of, width)]


def slice_line(of: Line, first: int, last: int) -> Line:
    """Return the part of a line between two characters."""
    made = []
    at = 0
    for text, role in of:
        if at < last and at + len(text) > first:
            made.append(Segment(text[max(0, first - at) : last - at], role))
        at += len(text)
    return tuple(made)


class Piece(NamedTuple):
    """What is seen of a segment: which of the line's characters is its first, and how many cells are before it."""

    text: str
    role: str
    first: int
    cell: int


def window(of: Line, start: int, end: int) -> list[Piece]:
    """Return the part of a line between two cells; half of a wide character becomes a blank."""
    made: list[Piece] = []
    cell = char = 0
    for text, role in of:
        size = cells(text)
        if cell >= end and size:
            break
        if cell + size > start or (not size and cell == start):
            seen, before = cropped(text, max(0, start - cell), min(size, end - cell))
            made.append(Piece(seen, role, char + before, max(cell, start)))
        cell += size
        char += len(text)
    return made


def marked(pieces: Iterable[Piece], spans: Sequence[tuple[int, int]], role: str) -> list[Piece]:
    """Return pieces in which the characters of some spans have a role.

    Args:
        pieces: what is seen of a line.
        spans: first and last of the line's characters, in order and without overlaps.
        role: theirs.
    """
    made: list[Piece] = []
    for piece in pieces:
        at, last = piece.first, piece.first + len(piece.text)
        place = bisect_right(spans, at, key=lambda span: span[1])
        while at < last:
            start, end = spans[place] if place < len(spans) else (last, last)
            border = min(last, end if start <= at else start)
            inside = start <= at < end
            before, text = piece.text[: at - piece.first], piece.text[at - piece.first : border - piece.first]
            made.append(Piece(text, role if inside else piece.role, at, piece.cell + cells(before)))
            place += border == end
            at = border
    return made


def find_all(text: str, needle: str) -> list[tuple[int, int]]:
    """Return where a text occurs in another, without overlaps; a needle without capitals matches any case."""
    if not needle:
        return []
    if needle == needle.lower() and len(text.lower()) == len(text):
        text = text.lower()
    found = []
    at = text.find(needle)
    while at >= 0:
        found.append((at, at + len(needle)))
        at = text.find(needle, at + len(needle))
    return found
