"""A dialog as lines: its frame, what it says, and its buttons. These are seen however small the terminal is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fwtui.model.dialogs import Button, DialogSpec
from fwtui.model.line_parts import fold_line
from fwtui.model.segments import Line, Segment, cells, clip, cut_end, line, pad_end, width_of

__all__ = ["WIDEST", "DialogBox", "box_for"]

WIDEST = 62
"""Cells between the borders of a dialog that has all the room it wants."""
_BESIDE = 4
_LEAST_FRAMED = 20


@dataclass(frozen=True, slots=True)
class DialogBox:
    """A dialog that fits.

    Attributes:
        lines: each is exactly ``width`` cells wide.
        first: the first line of what it says that is shown; not 0 only where there is no room for all.
        last: what ``first`` may be at most.
    """

    lines: tuple[Line, ...]
    width: int
    first: int = 0
    last: int = 0


def box_for(spec: DialogSpec, width: int, height: int, first: int = 0) -> DialogBox:
    """Return a dialog that fits into ``width`` x ``height`` cells.

    Where it is too high, blank lines go, then what it says is scrolled, and last the frame goes. The buttons never do.

    Args:
        spec: what it says.
        width: columns of the terminal, at least 1.
        height: rows of the terminal, at least 1.
        first: the line at which what it says is to begin, where it is scrolled.
    """
    inner = min(WIDEST, width - _BESIDE)
    buttons = _button_rows(spec.buttons, inner - 4)
    # A frame round nothing but buttons would be all that is said.
    framed = width >= _LEAST_FRAMED and height > len(buttons) + 2
    if not framed:
        inner = width
        buttons = _button_rows(spec.buttons, inner - 4)
    room = height - 2 if framed else height
    body = [row for each in spec.body for row in fold_line(each, max(2, inner - 3))]
    rows = [(), *body, (), *buttons]
    last = 0
    if len(rows) > room:
        body, buttons = [row for row in body if row], _fitting(buttons, room)
        shown = max(0, room - len(buttons))
        last = max(0, len(body) - shown)
        first = min(max(first, 0), last)
        rows = [*body[first : first + shown], *buttons]
    else:
        first = 0
    made = [_row(row, inner) for row in rows]
    if framed:
        made = _framed(made, spec.title, inner, above=first > 0, below=first < last)
    return DialogBox(tuple(made), inner + 2 if framed else inner, first, last)


def _row(row: Line, inner: int) -> Line:
    shown = clip(line("  " if row else "", *row), inner)
    return line(*shown, " " * (inner - width_of(shown)))


def _framed(rows: Sequence[Line], title: str, inner: int, *, above: bool, below: bool) -> list[Line]:
    """Return rows in a frame; arrows in it tell where there is more."""
    title = cut_end(title, inner - (7 if above else 6))
    top = line("╭─ ", Segment(title, "strong"), " ")
    up, down = (" ↑ ─" if above else "─", " ↓ ─" if below else "─")
    head = line(*top, "─" * (inner - width_of(top) - cells(up) + 1), up, "╮")
    return [head, *(line("│", *row, "│") for row in rows), line("╰" + "─" * (inner - cells(down)) + down + "╯")]


def _button_rows(buttons: Sequence[Button], room: int) -> list[Line]:
    made = [line(Segment(button.shown, "key"), f"  {button.label}") for button in buttons]
    gaps = len(made) - 1
    free = room - sum(width_of(each) for each in made)
    if gaps == 0:
        return made
    if free < 3 * gaps:
        longest = max(cells(button.shown) for button in buttons)
        return [line(Segment(pad_end(each.shown, longest), "key"), f"  {each.label}") for each in buttons]
    parts: list[str | Segment] = []
    for number, each in enumerate(made):
        parts += [*(each), " " * (free // gaps if number < gaps else 0)]
    return [line(*parts)]


def _fitting(buttons: Sequence[Line], room: int) -> list[Line]:
    """Return the rows of the buttons, in one where there are not as many."""
    if len(buttons) <= room:
        return list(buttons)
    return [line(*(part for each in buttons for part in (*each, Segment("  "))))]
