"""A laid out graph in the colours of the moment: what the tasks are doing, which is selected, what a filter finds."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from fwtui.model.graph.layout import Layout, Node
from fwtui.model.segments import Line, Segment, crop_line, line
from fwtui.model.status import LOOKS, State

__all__ = ["Lit", "Marks", "lit_cells", "row_line"]

Lit = Mapping[int, tuple[tuple[int, int], ...]]
"""By row, the first cell and the one behind the last of each stretch of line that stands out."""

_UPRIGHT = "│|"


@dataclass(frozen=True, slots=True)
class Marks:
    """What stands out in a graph.

    Attributes:
        selected: the selected task.
        focused: the graph has the focus.
        lit: the lines that stand out.
        matches: the tasks that a filter finds, None if there is none; the others are dimmed.
        ascii: only ASCII can be drawn.
    """

    selected: str | None = None
    focused: bool = False
    lit: Lit = field(default_factory=dict)
    matches: Collection[str] | None = None
    ascii: bool = False


def lit_cells(layout: Layout, selected: str | None) -> Lit:
    """Return the cells of the edges of a task."""
    found: dict[int, set[int]] = {}
    for ends, pieces in layout.edges.items():
        if selected not in ends:
            continue
        for x, y, to_x, to_y in pieces:
            if y == to_y:
                cells = found.setdefault(y, set())
                # A line that it only passes is not part of it.
                cells.update(at for at in range(x, to_x + 1) if layout.rows[y][at] not in _UPRIGHT)
            else:
                for row in range(min(y, to_y), max(y, to_y) + 1):
                    found.setdefault(row, set()).add(x)
    return {row: _stretches(cells) for row, cells in found.items()}


def _stretches(cells: set[int]) -> tuple[tuple[int, int], ...]:
    made: list[tuple[int, int]] = []
    for at in sorted(cells):
        if made and made[-1][1] == at:
            made[-1] = made[-1][0], at + 1
        else:
            made.append((at, at + 1))
    return tuple(made)


def row_line(
    layout: Layout, y: int, state_of: Callable[[str], State], marks: Marks, first: int = 0, last: int | None = None
) -> Line:
    """Return the cells of a row of the graph from ``first`` to before ``last``; without them, the whole row."""
    text, lit = layout.rows[y], marks.lit.get(y, ())
    last = layout.width if last is None else min(last, layout.width)
    parts: list[Segment] = []
    start = x = max(0, first)
    for node in layout.on_row[y]:
        if node.end <= first or node.x >= last:
            continue
        if not parts:
            start = x = min(x, node.x)
        _put_lines(parts, text, x, node.x, lit)
        parts += _node(node, state_of, marks)
        x = node.end
    _put_lines(parts, text, x, last, lit)
    made = line(*parts)
    return crop_line(made, first - start, last - start) if start < first or x > last else made


def _put_lines(parts: list[Segment], text: str, x: int, end: int, lit: tuple[tuple[int, int], ...]) -> None:
    for first, last in lit:
        if last > x and first < end:
            parts.append(Segment(text[x:first], "disabled"))
            parts.append(Segment(text[max(x, first) : min(last, end)], "strong"))
            x = min(last, end)
    parts.append(Segment(text[x:end], "disabled"))


def _node(node: Node, state_of: Callable[[str], State], marks: Marks) -> tuple[Segment, ...]:
    if node.counts:
        return (Segment(node.label, "muted"),)
    look = LOOKS[state_of(node.name)]
    icon = f"{look.ascii if marks.ascii else look.icon} "
    if node.name == marks.selected:
        return (Segment(icon + node.label, "cursor" if marks.focused else "cursor-blurred"),)
    if marks.matches is None:
        return Segment(icon, look.icon_role), Segment(node.label, look.name_role)
    if node.name not in marks.matches:
        return (Segment(icon + node.label, "muted"),)
    name_role = look.name_role if look.name_role not in ("", "muted") else "strong"
    return Segment(icon, look.icon_role), Segment(node.label, name_role)
