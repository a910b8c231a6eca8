"""The help screen: one page made from the table of keys, the focused part's keys first."""

from __future__ import annotations

from collections.abc import Sequence

from fwtui.model.key_names import USUAL, KeyNames
from fwtui.model.keys import GROUPS, KEYS, Key, keys_of
from fwtui.model.segments import Line, Segment, cells, line, pad_end

__all__ = ["help_lines"]

_TITLES = {
    "tasks": "In the tasks",
    "pane": "In the log and other text",
    "graph": "In the graph",
    "timeline": "In the timeline",
    "runs": "In the runs",
    "workflows": "In a list of workflows",
    "typing": "While a filter or a search is typed",
    "dialog": "In a question",
    "page": "On a page like this one",
    "plan": "On the plan",
}
_CHANGING = frozenset(
    {"run.resume", "run.everything", "run.again", "run.stop", "run.stop_now", "change.clear", "change.undo"}
)
"""Keys that change what is stored, or what runs."""
_KEYS_WIDTH = 14
_TEXT_WIDTH = 54


def _row(row: Key, width: int, names: KeyNames, *, dimmed: bool) -> Line:
    shown = names.all_shown(row.id)
    tail = (
        Segment(row.id, "muted") if width >= _KEYS_WIDTH + max(_TEXT_WIDTH, cells(row.text)) + cells(row.id) + 5 else ""
    )
    text = pad_end(row.text, max(_TEXT_WIDTH, cells(row.text)))
    keys = Segment(pad_end(shown, _KEYS_WIDTH), "muted" if dimmed else "key")
    return line("   ", keys, Segment(text, "muted" if dimmed else ""), "  ", tail)


def _section(title: str, rows: Sequence[Key], width: int, names: KeyNames, *, fixed: bool = False) -> list[Line]:
    made = (_row(row, width, names, dimmed=fixed and row.id in _CHANGING) for row in rows)
    return [line(Segment(f" {title}", "strong")), *made, ()]


def help_lines(part: str, width: int, names: KeyNames = USUAL, *, why_not: str = "") -> list[Line]:
    """Return the help page for someone whose focus is in a part (as in ``Key.where``).

    Args:
        part: where the focus is.
        width: of the page.
        names: the keys as the person has them.
        why_not: why nothing can be changed now, "" if it can.
    """
    made: list[Line] = [(), *_section(_TITLES.get(part, "Here"), keys_of(part), width, names)]
    if why_not:
        made[1:1] = [line(Segment(f" {why_not}", "warning")), line(" What changes something is dimmed."), ()]
    if part == "workflows":
        made += [line(Segment(" What follows is for a workflow that is open.", "muted")), ()]
    for group in GROUPS:
        rows = [row for row in KEYS if row.group == group and row.where in ("dashboard", "everywhere")]
        made += _section(group.capitalize(), rows, width, names, fixed=bool(why_not))
    for other, title in _TITLES.items():
        if other != part:
            made += _section(title, keys_of(other), width, names)
    made += [
        line(" A filter matches any part of a name; a capital letter matches only itself."),
        line(
            " Several words must all match; ",
            Segment("!failed", "key"),
            " or ",
            Segment("!stale,stopped", "key"),
            " shows states.",
        ),
        line(" The names on the right are the ids of the keys; ", Segment("keys.toml", "key"), " gives them others."),
        line(" For a screen reader, ", Segment("fwtui run FILE", "key"), " says every fact once, in lines."),
    ]
    return made
