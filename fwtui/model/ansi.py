"""What a task wrote as a line with its colours: SGR sequences become roles, everything else is text that can be seen.

Nothing of a sequence is ever sent to a terminal. Its codes are read, by Rich, into a style that is drawn as one of
ours; whatever is no colour (a cursor that moves, a title, the clipboard, a link) stays visible as an escape. Erasing
within the line is the exception: ``grep`` and ``gcc`` do it beside every colour, and it leaves nothing to be seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from fwtui.model.segments import Line, Segment, cells, graphemes, is_mark
from fwtui.model.text import TAB, overwritten, visible

__all__ = ["coloured", "is_coloured", "style_in", "without_colours"]

_ROLE = "sgr "
_SEQUENCE = re.compile(r"\x1b\[(?:(?P<codes>[0-9;:]{0,64})m|[0-2]?K)")
_KEPT = ("bold", "dim", "italic", "underline", "reverse", "strike")
"""Attributes that are drawn: blinking disturbs, and what is concealed is to be read."""

_PIECE = 500
"""Characters of a segment at most: up to 512 Rich remembers the width of a text."""


def is_coloured(role: str) -> bool:
    """Tell whether a role is one that a task chose."""
    return role.startswith(_ROLE)


def style_in(role: str) -> str:
    """Return the style in a role that a task chose, as Rich writes styles: "bold color(1) on #202020"."""
    return role[len(_ROLE) :]


def coloured(text: str, style: str = "") -> tuple[Line, str]:
    """Return what is seen of a line that was written.

    Args:
        text: as it was written, carriage returns and all.
        style: that in which the line begins, "" for none.

    Returns:
        The line, and the style that holds at its end.
    """
    if text.isprintable():
        return _segments(text, style), style
    text = overwritten(text)
    made: list[Segment] = []
    at = column = 0
    for found in (*_SEQUENCE.finditer(text), None):
        raw = text[at : len(text) if found is None else found.start()]
        shown = _shown(raw, column)
        column += cells(shown)
        while made and shown and is_mark(shown[0]):
            # A mark belongs to the character before it, whatever stands between them.
            made[-1] = Segment(made[-1].text + shown[0], made[-1].role)
            shown = shown[1:]
        made += _segments(shown, style)
        if found is not None:
            at = found.end()
            if found["codes"] is not None:
                style = _after(style, found["codes"])
    return tuple(made), style


def without_colours(text: str) -> str:
    """Return what is seen of a line that was written, as plain text."""
    if text.isprintable():
        return text
    return _shown(_SEQUENCE.sub("", overwritten(text)), 0)


def _shown(text: str, column: int) -> str:
    """Return text that is safe to show; tabs reach to the next stop, counted from where the line begins."""
    if text.isprintable():
        return text
    first, *rest = text.split("\t")
    shown = visible(first)
    for part in rest:
        here = column + cells(shown)
        shown += " " * (TAB - here % TAB) + visible(part)
    return shown


def _segments(text: str, style: str) -> Line:
    role = _ROLE + style if style else ""
    if len(text) <= _PIECE:
        return (Segment(text, role),) if text else ()
    return tuple(Segment(piece, role) for piece in _pieces(text))


def _pieces(text: str) -> Iterator[str]:
    if text.isascii():
        for at in range(0, len(text), _PIECE):
            yield text[at : at + _PIECE]
        return
    begin = 0
    for first, last, _ in graphemes(text):
        if last - begin > _PIECE and first > begin:
            yield text[begin:first]
            begin = first
    yield text[begin:]


@lru_cache(maxsize=2048)
def _after(style: str, codes: str) -> str:
    """Return the style that holds after a sequence with these codes."""
    from rich.ansi import AnsiDecoder
    from rich.style import Style

    decoder = AnsiDecoder()
    decoder.style = Style.parse(style) if style else Style.null()
    decoder.decode_line(f"\x1b[{_with_semicolons(codes)}m")
    made = decoder.style
    words = [name for name in _KEPT if getattr(made, name)]
    words += ["underline"] if made.underline2 and not made.underline else []
    words += [made.color.name] if made.color is not None and not made.color.is_default else []
    words += ["on", made.bgcolor.name] if made.bgcolor is not None and not made.bgcolor.is_default else []
    return " ".join(words)


def _with_semicolons(codes: str) -> str:
    """Return codes in the form with semicolons: ``38:2::1:2:3`` is ``38;2;1;2;3``, and ``4:3`` an underline."""
    made: list[str] = []
    for code in codes.split(";"):
        first, *rest = code.split(":")
        if first == "4" and rest:
            made.append("24" if rest[0] == "0" else "4")
        elif not rest or first in ("38", "48"):
            colour_space = rest[:1] == ["2"] and len(rest) > 4
            made += [first, *rest[:1], *(rest[2:] if colour_space else rest[1:])]
    return ";".join(made)
