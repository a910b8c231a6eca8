"""Texts as bounded lines on a pipe, and back.

A text in JSON stands on one line of its own. One that is long is cut into pieces, so that whoever reads never has to
hold a line without an end, and lets go of the interpreter between them.
"""

from __future__ import annotations

__all__ = ["LINE", "LineReader", "lines_of"]

LINE = 65_536
"""Bytes of a line at most, its end included."""

_TEXT = 256_000_000
"""Characters of a text at most: more is no message of ours."""

_MORE, _LAST = b"+", b"."
"""Begin a piece that is to be continued, and the last one; JSON begins with neither."""


def lines_of(text: str) -> bytes:
    """Return a text as lines.

    Args:
        text: JSON in ASCII, without line ends.
    """
    data = text.encode("ascii")
    if len(data) < LINE:
        return data + b"\n"
    size = LINE - 2
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    return b"".join(b"%b%b\n" % (_LAST if piece is pieces[-1] else _MORE, piece) for piece in pieces)


class LineReader:
    """Puts texts together again, from data as it comes.

    Attributes:
        refused: how many lines were no lines of ours.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._pieces: list[bytes] = []
        self._size = 0
        self._skipping = False
        self.refused = 0

    def feed(self, data: bytes) -> list[str]:
        """Return the texts that are complete now, without those that cannot be texts of ours."""
        *lines, rest = (self._rest + data).split(b"\n")
        found = [text for line in lines for text in self._take(line)]
        if len(rest) >= LINE:  # nothing of ours is that long: whatever it is, it ends at the next line
            self._refuse()
            self._skipping = True
            rest = b""
        self._rest = rest
        return found

    def _take(self, line: bytes) -> list[str]:
        if self._skipping:
            self._skipping = False
            return []
        kind = line[:1]
        if kind not in (_MORE, _LAST):
            if self._pieces:
                self._refuse()  # what was begun has no end
            return self._text(line)
        self._pieces.append(line[1:])
        self._size += len(line)
        if self._size > _TEXT:
            self._refuse()
            return []
        if kind == _MORE:
            return []
        whole = b"".join(self._pieces)
        self._pieces, self._size = [], 0
        return self._text(whole)

    def _text(self, data: bytes) -> list[str]:
        if len(data) >= _TEXT or not data.isascii():
            self._refuse()
            return []
        return [data.decode("ascii")]

    def _refuse(self) -> None:
        self.refused += 1
        self._pieces, self._size = [], 0
