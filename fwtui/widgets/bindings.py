"""The table of keys as Textual's bindings, with their ids, so that a keymap can change them."""

from __future__ import annotations

from textual.binding import Binding, BindingType

from fwtui.model.keys import keys_of

__all__ = ["bindings_of"]


def bindings_of(where: str) -> list[BindingType]:
    """Return the bindings of one part of the screen."""
    return [Binding(",".join(row.keys), row.action, row.text, show=False, id=row.id) for row in keys_of(where)]
