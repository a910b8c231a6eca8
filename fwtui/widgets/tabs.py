"""The rule between the tasks and the pane, with the pane's views as tabs in it."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.message import Message

from fwtui.model.key_names import USUAL, KeyNames
from fwtui.model.segments import Line
from fwtui.model.tabs import Tab, tab_at, tabs_line, with_key
from fwtui.widgets.drawing import Lines

__all__ = ["TabsRule"]


class TabsRule(Lines):
    """One line; a click on a title shows its view.

    Args:
        names: the keys as the person has them.
    """

    class Picked(Message):
        """A title was clicked."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    def __init__(self, names: KeyNames = USUAL, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._names = names
        self._tabs: tuple[Tab, ...] = ()
        self._active = ""
        self._right = ""
        self._focused = False

    @property
    def right(self) -> str:
        """What stands at the right end."""
        return self._right

    def show(self, tabs: Sequence[Tab], active: str, right: str, *, focused: bool) -> None:
        """Show these tabs; ``right`` tells what the pane shows."""
        self._tabs = tuple(with_key(tab, self._names) for tab in tabs)
        self._active, self._right, self._focused = active, right, focused
        self.redraw()

    def compose_lines(self, width: int, height: int) -> list[Line]:
        """Return the rule."""
        del height
        return [tabs_line(self._tabs, self._active, self._right, width, focused=self._focused)]

    def on_click(self, event: events.Click) -> None:
        """Show the view whose title was clicked."""
        name = tab_at(self._tabs, self._active, event.x)
        if name is not None:
            self.post_message(self.Picked(name))
