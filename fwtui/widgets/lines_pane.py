"""Lines that can be searched: the log, the details, the help page.

All of a long log is searched in a thread; typing goes on meanwhile, and so does the log.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from operator import itemgetter

from textual.message import Message

from fwtui.background import in_thread
from fwtui.model.document import Place, lines_with
from fwtui.model.line_parts import Piece, find_all, marked
from fwtui.model.segments import cells, plain
from fwtui.widgets.scrolled_lines import LONG, ScrolledLines

__all__ = ["LinesPane"]


class LinesPane(ScrolledLines):
    """Lines, and what is looked for in them.

    Attributes:
        needle: the text that a search looks for, "" for none.
    """

    class Searched(Message):
        """A search has looked at all lines.

        Attributes:
            needle: what it looked for.
            lines: in how many lines it is.
        """

        def __init__(self, needle: str, lines: int) -> None:
            super().__init__()
            self.needle = needle
            self.lines = lines

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.needle = ""
        self._matches: list[int] = []
        self._here: Place | None = None
        self._spans: dict[int, list[tuple[int, int]]] = {}

    def action_pane_enter(self) -> None:
        """Go to the next match."""
        if self.needle:
            self.go_to_match(1)

    @property
    def found(self) -> str | None:
        """The line of the match that was gone to last, None if there is none."""
        return None if self._here is None else plain(self.document.lines[self._here.line])

    def search(self, needle: str) -> None:
        """Look for a text in all lines, and go to its first place from here on; "" ends a search."""
        self.needle = needle
        self._here = None
        self._matches = []
        self._spans.clear()
        self.drawn_anew()
        self._look_again(go=True)

    def _look_again(self, *, go: bool = False) -> None:
        """Find the lines in which the text is; go to its first place then, if that is wanted."""
        if self.document.size > LONG and self.needle:
            self.beside(self._search_in_thread(self.needle, go=go), "search")
        else:
            self._look(0)
            if go:
                self._end_search()

    async def _search_in_thread(self, needle: str, *, go: bool) -> None:
        document = None
        while document is not self.document:
            document = self.document
            firm = document.lines[: len(document.lines) - self.loose]
            # Whoever types on does not wait for what is not looked for any more.
            found = await in_thread(lines_with, firm, needle, still=lambda: self.needle == needle)
        self._matches = found
        self._look(len(firm))  # what came meanwhile
        if go:
            self._end_search()

    def _look(self, first: int) -> None:
        """Find the lines in which the text is, from one of them on."""
        del self._matches[bisect_left(self._matches, first) :]
        if self.needle:
            self._matches += lines_with(self.document.lines, self.needle, first)

    def _end_search(self) -> None:
        self.go_to_match(0)
        self.post_message(self.Searched(self.needle, len(self._matches)))

    def go_to_match(self, direction: int) -> None:
        """Go to the next match (1), the one before (-1), or the first from here on (0); past the end it begins anew."""
        if not self._matches:
            return
        self._here = self._match_from(direction)
        self.following = False
        self._into_sight(self._here)
        self.drawn_anew()

    def _match_from(self, direction: int) -> Place:
        here = self._here
        if here is None:
            top = min(self.scroll_offset.y, self.document.height - 1)
            row = self.document.row(top)
            here = Place(row.line, row.start - 1)
        starts = self._starts(here.line)
        if direction < 0:
            before = [start for start in starts if start < here.char]
            if before:
                return Place(here.line, before[-1])
            line = self._matches[bisect_left(self._matches, here.line) - 1]
            return Place(line, self._starts(line)[-1])
        behind = [start for start in starts if start > here.char]
        if behind:
            return Place(here.line, behind[0])
        line = self._matches[bisect_left(self._matches, here.line + 1) % len(self._matches)]
        return Place(line, self._starts(line)[0])

    def _starts(self, line: int) -> list[int]:
        return [start for start, _ in self._spans_of(line)]

    def _into_sight(self, place: Place) -> None:
        row, height, width = self.document.row_of(place), self.size.height, self.size.width
        if not self.scroll_offset.y <= row < self.scroll_offset.y + height:
            self.scroll_to_row(max(0, row - height // 2))
        if self.document.width:
            return
        text = plain(self.document.lines[place.line])
        start = cells(text[: place.char])
        end = start + cells(self.needle)
        if not self.scroll_offset.x <= start <= end <= self.scroll_offset.x + width:
            x = 0 if end <= width else start - width // 2
            self.scroll_to(x=x, animate=False, force=True, immediate=True)

    def others(self, first: int, *, all_others: bool = False) -> None:
        """Look anew from a line on; what was found before it stays found."""
        self._spans = {number: spans for number, spans in self._spans.items() if number < first}
        if self._here is not None and (all_others or self._here.line >= (first or self.line_count)):
            self._here = None
        if first:
            self._look(first)
        else:
            self._look_again()

    @property
    def stands_out(self) -> bool:
        """A search holds."""
        return bool(self.needle)

    def marked(self, row: int, pieces: list[Piece]) -> list[Piece]:
        """Return what is seen of a row with the parts of it that a search found."""
        if not self.needle:
            return pieces
        line, first, last = self.document.row(row)
        spans = self._spans_of(line)
        # A match may begin in the row before, or go on in the next one.
        inside = spans[bisect_right(spans, first, key=itemgetter(1)) : bisect_left(spans, last, key=itemgetter(0))]
        pieces = marked(pieces, [(start - first, end - first) for start, end in inside], "match")
        if self._here is None or self._here.line != line:
            return pieces
        here = [(start - first, end - first) for start, end in inside if start == self._here.char]
        return marked(pieces, here, "match-here")

    def _spans_of(self, line: int) -> list[tuple[int, int]]:
        if line not in self._spans:
            self._spans[line] = find_all(plain(self.document.lines[line]), self.needle)
        return self._spans[line]
