"""The keymap file: other keys for the bindings of the table, by their ids.

What is wrong in it is said in one sentence, and then none of it holds: half a keymap would be a trap.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from fwtui.model.keys import KEYS, ROWS, Key, key_name, shown_key, types_text
from fwtui.model.text import visible

__all__ = ["keymap_of"]

_PARTS = frozenset({"tasks", "pane", "graph", "timeline", "runs", "workflows"})
_WITH: Mapping[str, frozenset[str]] = {
    "everywhere": _PARTS | {"dashboard", "typing", "dialog", "page", "plan"},
    "dashboard": _PARTS,
    "page": frozenset({"pane", "plan"}),
}
"""What is in use at the same time, beside itself."""
_IN_QUESTIONS = frozenset({"leave.quit", "run.stop_now"})
"""Ids of keys that are buttons, too."""
_ALSO_TEXT = frozenset({"look.palette"})
"""Ids of keys that are text where something is typed."""
_TAKEN = {
    "ctrl+h": "backspace",
    "ctrl+i": "tab",
    "ctrl+j": "enter",
    "ctrl+m": "enter",
    "ctrl+left_square_bracket": "esc",
}
"""What terminals send the same for as for another key."""


def _flat(given: Mapping[str, object], before: str = "") -> Iterator[tuple[str, object]]:
    for name, value in given.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", value


def _written(value: object) -> tuple[str, ...]:
    """Return the keys that a value names: a text, with commas between several, or a list; () if it names none."""
    parts = value.split(",") if isinstance(value, str) and value != "," else [value]
    parts = value if isinstance(value, list) else parts
    named = tuple(part.strip() for part in parts if isinstance(part, str) and part.strip())
    return named if len(named) == len(parts) else ()


def _together(one: Key, other: Key) -> bool:
    """Tell whether a key of both would have two meanings at some moment."""
    if one.where == other.where or other.where in _WITH.get(one.where, ()) or one.where in _WITH.get(other.where, ()):
        return True
    return {one.where, other.where} == {"dashboard", "dialog"} and bool(_IN_QUESTIONS & {one.id, other.id})


def _wrong_key(row: Key, written: str) -> str:
    """Return what is wrong with a key for a row, "" for nothing."""
    name = key_name(written)
    if not name:
        return f"{row.id}: there is no key {written}"
    if name in _TAKEN:
        return f"{row.id}: terminals take {written} for {_TAKEN[name]}"
    if row.where in ("typing", "everywhere") and types_text(name) and row.id not in _ALSO_TEXT:
        return f"{row.id}: {written} is needed for typing"
    return ""


def keymap_of(given: Mapping[str, object]) -> tuple[dict[str, str], str]:
    """Return the keys by the ids of their bindings, as Textual takes them, and what is wrong ("" for nothing).

    Args:
        given: what the file says: ``run.resume = "f5"``, ``look.older = ["[", "b"]``.
    """
    wanted: dict[str, tuple[str, ...]] = {}
    for name, value in _flat(given):
        written = _written(value)
        if name not in ROWS:
            return {}, f"keys.toml is ignored: no key has the id {visible(name)}. ? shows the ids."
        if not written:
            return {}, f"keys.toml is ignored: {name} needs a key, or several."
        wrong = next(filter(None, (_wrong_key(ROWS[name], each) for each in written)), "")
        if wrong:
            return {}, f"keys.toml is ignored: {visible(wrong)}."
        wanted[name] = tuple(key_name(each) for each in written)
    for name, keys in wanted.items():
        for row in KEYS:
            both = set(keys) & set(wanted.get(row.id, row.keys)) if _together(ROWS[name], row) else set()
            if row.id != name and both:
                return {}, f"keys.toml is ignored: {shown_key(min(both))} is both {name} and {row.id}."
    return {name: ",".join(keys) for name, keys in wanted.items()}, ""
