"""The keys as this person has them: every text that names a key asks here, so that no other keymap makes it untrue."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from fwtui.model.keys import KEYS, ROWS, key_name, shown_key
from fwtui.model.segments import Line, Segment, line

__all__ = ["EVEN_HERE", "USUAL", "KeyNames", "joined", "named_key"]

EVEN_HERE = frozenset({"leave.interrupt", "leave.shell", "look.redraw"})
"""Ids of the keys that do the same while something is typed or asked."""

_NAMED = "named-key"
_ARROWS = frozenset("←→↑↓")


def named_key(key_id: str) -> Segment:
    """Return a key as a part of a sentence, by its id: ``KeyNames.said`` puts the person's own key there."""
    return Segment(key_id, _NAMED)


class KeyNames:
    """Keys by the ids of the table.

    Args:
        keymap: those that are others than in the table, by id, with commas between several.
    """

    def __init__(self, keymap: Mapping[str, str] | None = None) -> None:
        self._others = {
            key_id: tuple(filter(None, map(key_name, keys.split(",")))) for key_id, keys in (keymap or {}).items()
        }

    def keys(self, key_id: str) -> tuple[str, ...]:
        """Return the keys of an id, as Textual calls them."""
        return self._others.get(key_id) or ROWS[key_id].keys

    def id_of(self, key: str, where: str) -> str:
        """Return the id of a key in a part of the screen, "" if it has none there."""
        return next((row.id for row in KEYS if row.where == where and key in self.keys(row.id)), "")

    def shown(self, *ids: str) -> str:
        """Return the first key of each id, as it is shown: "r", "[ ]", "←→"."""
        return joined([shown_key(self.keys(key_id)[0]) for key_id in ids])

    def all_shown(self, key_id: str) -> str:
        """Return every key of an id, as help shows them."""
        return " ".join(map(shown_key, self.keys(key_id)))

    def said(self, sentence: Line) -> Line:
        """Return a sentence with the person's keys in it."""
        return line(*(Segment(self.shown(part.text), "key") if part.role == _NAMED else part for part in sentence))


def joined(shown: Iterable[str]) -> str:
    """Return keys beside each other; arrows stand close."""
    keys = list(shown)
    return ("" if _ARROWS.issuperset(keys) else " ").join(keys)


USUAL = KeyNames()
"""The keys of the table."""
