"""Lines of text whose parts have roles, measured in terminal cells.

What is drawn is composed here, in pure functions, so that a test can compare it to the cell; a widget only turns roles
into colours. Text that is not ours is made visible before it is composed (``text.visible``).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from rich.cells import cell_len, split_graphemes

__all__ = [
    "Line",
    "Segment",
    "cells",
    "clip",
    "crop",
    "crop_line",
    "cut_end",
    "cut_middle",
    "find_all",
    "fold_line",
    "key",
    "line",
    "mark_matches",
    "pad_end",
    "pad_start",
    "plain",
    "spread",
    "width_of",
    "wrap",
]

ELLIPSIS = "…"


class Segment(NamedTuple):
    """A piece of text and what it is ("error", "muted", "key" ...; "" is ordinary text)."""

    text: str
    role: str = ""


Line = tuple[Segment, ...]


def cells(text: str) -> int:
    """Return how many terminal cells a text takes."""
    return cell_len(text)


def line(*parts: str | Segment) -> Line:
    """Return a line of these parts; plain strings have no role, empty parts are left out."""
    made = (part if isinstance(part, Segment) else Segment(part) for part in parts)
    return tuple(segment for segment in made if segment.text)


def key(text: str) -> Segment:
    """Return a key's name as a part of a sentence."""
    return Segment(text, "key")


def plain(of: Iterable[Segment]) -> str:
    """Return the text of a line without its roles."""
    return "".join(segment.text for segment in of)


def width_of(of: Iterable[Segment]) -> int:
    """Return how many cells a line takes."""
    return sum(cell_len(segment.text) for segment in of)


def crop(text: str, start: int, end: int | None = None) -> str:
    """Return the part of a text between two cells; half of a wide character becomes a blank."""
    if text.isascii():
        return text[start:end]
    spans, total = split_graphemes(text)
    end = total if end is None else min(end, total)
    made = []
    at = 0
    for first, last, width in spans:
        after = at + width
        if at >= start and after <= end:
            # A mark without width at the very end belongs to the character before it.
            made.append(text[first:last])
        elif after > start and at < end:
            made.append(" " * (min(after, end) - max(at, start)))
        at = after
        if at >= end and width:
            break
    return "".join(made)


def cut_end(text: str, width: int) -> str:
    """Return a text of at most ``width`` cells; what is cut off at its end is marked."""
    if cell_len(text) <= width:
        return text
    return crop(text, 0, width - 1) + ELLIPSIS if width > 0 else ""


def cut_middle(text: str, width: int) -> str:
    """Return a text of at most ``width`` cells, cut in its middle, for endings tell names apart."""
    total = cell_len(text)
    if total <= width:
        return text
    if width < 3:
        return cut_end(text, width)
    head = width // 2 + width % 2
    tail = width - head - 1
    return crop(text, 0, head) + ELLIPSIS + crop(text, total - tail)


def pad_end(text: str, width: int) -> str:
    """Return a text filled with blanks at its end up to ``width`` cells."""
    return text + " " * (width - cell_len(text))


def pad_start(text: str, width: int) -> str:
    """Return a text moved to the right end of ``width`` cells."""
    return " " * (width - cell_len(text)) + text


def clip(of: Line, width: int) -> Line:
    """Return a line of at most ``width`` cells; what is cut off at its end is marked."""
    if width_of(of) <= width:
        return of
    if width <= 0:
        return ()
    made: list[Segment] = []
    left = width
    for segment in of:
        size = cell_len(segment.text)
        if size >= left:
            # Cut here even where the segment just fits: more text follows, and its place is needed for the mark.
            made.append(Segment(crop(segment.text, 0, left - 1) + ELLIPSIS, segment.role))
            break
        made.append(segment)
        left -= size
    return tuple(made)


def spread(left: Line, right: Line, width: int) -> Line:
    """Return ``left`` and ``right`` at the two ends of ``width`` cells, with a blank at either end.

    Where both do not fit, ``right`` goes first, then the end of ``left``.
    """
    inner = width - 2
    room = inner - width_of(left) - width_of(right)
    if right and room < 2:
        return line(" ", *clip(left, inner))
    if not right:
        return line(" ", *clip(left, inner))
    return line(" ", *left, " " * room, *right, " ")


def _pieces(text: str, width: int, least: int) -> list[tuple[int, int]]:
    """Return where to break a text into pieces of at most ``width`` cells (at least 2).

    A piece ends behind a blank if that leaves it more than ``least`` cells, else in the middle of a word.
    """
    made = []
    start = blank = 0
    size = size_at_blank = 0
    for first, last, own in split_graphemes(text)[0]:
        # Broken at a blank, what is behind it may still be too long with this character.
        while size + own > width:
            at_blank = blank > start and size_at_blank > least
            border, used = (blank, size_at_blank) if at_blank else (first, size)
            made.append((start, border))
            start, size = border, size - used
            blank = start
        size += own
        if text[first:last] == " ":
            blank, size_at_blank = last, size
    return [*made, (start, len(text))]


def wrap(text: str, width: int) -> list[str]:
    """Return a text in pieces of at most ``width`` cells, broken at blanks where there are any."""
    pieces = [text[first:last].strip(" ") for first, last in _pieces(text, max(width, 2), 0)]
    return [piece for piece in pieces if piece] or [""]


def crop_line(of: Line, start: int, end: int) -> Line:
    """Return the part of a line between two cells."""
    made = []
    at = 0
    for segment in of:
        size = cell_len(segment.text)
        if at < end and at + size > start:
            made.append(Segment(crop(segment.text, max(0, start - at), end - at), segment.role))
        at += size
    return tuple(made)


def fold_line(of: Line, width: int) -> list[Line]:
    """Return a line in pieces of at most ``width`` cells; a word is broken only where it would fill most of a piece."""
    if width < 2 or width_of(of) <= width:
        return [of]
    return [_slice(of, first, last) for first, last in _pieces(plain(of), width, width // 2)]


def _slice(of: Line, first: int, last: int) -> Line:
    """Return the part of a line between two characters."""
    made = []
    at = 0
    for text, role in of:
        made.append(Segment(text[max(0, first - at) : max(0, last - at)], role))
        at += len(text)
    return tuple(segment for segment in made if segment.text)


def mark_matches(of: Line, needle: str, role: str = "match") -> Line:
    """Return a line in which each occurrence of a text has a role; a needle without capitals matches any case."""
    text = plain(of)
    found = find_all(text, needle)
    if not found:
        return of
    made: list[Segment] = []
    at = 0
    spans = iter([*found, (len(text), len(text))])
    start, end = next(spans)
    for segment in of:
        rest, own = segment.text, at
        while rest:
            if own >= end and start < len(text):
                start, end = next(spans)
            inside = start <= own < end
            border = end if inside else start
            piece = rest[: max(1, border - own)] if border > own else rest
            made.append(Segment(piece, role if inside else segment.role))
            rest, own = rest[len(piece) :], own + len(piece)
        at += len(segment.text)
    return tuple(made)


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
