"""How the rows of the terminal are shared out: which parts there are, and how high the table is."""

from __future__ import annotations

from dataclasses import dataclass

from fwtui.model.header import WIDE

__all__ = ["WHOLE", "Layout", "layout_for"]

WHOLE = frozenset({"graph", "timeline", "runs"})
"""Views that take the whole middle where the terminal is narrow."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Heights in rows; 0 means that a part is not shown.

    Attributes:
        header: 2, 1, or 0.
        table: heading and rows.
        pane: what is below the rule.
        rule: the line with the pane's tabs.
    """

    header: int
    table: int
    rule: int
    pane: int
    message: int
    footer: int


def layout_for(width: int, height: int, tasks: int, *, full: bool = False, shown: str = "log") -> Layout:
    """Return the heights for a terminal.

    The table takes its tasks, at most half of the rows. Where it gets too small for all, the pane goes first, then the
    second header line, then the footer; below 40x8 only the verdict stays.

    Args:
        width: columns of the terminal.
        height: rows of the terminal.
        tasks: how many the workflow has, whatever a filter shows.
        full: the pane has the whole middle; the table gives way.
        shown: name of the view in the pane.
    """
    if width < 40 or height < 8:
        return Layout(1, 0, 0, 0, 0, 0)
    header = 2 if height >= 12 else 1
    footer = 1 if height >= 10 else 0
    middle = height - header - 1 - footer
    if full or (width < WIDE and shown in WHOLE):
        return Layout(header, 0, 1, middle - 1, 1, footer)
    if height < 16:
        return Layout(header, middle, 0, 0, 1, footer)
    table = min(tasks + 1, height // 2)
    return Layout(header, table, 1, middle - table - 1, 1, footer)
