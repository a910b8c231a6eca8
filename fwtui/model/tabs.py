"""Rules between the parts of the screen: one with the pane's views as tabs in it, others with a title, one upright."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from fwtui.model.key_names import KeyNames
from fwtui.model.keys import ROWS, shown_key
from fwtui.model.segments import Line, Segment, cells, cut_end, line, width_of

__all__ = ["Tab", "divider_lines", "tab_at", "tabs_line", "title_line", "with_key"]


@dataclass(frozen=True, slots=True)
class Tab:
    """One view of the pane: the digit that shows it ("" where it is shown by itself), its title and its name."""

    digit: str
    title: str
    name: str

    @property
    def text(self) -> str:
        """What stands in the rule."""
        return f"{self.digit} {self.title}".lstrip()


def with_key(tab: Tab, names: KeyNames) -> Tab:
    """Return a tab with the last of the keys that show its view: of the usual ones that is the digit."""
    key_id = f"look.{tab.name}"
    return replace(tab, digit=shown_key(names.keys(key_id)[-1])) if key_id in ROWS else tab


_Heads = list[tuple[Tab | None, Segment]]


def _heads(tabs: Sequence[Tab], active: str, width: int, *, focused: bool = False) -> _Heads:
    """Return the tabs as far as they fit: where there is no room for all titles the others are their keys."""
    for titled in (True, False):
        made: _Heads = [(None, Segment("─", "disabled"))]
        for tab in tabs:
            own = Segment(f"┤{tab.text}├", "title-focused" if focused else "title")
            other = Segment(f" {tab.text} " if titled else f" {tab.digit} ", "muted")
            made.append((tab, own if tab.name == active else other))
            made.append((None, Segment("─", "disabled")))
        if width_of(segment for _, segment in made) <= width:
            return made
    return [head for head in made if head[0] is not None and head[0].name == active]


def tabs_line(
    tabs: Sequence[Tab], active: str, right: str, width: int, *, short: str = "", focused: bool = False
) -> Line:
    """Return the rule above the pane.

    Args:
        tabs: the views there are.
        active: name of the one that is seen.
        right: tells what that one shows.
        width: cells of the rule.
        short: stands in its place where there is no room for it; without one it is cut.
        focused: the pane has the focus.
    """
    return _ruled(line(*(segment for _, segment in _heads(tabs, active, width, focused=focused))), right, short, width)


def title_line(title: str, right: str, width: int, *, short: str = "", focused: bool = False) -> Line:
    """Return the rule above a part that has no tabs; ``right`` tells what it shows, or ``short`` does."""
    left = line(Segment("─", "disabled"), Segment(f" {title} ", "title-focused" if focused else "title"))
    return _ruled(left, right, short, width)


def divider_lines(height: int, joints: Collection[int], *, ascii_only: bool = False) -> list[Line]:
    """Return the rule between the two sides; the pane's rule begins at its top, and at the joints one ends at it."""
    upright, begins, ends = "|++" if ascii_only else "│├┤"
    glyphs = (begins if row == 0 else ends if row in joints else upright for row in range(height))
    return [line(Segment(glyph, "disabled")) for glyph in glyphs]


def _ruled(left: Line, right: str, short: str, width: int) -> Line:
    room = max(0, width - width_of(left) - 5)
    right = cut_end(right if cells(right) <= room or not short else short, room)
    end = line(Segment(f" {right} ", "muted"), Segment("─", "disabled")) if right else ()
    fill = width - width_of(left) - width_of(end)
    return line(*left, Segment("─" * fill, "disabled"), *end)


def tab_at(tabs: Sequence[Tab], active: str, width: int, x: int) -> str | None:
    """Return the name of the view whose title is at a cell of the rule, None where there is none."""
    at = 0
    for tab, segment in _heads(tabs, active, width):
        at += len(segment.text)
        if x < at:
            return None if tab is None else tab.name
    return None
