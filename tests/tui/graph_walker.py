"""Reads a drawn graph as a person does: along the lines, cell by cell. It knows nothing of how they came to be there."""

from __future__ import annotations

from collections.abc import Callable

from fwtui.model.graph.layout import Layout

ARMS = {
    "─": "LR",
    "│": "UD",
    "╭": "RD",
    "╮": "LD",
    "╰": "RU",
    "╯": "LU",
    "├": "RUD",
    "┤": "LUD",
    "┬": "LRD",
    "┴": "LRU",
    "┼": "LRUD",
}
STEPS = {"R": (1, 0), "U": (0, -1), "D": (0, 1)}
OPPOSITE = {"R": "L", "U": "D", "D": "U"}


def arms_in_ascii(rows: list[str], x: int, y: int) -> str:
    """A plus leads wherever something next to it leads to it."""

    def at(x: int, y: int) -> str:
        return rows[y][x] if 0 <= y < len(rows) and 0 <= x < len(rows[y]) else " "

    match rows[y][x]:
        case "-":
            return "LR"
        case "|":
            return "UD"
        case "+":
            found = "L" * (at(x - 1, y) == "-") + "R" * (at(x + 1, y) in ("-", ">"))
            return found + "U" * (at(x, y - 1) in ("|", "+")) + "D" * (at(x, y + 1) in ("|", "+"))
    return ""


def arms_of_boxes(rows: list[str], x: int, y: int) -> str:
    return ARMS.get(rows[y][x], "")


def reached(rows: list[str], layout: Layout, x: int, y: int, arms: Callable[[list[str], int, int], str]) -> set[str]:
    """Return the names to which the line leads that begins at a cell."""
    head = ">" if arms is arms_in_ascii else "→"
    upright = "|" if arms is arms_in_ascii else "│"
    found, seen, todo = set(), set(), [(x, y, "R")]
    while todo:
        place = x, y, heading = todo.pop()
        if place in seen:
            continue
        seen.add(place)
        glyph = rows[y][x]
        if glyph == head:
            assert heading == "R", f"an arrow at {x}, {y} is met from its side"
            node = layout.at(x + 2, y)
            assert node is not None, f"the arrow at {x}, {y} points at nothing"
            assert node.x == x + 2
            found.add(node.name)
            continue
        if glyph == upright and heading == "R":
            todo.append((x + 1, y, "R"))  # a line that only passes
            continue
        leads = arms(rows, x, y)
        assert OPPOSITE[heading] in leads, f"the line breaks off at {x}, {y}: {glyph!r}"
        for way in "RUD":
            if way in leads and way != OPPOSITE[heading]:
                todo.append((x + STEPS[way][0], y + STEPS[way][1], way))
    return found


def edges_drawn(layout: Layout) -> set[tuple[str, str]]:
    """Return all edges that can be read from a drawing, by the names of the nodes at their ends."""
    rows = list(layout.rows)
    plain = all(row.isascii() for row in rows)
    arms = arms_in_ascii if plain else arms_of_boxes
    found = set()
    for node in (node for row in layout.on_row for node in row):
        begins = node.end + 1
        if begins < len(rows[node.y]) and rows[node.y][begins] != " ":
            found |= {(node.name, name) for name in reached(rows, layout, begins, node.y, arms)}
    return found
