"""How the cells of the terminal are shared out: which parts there are, and where each of them is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from fwtui.model.breakpoints import TALL, VERY_WIDE, WIDE

__all__ = ["WHOLE", "Box", "Layout", "has_left", "layout_for", "left_width"]

WHOLE = frozenset({"graph", "timeline", "runs"})
"""Views that take the whole middle where the terminal is narrow."""

_LEFT_SHARE = 0.54
_LEAST_PANE = 16
_LEAST_WIDTH, _LEAST_HEIGHT = 40, 8
_FEWEST_DETAILS = 8


class Box(NamedTuple):
    """Where a part is: its first column and row on the screen, and its size in cells."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the parts are that are shown.

    Attributes:
        boxes: by the names of the parts: "header", "tasks", "rule" (the one with tabs), "pane", "message", "footer";
            where there is a left side, "details", perhaps "graph", their rules "details-rule" and "graph-rule", and
            the "divider".
        aside: views that stand on the left side, or would if nothing was zoomed, and are no tabs of the pane.
    """

    boxes: Mapping[str, Box]
    aside: frozenset[str] = field(default_factory=frozenset)

    @property
    def joints(self) -> tuple[int, ...]:
        """Rows of the divider at which a rule of the left side ends."""
        divider = self.boxes.get("divider")
        rules = [self.boxes[name] for name in ("graph-rule", "details-rule") if name in self.boxes]
        return () if divider is None else tuple(rule.y - divider.y for rule in rules)


def has_left(width: int, height: int) -> bool:
    """Tell whether tasks, graph and details stand beside the pane."""
    return width >= VERY_WIDE and height >= TALL


def left_width(width: int) -> int:
    """Return how many columns the left side has."""
    return round(width * _LEFT_SHARE)


def layout_for(
    width: int, height: int, tasks: int, *, graph: tuple[int, int] = (0, 0), full: str = "", shown: str = "log"
) -> Layout:
    """Return where the parts are on a terminal.

    The table takes its tasks, at most half of the rows. Where it gets too small for all, the pane goes first, then the
    second header line, then the footer; below 40x8 only the verdict stays.

    Args:
        width: columns of the terminal.
        height: rows of the terminal.
        tasks: how many the workflow has, whatever a filter shows.
        graph: columns and rows of the whole graph; it stands on the left side only if it fits there. Nothing means
            that it is never shown as a whole.
        full: the part that has the whole middle: "tasks", "pane", or one of the left side; "" for none.
        shown: name of the view in the pane.
    """
    if width < _LEAST_WIDTH or height < _LEAST_HEIGHT:
        return Layout({"header": Box(0, 0, width, min(1, height))})
    header = 2 if height >= 12 else 1
    footer = 1 if height >= 10 else 0
    middle = Box(0, header, width, height - header - 1 - footer)
    boxes = {"header": Box(0, 0, width, header), "message": Box(0, header + middle.height, width, 1)}
    if footer:
        boxes["footer"] = Box(0, height - 1, width, 1)
    left = _left(middle, tasks, graph, height // 2) if has_left(width, height) else {}
    aside = frozenset(left.keys() & {"graph", "details"})
    if full == "tasks":
        boxes["tasks"] = middle
    elif full in aside:
        boxes |= _below(f"{full}-rule", full, middle)
    elif full or (width < WIDE and shown in WHOLE):
        boxes |= _below("rule", "pane", middle)
    elif left:
        boxes |= left
    elif height < _LEAST_PANE:
        boxes["tasks"] = middle
    else:
        table = min(tasks + 1, height // 2)
        boxes["tasks"] = middle._replace(height=table)
        boxes |= _below("rule", "pane", Box(0, header + table, width, middle.height - table))
    return Layout(boxes, aside)


def _below(rule: str, part: str, room: Box) -> dict[str, Box]:
    """Return a rule and the part below it."""
    return {rule: room._replace(height=1), part: room._replace(y=room.y + 1, height=room.height - 1)}


def _left(room: Box, tasks: int, graph: tuple[int, int], most: int) -> dict[str, Box]:
    """Return the parts of both sides, the divider between them, and the graph if it fits whole."""
    width = left_width(room.width)
    # A blank row below the last task, and one above and below the graph.
    table = min(tasks + 2, most)
    made = {
        "tasks": Box(0, room.y, width, table),
        "divider": Box(width, room.y, 1, room.height),
        **_below("rule", "pane", Box(width + 1, room.y, room.width - width - 1, room.height)),
    }
    y = room.y + table
    columns, rows = graph
    free = room.y + room.height - y
    if 0 < columns <= width and rows + 3 + _FEWEST_DETAILS <= free:
        made |= _below("graph-rule", "graph", Box(0, y, width, rows + 3))
        y += rows + 3
    return made | _below("details-rule", "details", Box(0, y, width, room.y + room.height - y))
