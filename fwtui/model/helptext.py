"""The help screen: one page made from the table of keys, the focused part's keys first."""

from __future__ import annotations

from collections.abc import Sequence

from fwtui.model.keys import GROUPS, KEYS, Key, keys_of, shown_key
from fwtui.model.segments import Line, Segment, cells, line, pad_end

__all__ = ["help_lines"]

_TITLES = {
    "tasks": "In the tasks",
    "pane": "In the log and other text",
    "graph": "In the graph",
    "timeline": "In the timeline",
    "runs": "In the runs",
}
_KEYS_WIDTH = 14
_TEXT_WIDTH = 54


def _row(row: Key, width: int) -> Line:
    shown = " ".join(shown_key(name) for name in row.keys)
    tail = (
        Segment(row.id, "muted") if width >= _KEYS_WIDTH + max(_TEXT_WIDTH, cells(row.text)) + cells(row.id) + 5 else ""
    )
    text = pad_end(row.text, max(_TEXT_WIDTH, cells(row.text)))
    return line("   ", Segment(pad_end(shown, _KEYS_WIDTH), "key"), text, "  ", tail)


def _section(title: str, rows: Sequence[Key], width: int) -> list[Line]:
    return [line(Segment(f" {title}", "strong")), *(_row(row, width) for row in rows), ()]


def help_lines(part: str, width: int) -> list[Line]:
    """Return the help page for someone whose focus is in a part (as in ``Key.where``)."""
    made: list[Line] = [(), *_section(_TITLES.get(part, "Here"), keys_of(part), width)]
    for group in GROUPS:
        rows = [row for row in KEYS if row.group == group and row.where == "dashboard"]
        made += _section(group.capitalize(), rows, width)
    for other, title in _TITLES.items():
        if other != part:
            made += _section(title, keys_of(other), width)
    made += [
        line(" A filter matches any part of a name; a capital letter matches only itself."),
        line(
            " Several words must all match; ",
            Segment("!failed", "key"),
            " or ",
            Segment("!stale", "key"),
            " shows a state.",
        ),
        line(" The names on the right are the ids of the keys."),
        line(" For a screen reader, ", Segment("fwtui run FILE", "key"), " says every fact once, in lines."),
    ]
    return made
