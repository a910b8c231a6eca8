"""The rule between the tasks and the pane, with the pane's views as tabs in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from fwtui.model.key_names import KeyNames
from fwtui.model.keys import ROWS, shown_key
from fwtui.model.segments import Line, Segment, cut_end, line, width_of

__all__ = ["Tab", "tab_at", "tabs_line", "with_key"]


@dataclass(frozen=True, slots=True)
class Tab:
    """One view of the pane: the digit that shows it, its title and its name."""

    digit: str
    title: str
    name: str


def with_key(tab: Tab, names: KeyNames) -> Tab:
    """Return a tab with the last of the keys that show its view: of the usual ones that is the digit."""
    key_id = f"look.{tab.name}"
    return replace(tab, digit=shown_key(names.keys(key_id)[-1])) if key_id in ROWS else tab


def _heads(tabs: Sequence[Tab], active: str, *, focused: bool, ascii_only: bool) -> list[tuple[Tab | None, Segment]]:
    rule = "-" if ascii_only else "─"
    opening, closing = ("[", "]") if ascii_only else ("┤", "├")
    made: list[tuple[Tab | None, Segment]] = [(None, Segment(rule, "disabled"))]
    for tab in tabs:
        text = f"{tab.digit} {tab.title}"
        if tab.name == active:
            made.append((tab, Segment(f"{opening}{text}{closing}", "title-focused" if focused else "title")))
        else:
            made.append((tab, Segment(f" {text} ", "muted")))
        made.append((None, Segment(rule, "disabled")))
    return made


def tabs_line(
    tabs: Sequence[Tab], active: str, right: str, width: int, *, focused: bool = False, ascii_only: bool = False
) -> Line:
    """Return the rule; ``right`` tells what the pane shows, and is cut where there is no room for it."""
    rule = "-" if ascii_only else "─"
    left = line(*(segment for _, segment in _heads(tabs, active, focused=focused, ascii_only=ascii_only)))
    right = cut_end(right, max(0, width - width_of(left) - 5))
    end = line(Segment(f" {right} ", "muted"), Segment(rule, "disabled")) if right else ()
    fill = width - width_of(left) - width_of(end)
    return line(*left, Segment(rule * fill, "disabled"), *end)


def tab_at(tabs: Sequence[Tab], active: str, x: int) -> str | None:
    """Return the name of the view whose title is at a cell of the rule, None where there is none."""
    at = 0
    for tab, segment in _heads(tabs, active, focused=False, ascii_only=False):
        at += len(segment.text)
        if x < at:
            return None if tab is None else tab.name
    return None
