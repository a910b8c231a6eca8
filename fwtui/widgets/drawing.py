"""Lines with roles turned into coloured strips: the one place where a role becomes a colour.

The colours themselves are in ``app.tcss``, one rule for each role, so that every theme has them.
"""

from __future__ import annotations

from functools import cached_property, lru_cache

from rich.segment import Segment as RichSegment
from rich.style import Style
from textual.geometry import Region
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget

from fwtui.model.ansi import is_coloured, style_in
from fwtui.model.ascii_text import ascii_text
from fwtui.model.segments import Line
from fwtui.model.text import visible
from fwtui.theme import legible

__all__ = ["ASCII", "COLOURS", "ROLES", "Drawn", "Lines", "Scrolled"]

ASCII = "-ascii"
"""Class of an application that draws nothing but ASCII."""

ROLES = (
    "accent",
    "banner",
    "cursor",
    "cursor-blurred",
    "disabled",
    "done",
    "error",
    "error-strong",
    "key",
    "match",
    "match-here",
    "muted",
    "plain",
    "running",
    "strong",
    "title",
    "title-focused",
    "warning",
    "warning-strong",
)


_legible = lru_cache(maxsize=4096)(legible)


COLOURS = frozenset(f"role--{role}" for role in ROLES)
"""Component classes of what has a ground of its own, a screen or a box: what is drawn on it has its colours from there.

Were they those of every widget, Textual would look up some hundred styles for every screen that comes or goes.
"""


def _has_colours(widget: Widget) -> bool:
    return COLOURS <= widget.COMPONENT_CLASSES


class Drawn(Widget):
    """A widget that draws lines with roles, on something that has ``COLOURS``."""

    @property
    def ascii(self) -> bool:
        """Nothing but ASCII is drawn."""
        return self.app.has_class(ASCII)

    def draw_anew(self) -> None:
        """Draw everything anew: other characters may be drawn than before."""
        self.refresh()

    def style_of(self, role: str) -> Style:
        """Return the style of a role in the theme of now."""
        if is_coloured(role):
            return self._style_in(style_in(role))
        return self._palette.get_component_rich_style(f"role--{role or 'plain'}")

    @cached_property
    def _palette(self) -> Widget:
        return next(node for node in self.ancestors_with_self if isinstance(node, Widget) and _has_colours(node))

    def _style_in(self, wanted: str) -> Style:
        theme, base, own = self.app.current_theme, self.style_of(""), Style.parse(wanted)
        if self.app.no_color:
            return base + own.without_color
        # Where the colours are the terminal's own, nobody here knows what they look like.
        return base + (own if theme.ansi else _legible(own, base, self.app.ansi_theme))

    def drawn_text(self, text: str) -> str:
        """Return text as it is drawn."""
        # What was composed is safe already; this keeps it so if a part is ever forgotten.
        shown = text if text.isprintable() else visible(text)
        return ascii_text(shown) if self.ascii else shown

    def strip_of(self, line: Line, width: int, over: str = "", *, offset: int = 0) -> Strip:
        """Return a line as a strip of exactly ``width`` cells.

        Args:
            line: the line.
            width: cells.
            over: a role for the whole line, whatever its parts are.
            offset: cells that are scrolled out at the left.
        """
        base = self.style_of(over)
        made = [RichSegment(self.drawn_text(text), base if over else self.style_of(role)) for text, role in line]
        strip = Strip(made)
        return strip.crop_extend(offset, offset + width, base)


class Scrolled(Drawn, ScrollView, inherit_bindings=False):
    """A widget of more lines than there is room for, without scroll bars; the wheel moves it all the same."""

    @property
    def allow_vertical_scroll(self) -> bool:
        """There is more above or below."""
        return self.max_scroll_y > 0

    @property
    def allow_horizontal_scroll(self) -> bool:
        """There is more to the left or right."""
        return self.max_scroll_x > 0


class Lines(Drawn):
    """Some lines of fixed height, drawn anew only where they changed."""

    ALLOW_SELECT = False

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._drawn: list[Line] = []
        self._drawn_for = (0, 0)

    def compose_lines(self, width: int, height: int) -> list[Line]:
        """Return what is to be seen in ``width`` x ``height`` cells."""
        raise NotImplementedError

    def role_of(self, y: int) -> str:
        """Return a role for a whole line, "" for none."""
        del y
        return ""

    def draw_anew(self) -> None:
        """Compose and draw all lines anew."""
        self._drawn_for = (0, 0)
        self.refresh()

    def redraw(self) -> None:
        """Draw the lines that are not what they were."""
        if not self.is_attached or not self.size.width:
            # It may come back at the size it had.
            self._drawn_for = (0, 0)
            return
        before = self._drawn
        self._fill()
        if len(before) != len(self._drawn):
            self.refresh()
            return
        for y, (old, new) in enumerate(zip(before, self._drawn, strict=True)):
            if old != new:
                self.refresh(Region(0, y, self.size.width, 1))

    def _fill(self) -> None:
        width, height = self.size
        self._drawn = self.compose_lines(width, height)
        self._drawn_for = (width, height)

    def render_line(self, y: int) -> Strip:
        """Return one line as it is to be drawn."""
        if self._drawn_for != tuple(self.size):
            self._fill()
        line = self._drawn[y] if y < len(self._drawn) else ()
        return self.strip_of(line, self.size.width, self.role_of(y))
