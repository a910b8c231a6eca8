"""Every key of the dashboard, once: bindings, help and the footer are made from this table.

A letter means one thing everywhere; shift is its larger or reverse form. Each row has an id, by which a keymap file can
give it other keys.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

__all__ = ["GROUPS", "KEYS", "ROWS", "Key", "key_name", "keys_of", "shown_key", "types_text"]

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
        where: "everywhere"; "dashboard"; the part that has to have the focus: "tasks", "pane", "graph", "timeline",
            "runs"; or what is in front of them: "typing", "dialog", "page", "plan".
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
    Key("run.plan", ("p",), "plan", "plan: what a run would do, and why; runs it, too", "run"),
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
    Key("look.copy", ("y",), "copy", "copy what is selected, the line, or the log", "look"),
    Key("look.copy_error", ("Y",), "copy_error", "copy the traceback", "look"),
    Key("look.stack", ("b",), "stack", "stack: where a running task is, now", "look"),
    Key("look.palette", ("colon", "ctrl+p"), "command_palette", "palette: find a key by a word", "look", "everywhere"),
    Key("look.sort", ("o",), "sort", "sort by the next column; the workflow's order is one", "look"),
    Key("look.sort_back", ("O",), "sort_back", "sort the other way round", "look"),
    Key("look.mouse", ("m",), "app.mouse", "mouse on and off; off: the terminal selects text", "look"),
    Key("look.redraw", ("ctrl+l",), "redraw", "draw everything again", "look", "everywhere"),
    Key("look.help", ("question_mark",), "help", "every key", "look"),
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
    Key("pane.bottom", ("G", "end"), "scroll_ends(1)", "bottom, and follow", "find", "pane"),
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
    Key("runs.open", ("enter",), "open", "open the run, read-only", "look", "runs"),
    Key("workflows.up", ("up", "k"), "move(-1)", "up", "find", "workflows"),
    Key("workflows.down", ("down", "j"), "move(1)", "down", "find", "workflows"),
    Key("workflows.page_up", ("pageup",), "page(-1.0)", "a page up", "find", "workflows"),
    Key("workflows.page_down", ("pagedown",), "page(1.0)", "a page down", "find", "workflows"),
    Key("workflows.half_up", ("ctrl+u",), "page(-0.5)", "half a page up", "find", "workflows"),
    Key("workflows.half_down", ("ctrl+d",), "page(0.5)", "half a page down", "find", "workflows"),
    Key("workflows.top", ("home",), "ends(-1)", "the first workflow", "find", "workflows"),
    Key("workflows.bottom", ("end", "G"), "ends(1)", "the last workflow", "find", "workflows"),
    Key("workflows.open", ("enter",), "open", "open the workflow", "look", "workflows"),
    Key("change.clear", ("x",), "clear", "clear: forget results (a dialog with scopes)", "change"),
    Key("change.undo", ("U", "u"), "undo", "undo the last clear", "change"),
    Key("change.mark", ("space",), "mark", "mark and go down", "change", "tasks"),
    Key("change.mark_all", ("asterisk",), "mark_all", "mark all that the filter shows, or none", "change"),
    Key("leave.quit", ("q",), "quit_or_back", "leave; asks while tasks run; in full screen: back", "leave"),
    Key("leave.shell", ("ctrl+z",), "shell", "to the shell, while nothing runs", "leave", "everywhere"),
    Key(
        "leave.interrupt",
        ("ctrl+c", "ctrl+q"),
        "interrupt",
        "copy if text is selected, else leave",
        "leave",
        "everywhere",
    ),
    Key("typing.keep", ("enter", "tab"), "keep", "keep it; of a search, the next match", "find", "typing"),
    Key("typing.drop", ("escape",), "drop", "drop it", "find", "typing"),
    Key("typing.up", ("up",), "move(-1)", "up, while it is typed", "find", "typing"),
    Key("typing.down", ("down",), "move(1)", "down, while it is typed", "find", "typing"),
    Key("typing.erase", ("backspace",), "erase", "erase a character", "find", "typing"),
    Key("typing.erase_word", ("ctrl+w",), "erase_word", "erase a word", "find", "typing"),
    Key("typing.erase_all", ("ctrl+u",), "erase_all", "erase all of it", "find", "typing"),
    Key("dialog.first", ("enter",), "first", "do what the first button says", "leave", "dialog"),
    Key("dialog.last", ("escape",), "last", "change nothing", "leave", "dialog"),
    Key("dialog.left", ("left", "shift+tab"), "scope(-1)", "the scope before", "leave", "dialog"),
    Key("dialog.right", ("right", "tab"), "scope(1)", "the next scope", "leave", "dialog"),
    Key("dialog.up", ("up",), "scroll(-1)", "up, where not all of it is seen", "leave", "dialog"),
    Key("dialog.down", ("down",), "scroll(1)", "down, where not all of it is seen", "leave", "dialog"),
    Key("dialog.yes", ("y",), "yes", "leaving while tasks run: finish them first", "leave", "dialog"),
    Key("dialog.no", ("n",), "no", "leaving while tasks run: stay", "leave", "dialog"),
    Key("page.leave", ("q", "escape"), "leave", "back to the dashboard", "leave", "page"),
    Key("plan.run", ("enter",), "run", "run exactly this plan", "run", "plan"),
)

ROWS: Mapping[str, Key] = MappingProxyType({row.id: row for row in KEYS})
"""The table by its ids."""

_RENAMED = {
    "solidus": "slash",
    "reverse_solidus": "backslash",
    "commercial_at": "at",
    "hyphen_minus": "minus",
    "plus_sign": "plus",
    "low_line": "underscore",
}
"""Keys that Textual calls otherwise than Unicode calls their character."""


def _name_of(character: str) -> str:
    name = unicodedata.name(character, "").lower().replace("-", "_").replace(" ", "_")
    return _RENAMED.get(name, name)


_SIGNS = {_name_of(chr(code)): chr(code) for code in range(0x21, 0x100) if not chr(code).isalnum()}
"""The characters on keyboards that are neither letters nor digits, by the names of their keys."""
_SHORT = {"escape": "esc", "pageup": "pgup", "pagedown": "pgdn", "up": "↑", "down": "↓", "left": "←", "right": "→"}
_OTHERS = frozenset(
    {"enter", "tab", "space", "backspace", "delete", "insert", "home", "end", *_SHORT, *(f"f{n}" for n in range(1, 25))}
)
_MODIFIERS = ("ctrl", "shift", "alt", "super", "hyper", "meta")


def shown_key(name: str) -> str:
    """Return a key's name as a person knows it: "[" for "left_square_bracket"."""
    return _SHORT.get(name) or _SIGNS.get(name, name)


def key_name(written: str) -> str:
    """Return what Textual calls a key that a person wrote as "?", "question_mark", "esc" or "Ctrl+R"; "" for none."""
    *modifiers, base = written.split("+") if len(written) > 1 else [written]
    modifiers = [modifier.lower() for modifier in modifiers]
    if not base or any(modifier not in _MODIFIERS for modifier in modifiers):
        return ""
    if len(base) > 1 or not base.isalnum():
        named = _known(base)
    elif modifiers == ["shift"]:
        return base.upper()
    else:
        named = base.lower() if modifiers else base
    return "+".join([*modifiers, named]) if named else ""


def _known(base: str) -> str:
    """Return the name of a key that is neither a letter nor a digit, "" if there is none of this name or sign."""
    if base == " ":
        return "space"
    low = base.lower()
    named = _name_of(base) if len(base) == 1 else next((name for name, short in _SHORT.items() if short == low), low)
    return named if named in _OTHERS or named in _SIGNS else ""


def types_text(name: str) -> bool:
    """Tell whether a key, as Textual calls it, types a character."""
    return len(name) == 1 or name == "space" or name in _SIGNS


def keys_of(where: str) -> list[Key]:
    """Return the rows of one part of the screen."""
    return [row for row in KEYS if row.where == where]
