"""Where a running task is, on a page: ``b`` looks again, esc leads back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import Screen

from fwtui.model.footer import hint
from fwtui.model.key_names import USUAL, KeyNames
from fwtui.model.keys import ROWS
from fwtui.model.stacktext import Sighting, stack_lines, stack_title
from fwtui.model.tabs import Tab
from fwtui.widgets.bindings import binding_of, bindings_of
from fwtui.widgets.drawing import COLOURS
from fwtui.widgets.footer import Footer
from fwtui.widgets.lines_pane import LinesPane
from fwtui.widgets.tabs import TabsRule

__all__ = ["StackScreen"]


class StackScreen(Screen[None], inherit_bindings=False):
    """The stack of a running task.

    Args:
        seen: where it was.
        look: looks again.
        names: the keys as the person has them.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {*COLOURS}

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings_of("page"),
        binding_of("look.stack", "look"),
    ]

    def __init__(self, seen: Sighting, look: Callable[[], Awaitable[Sighting]], names: KeyNames = USUAL) -> None:
        super().__init__()
        self._names = names
        self._seen = seen
        self._look = look

    def compose(self) -> ComposeResult:
        """A title, the page, its keys."""
        yield TabsRule(self._names, id="rule")
        yield LinesPane(id="page")
        yield Footer(id="footer")

    def on_mount(self) -> None:
        """Fill the page."""
        moves, back = hint(self._names, "pane.up pane.down", "scroll"), hint(self._names, "page.leave", "back")
        self.query_one(Footer).show([hint(self._names, "look.stack", "look again"), moves, back])
        self.query_one(LinesPane).focus()
        self._fill()

    def _fill(self) -> None:
        opener = Tab(self._names.shown("look.stack"), "Stack", "stack")
        self.query_one(TabsRule).show([opener], "stack", stack_title(self._seen), focused=True)
        self.query_one(LinesPane).show(stack_lines(self._seen), keep_place=True)

    async def on_footer_picked(self, event: Footer.Picked) -> None:
        """A click on a key of the footer does what the key does."""
        if event.key_id == "look.stack":
            self.action_look()
        else:
            row = ROWS[event.key_id]
            await (self if row.where == "page" else self.query_one(LinesPane)).run_action(row.action)

    def action_look(self) -> None:
        """Look where it is now."""
        self.run_worker(self._look_again(), exclusive=True)

    async def _look_again(self) -> None:
        self._seen = await self._look()
        self._fill()

    def action_leave(self) -> None:
        """Back to the dashboard."""
        self.dismiss()
