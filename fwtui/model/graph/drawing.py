"""Lines drawn into a grid of characters, where each cell knows to which of its sides lines lead.

Lines that touch are joined. Where a level line only passes an upright one, the upright one is drawn whole and the level
one is interrupted: what is drawn as a junction is one.
"""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["Grid", "to_ascii"]

_LEFT, _RIGHT, _UP, _DOWN = 1, 2, 4, 8
_LEVEL = _LEFT | _RIGHT
_GLYPHS = dict(enumerate(" ───│╯╰┴│╮╭┬│┤├┼→"))
_HEAD = 16

_ASCII = str.maketrans("─│╭╮╰╯├┤┬┴┼→…‹›", "-|+++++++++>~<>")


def to_ascii(text: str) -> str:
    """Return drawn lines, or a label, in ASCII; what has no counterpart becomes a question mark."""
    return text.translate(_ASCII).encode("ascii", "replace").decode()


class Grid:
    """Lines in ``width`` x ``height`` cells. All level lines are drawn first, then the upright ones over them."""

    def __init__(self, width: int, height: int) -> None:
        self._sides = [bytearray(width) for _ in range(height)]

    def level(self, y: int, first: int, last: int, *, from_net: bool = False, to_net: bool = False) -> None:
        """Draw a line from one column to another; at a net it ends in the middle of the cell."""
        sides = self._sides[y]
        sides[first] |= _RIGHT if from_net else _LEVEL
        sides[first + 1 : last] = bytes([_LEVEL]) * (last - first - 1)
        sides[last] |= _LEFT if to_net else _LEVEL

    def upright(self, x: int, rows: Iterable[int]) -> None:
        """Draw a line through these rows, joined to the level lines in them and to no other."""
        joined = set(rows)
        first, last = min(joined), max(joined)
        for y in range(first, last + 1):
            if y in joined:
                self._sides[y][x] |= _UP * (y > first) | _DOWN * (y < last)
            else:
                self._sides[y][x] = _UP | _DOWN

    def head(self, x: int, y: int) -> None:
        """Put an arrow head into a cell."""
        self._sides[y][x] = _HEAD

    def texts(self) -> list[str]:
        """Return the rows as texts."""
        return [sides.decode("latin-1").translate(_GLYPHS) for sides in self._sides]
