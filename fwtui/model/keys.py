"""Every key of the dashboard, once: bindings, help and the footer are made from this table.

A letter means one thing everywhere; shift is its larger or reverse form. Each row has an id, by which a keymap file can
give it other keys.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["GROUPS", "KEYS", "Key", "keys_of", "shown_key"]

GROUPS = ("run", "look", "find", "change", "leave")
"""What one wants, in the order of the help screen."""


@dataclass(frozen=True, slots=True)
class Key:
    """One row of the table.

    Attributes:
        id: name of the binding, for a keymap.
        keys: keys as Textual calls them; the first is the one that is shown.
        action: what the part of the screen that owns it does.
        text: what it does, as help says it.
        group: one of ``GROUPS``.
        where: "dashboard", or the part that has to have the focus: "tasks", "pane", "graph",
            "timeline", "runs".
    """

    id: str
    keys: tuple[str, ...]
    action: str
    text: str
    group: str
    where: str = "dashboard"


KEYS: tuple[Key, ...] = (
    Key("run.resume", ("r",), "resume", "resume: run what is not done", "run"),
    Key("run.everything", ("R",), "run_everything", "run everything again (asks)", "run"),
    Key("run.again", ("t",), "run_again", "run the selected or marked tasks again (asks if done)", "run"),
    Key("run.plan", ("p",), "plan", "plan: what a run would do, and why; enter there runs it", "run"),
    Key("run.auto", ("a",), "auto", "automatic: run on every save, on and off", "run"),
    Key("run.stop", ("s",), "stop", "stop: finish what runs", "run"),
    Key("run.stop_now", ("S",), "stop_now", "stop at once (asks)", "run"),
    Key("look.log", ("l", "1"), "show('log')", "the log", "look"),
    Key("look.details", ("d", "2"), "show('details')", "details; again: back to the log", "look"),
    Key("look.graph", ("g", "3"), "show('graph')", "graph: what needs what; again: back to the log", "look"),
    Key("look.timeline", ("i", "4"), "show('timeline')", "timeline: what ran when; again: back to the log", "look"),
    Key("look.runs", ("h", "5"), "show('runs')", "runs: what ran before; again: back to the log", "look"),
    Key("look.output", ("0",), "show('output')", "what came from no task, once there is any", "look"),
    Key("look.full", ("enter",), "screen.full_log", "the log, full screen", "look", "tasks"),
    Key("look.zoom", ("z",), "zoom", "the focused part full screen, and back", "look"),
    Key("look.older", ("left_square_bracket", "comma"), "attempt(-1)", "older attempt", "look"),
    Key("look.newer", ("right_square_bracket", "full_stop"), "attempt(1)", "newer attempt", "look"),
    Key("look.wrap", ("w",), "wrap", "wrap log lines, on and off", "look"),
    Key("look.edit", ("e",), "edit", "open the source at its line", "look"),
    Key("look.copy", ("y",), "copy", "copy the log", "look"),
    Key("look.copy_error", ("Y",), "copy_error", "copy the traceback", "look"),
    Key("look.redraw", ("ctrl+l",), "redraw", "draw everything again", "look"),
    Key("look.help", ("question_mark",), "help", "this page", "look"),
    Key("find.failure", ("f",), "failure(1)", "next failure that is no consequence", "find"),
    Key("find.failure_back", ("F",), "failure(-1)", "the one before", "find"),
    Key("find.filter", ("slash",), "find", "filter the tasks; in a focused log: search", "find"),
    Key("find.next", ("n",), "match(1)", "next match", "find"),
    Key("find.previous", ("N",), "match(-1)", "previous match", "find"),
    Key("find.back", ("escape",), "back", "one step back; never quits", "find"),
    Key("find.focus", ("tab",), "focus_part(1)", "to the next part", "find"),
    Key("find.focus_back", ("shift+tab",), "focus_part(-1)", "to the part before", "find"),
    Key("tasks.up", ("up", "k"), "move(-1)", "up", "find", "tasks"),
    Key("tasks.down", ("down", "j"), "move(1)", "down", "find", "tasks"),
    Key("tasks.page_up", ("pageup",), "page(-1.0)", "a page up", "find", "tasks"),
    Key("tasks.page_down", ("pagedown",), "page(1.0)", "a page down", "find", "tasks"),
    Key("tasks.half_up", ("ctrl+u",), "page(-0.5)", "half a page up", "find", "tasks"),
    Key("tasks.half_down", ("ctrl+d",), "page(0.5)", "half a page down", "find", "tasks"),
    Key("tasks.top", ("home",), "ends(-1)", "first task", "find", "tasks"),
    Key("tasks.bottom", ("end", "G"), "ends(1)", "last task", "find", "tasks"),
    Key("tasks.left", ("left",), "sideways(-8)", "scroll WHY back", "find", "tasks"),
    Key("tasks.right", ("right",), "sideways(8)", "scroll WHY", "find", "tasks"),
    Key("pane.up", ("up", "k"), "scroll_lines(-1)", "up; a log that follows is paused", "find", "pane"),
    Key("pane.down", ("down", "j"), "scroll_lines(1)", "down", "find", "pane"),
    Key("pane.page_up", ("pageup",), "scroll_pages(-1.0)", "a page up", "find", "pane"),
    Key("pane.page_down", ("pagedown",), "scroll_pages(1.0)", "a page down", "find", "pane"),
    Key("pane.half_up", ("ctrl+u",), "scroll_pages(-0.5)", "half a page up", "find", "pane"),
    Key("pane.half_down", ("ctrl+d",), "scroll_pages(0.5)", "half a page down", "find", "pane"),
    Key("pane.top", ("home",), "scroll_ends(-1)", "top", "find", "pane"),
    Key("pane.bottom", ("end", "G"), "scroll_ends(1)", "bottom, and follow", "find", "pane"),
    Key("pane.left", ("left",), "scroll_columns(-8)", "scroll to the left", "find", "pane"),
    Key("pane.right", ("right",), "scroll_columns(8)", "scroll to the right", "find", "pane"),
    Key("pane.enter", ("enter",), "pane_enter", "next match", "find", "pane"),
    Key("graph.left", ("left",), "walk('left')", "to what it needs", "find", "graph"),
    Key("graph.right", ("right",), "walk('right')", "to what needs it", "find", "graph"),
    Key("graph.up", ("up", "k"), "walk('up')", "up in the layer", "find", "graph"),
    Key("graph.down", ("down", "j"), "walk('down')", "down in the layer", "find", "graph"),
    Key("graph.first", ("home",), "walk_far('left')", "as far to the left as edges lead", "find", "graph"),
    Key("graph.last", ("end", "G"), "walk_far('right')", "as far to the right as edges lead", "find", "graph"),
    Key("graph.page_up", ("pageup",), "scroll_pages(-1.0)", "a page up", "find", "graph"),
    Key("graph.page_down", ("pagedown",), "scroll_pages(1.0)", "a page down", "find", "graph"),
    Key("graph.half_up", ("ctrl+u",), "scroll_pages(-0.5)", "half a page up", "find", "graph"),
    Key("graph.half_down", ("ctrl+d",), "scroll_pages(0.5)", "half a page down", "find", "graph"),
    Key("graph.closer", ("plus", "equals_sign"), "zoom(1)", "fewer layers round the task", "look", "graph"),
    Key("graph.farther", ("minus",), "zoom(-1)", "more layers, up to the whole graph", "look", "graph"),
    Key("graph.open", ("enter",), "open", "the log of the task, full screen", "look", "graph"),
    Key("timeline.up", ("up", "k"), "move(-1)", "up", "find", "timeline"),
    Key("timeline.down", ("down", "j"), "move(1)", "down", "find", "timeline"),
    Key("timeline.page_up", ("pageup",), "page(-1.0)", "a page up", "find", "timeline"),
    Key("timeline.page_down", ("pagedown",), "page(1.0)", "a page down", "find", "timeline"),
    Key("timeline.half_up", ("ctrl+u",), "page(-0.5)", "half a page up", "find", "timeline"),
    Key("timeline.half_down", ("ctrl+d",), "page(0.5)", "half a page down", "find", "timeline"),
    Key("timeline.top", ("home",), "ends(-1)", "first task", "find", "timeline"),
    Key("timeline.bottom", ("end", "G"), "ends(1)", "last task", "find", "timeline"),
    Key("timeline.left", ("left",), "sideways(-8)", "earlier", "find", "timeline"),
    Key("timeline.right", ("right",), "sideways(8)", "later", "find", "timeline"),
    Key("timeline.closer", ("plus", "equals_sign"), "zoom(1)", "half the time, twice as wide", "look", "timeline"),
    Key("timeline.farther", ("minus",), "zoom(-1)", "twice the time", "look", "timeline"),
    Key("timeline.open", ("enter",), "open", "the log of the task, full screen", "look", "timeline"),
    Key("runs.up", ("up", "k"), "move(-1)", "up", "find", "runs"),
    Key("runs.down", ("down", "j"), "move(1)", "down", "find", "runs"),
    Key("runs.page_up", ("pageup",), "page(-1.0)", "a page up", "find", "runs"),
    Key("runs.page_down", ("pagedown",), "page(1.0)", "a page down", "find", "runs"),
    Key("runs.half_up", ("ctrl+u",), "page(-0.5)", "half a page up", "find", "runs"),
    Key("runs.half_down", ("ctrl+d",), "page(0.5)", "half a page down", "find", "runs"),
    Key("runs.top", ("home",), "ends(-1)", "the newest run", "find", "runs"),
    Key("runs.bottom", ("end", "G"), "ends(1)", "the oldest run", "find", "runs"),
    Key("runs.open", ("enter",), "open", "open the run, read-only; esc leaves it", "look", "runs"),
    Key("change.clear", ("x",), "clear", "clear: forget results (a dialog with scopes)", "change"),
    Key("change.undo", ("U", "u"), "undo", "undo the last clear", "change"),
    Key("change.mark", ("space",), "mark", "mark and go down", "change", "tasks"),
    Key("change.mark_all", ("asterisk",), "mark_all", "mark all that the filter shows, or none", "change"),
    Key("leave.quit", ("q",), "quit_or_back", "leave; asks while tasks run; in full screen: back", "leave"),
    Key("leave.interrupt", ("ctrl+c",), "interrupt", "copy if text is selected, else leave", "leave"),
)

_SHOWN = {
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "comma": ",",
    "full_stop": ".",
    "question_mark": "?",
    "slash": "/",
    "asterisk": "*",
    "plus": "+",
    "equals_sign": "=",
    "minus": "-",
    "escape": "esc",
    "pageup": "pgup",
    "pagedown": "pgdn",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
}


def shown_key(name: str) -> str:
    """Return a key's name as a person knows it: "[" for "left_square_bracket"."""
    return _SHOWN.get(name, name)


def keys_of(where: str) -> list[Key]:
    """Return the rows of one part of the screen."""
    return [row for row in KEYS if row.where == where]
