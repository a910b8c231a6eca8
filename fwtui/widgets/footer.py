"""The keys that make sense now, on one line. Textual's own footer cannot leave out the less likely ones."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.message import Message

from fwtui.model.footer import Hint, compose, key_at
from fwtui.model.segments import Line
from fwtui.widgets.drawing import Lines

__all__ = ["Footer"]


class Footer(Lines):
    """One line; a click on a key does what the key does."""

    class Picked(Message):
        """A key was clicked, by its id."""

        def __init__(self, key_id: str) -> None:
            super().__init__()
            self.key_id = key_id

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._hints: tuple[Hint, ...] = ()
        self._stay = 2

    def show(self, hints: Sequence[Hint], *, stay: int = 2) -> None:
        """Show these keys; the last, so many, stay whatever has no room."""
        self._hints = tuple(hints)
        self._stay = stay
        self.redraw()

    def compose_lines(self, width: int, height: int) -> list[Line]:
        """Return the keys that fit."""
        del height
        return [compose(self._hints, width, self._stay)]

    def on_click(self, event: events.Click) -> None:
        """Do what the clicked key does."""
        key_id = key_at(self._hints, self.size.width, event.x, self._stay)
        if key_id:
            self.post_message(self.Picked(key_id))
