"""The table of keys as Textual's bindings, with their ids, so that a keymap can change them."""

from __future__ import annotations

from textual.binding import Binding, BindingType

from fwtui.model.keys import ROWS, keys_of

__all__ = ["binding_of", "bindings_of"]


def binding_of(key_id: str, action: str = "", *, priority: bool = False) -> Binding:
    """Return the binding of one row; ``action`` is what the row's key does here, if that is something else."""
    row = ROWS[key_id]
    return Binding(",".join(row.keys), action or row.action, row.text, show=False, priority=priority, id=row.id)


def bindings_of(where: str) -> list[BindingType]:
    """Return the bindings of one part of the screen."""
    return [binding_of(row.id) for row in keys_of(where)]
