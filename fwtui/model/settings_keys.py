"""The keymap file: other keys for the bindings of the table, by their ids.

What is wrong in it is said in one sentence, and then none of it holds: half a keymap would be a trap.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from fwtui.model.keys import KEYS

__all__ = ["keymap_of"]

_EVERYWHERE = "dashboard"


def _flat(given: Mapping[str, object], before: str = "") -> Iterator[tuple[str, object]]:
    for name, value in given.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", value


def _keys(value: object) -> tuple[str, ...]:
    """Return the keys that a value names: a text, with commas between several, or a list; () if it names none."""
    parts = value.split(",") if isinstance(value, str) and value != "," else [value]
    parts = value if isinstance(value, list) else parts
    named = tuple(part.strip() for part in parts if isinstance(part, str) and part.strip())
    return named if len(named) == len(parts) else ()


def keymap_of(given: Mapping[str, object]) -> tuple[dict[str, str], str]:
    """Return the keys by the ids of their bindings, as Textual takes them, and what is wrong ("" for nothing).

    Args:
        given: what the file says: ``run.resume = "f5"``, ``look.older = ["[", "b"]``.
    """
    rows = {row.id: row for row in KEYS}
    wanted: dict[str, tuple[str, ...]] = {}
    for name, value in _flat(given):
        keys = _keys(value)
        if name not in rows:
            return {}, f"keys.toml is ignored: no key has the id {name}. ? shows the ids."
        if not keys:
            return {}, f"keys.toml is ignored: {name} needs a key, or several."
        wanted[name] = keys
    held = {row.id: wanted.get(row.id, row.keys) for row in KEYS}
    for name, keys in wanted.items():
        for other, theirs in held.items():
            apart = {rows[name].where, rows[other].where}
            both = set(keys) & set(theirs) if len(apart) == 1 or _EVERYWHERE in apart else set()
            if other != name and both:
                return {}, f"keys.toml is ignored: {min(both)} is both {name} and {other}."
    return {name: ",".join(keys) for name, keys in wanted.items()}, ""
