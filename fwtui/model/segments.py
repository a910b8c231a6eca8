"""Lines of text whose parts have roles, measured in terminal cells.

What is drawn is composed here, in pure functions, so that a test can compare it to the cell; a widget only turns roles
into colours. Text that is not ours is made visible before it is composed (``text.visible``).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from rich.cells import cell_len, get_character_cell_size, split_graphemes

__all__ = [
    "Line",
    "Segment",
    "break_points",
    "cells",
    "clip",
    "crop",
    "crop_line",
    "cropped",
    "cut_end",
    "cut_middle",
    "graphemes",
    "is_mark",
    "key",
    "line",
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


def graphemes(text: str) -> list[tuple[int, int, int]]:
    """Return the characters of a text as a person sees them: the first and last of each, and its cells."""
    return split_graphemes(text)[0]


def is_mark(character: str) -> bool:
    """Tell whether a character takes no cell of its own: it belongs to the one before it."""
    return not character.isascii() and get_character_cell_size(character) == 0


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
    return cropped(text, start, end)[0]


def cropped(text: str, start: int, end: int | None) -> tuple[str, int]:
    """Return a part of a text, as ``crop`` does, and how many characters are before it."""
    if text.isascii():
        return text[start:end], min(start, len(text))
    spans, total = split_graphemes(text)
    end = total if end is None else min(end, total)
    made = []
    at = skipped = 0
    for first, last, width in spans:
        after = at + width
        if at >= start and after <= end:
            # A mark without width at the very end belongs to the character before it.
            made.append(text[first:last])
        elif after > start and at < end:
            made.append(" " * (min(after, end) - max(at, start)))
        else:
            skipped = skipped if made else last
        at = after
        if at >= end and width:
            break
    return "".join(made), skipped


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


def break_points(text: str, width: int, least: int) -> list[tuple[int, int]]:
    """Return where to break a text into pieces of at most ``width`` cells (at least 2).

    A piece ends behind a blank if that leaves it more than ``least`` cells, else in the middle of a word.
    """
    made: list[tuple[int, int]] = []
    if text.isascii():
        start = 0
        while len(text) - start > width:
            blank = text.rfind(" ", start, start + width) + 1
            border = blank if blank - start > least else start + width
            made.append((start, border))
            start = border
        return [*made, (start, len(text))]
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
    pieces = [text[first:last].strip(" ") for first, last in break_points(text, max(width, 2), 0)]
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
