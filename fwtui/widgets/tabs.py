"""The rules between the parts of the screen, and what a click on one of them asks for."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from textual import events
from textual.message import Message

from fwtui.model.key_names import USUAL, KeyNames
from fwtui.model.segments import Line
from fwtui.model.tabs import Tab, divider_lines, tab_at, tabs_line, title_line, with_key
from fwtui.widgets.drawing import Lines

__all__ = ["Divider", "TabsRule", "TitleRule"]


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
        self._right = self._short = ""
        self._focused = False

    @property
    def right(self) -> str:
        """What stands at the right end, if there is room for it."""
        return self._right

    def show(self, tabs: Sequence[Tab], active: str, right: str, *, short: str = "", focused: bool) -> None:
        """Show these tabs; ``right`` tells what the pane shows, or ``short`` does where there is less room."""
        self._tabs = tuple(with_key(tab, self._names) for tab in tabs)
        self._active, self._right, self._short, self._focused = active, right, short, focused
        self.redraw()

    def compose_lines(self, width: int, height: int) -> list[Line]:
        """Return the rule."""
        del height
        return [tabs_line(self._tabs, self._active, self._right, width, short=self._short, focused=self._focused)]

    def on_click(self, event: events.Click) -> None:
        """Show the view whose title was clicked."""
        name = tab_at(self._tabs, self._active, self.size.width, event.x)
        if name is not None:
            self.post_message(self.Picked(name))


class TitleRule(Lines):
    """One line above a part that has no tabs; a click on it goes to the part.

    Args:
        title: what the part is called.
        name: the part.
    """

    class Picked(Message):
        """It was clicked."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    def __init__(self, title: str, name: str, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._title = title
        self._part = name
        self._right = self._short = ""
        self._focused = False

    def show(self, right: str, *, short: str = "", focused: bool) -> None:
        """Tell at the right end what the part shows."""
        self._right, self._short, self._focused = right, short, focused
        self.redraw()

    def compose_lines(self, width: int, height: int) -> list[Line]:
        """Return the rule."""
        del height
        return [title_line(self._title, self._right, width, short=self._short, focused=self._focused)]

    def on_click(self) -> None:
        """Go to the part."""
        self.post_message(self.Picked(self._part))


class Divider(Lines):
    """The upright rule between the left side and the pane."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._joints: frozenset[int] = frozenset()

    def join(self, rows: Collection[int]) -> None:
        """Have rules end at these rows of it."""
        self._joints = frozenset(rows)
        self.redraw()

    def compose_lines(self, width: int, height: int) -> list[Line]:
        """Return the rule."""
        del width
        return divider_lines(height, self._joints, ascii_only=self.ascii)
