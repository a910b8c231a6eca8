"""A page of lines in front of the dashboard, with a title, its keys, and a way back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, TypeVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.events import Key
from textual.screen import Screen

from fwtui.model.footer import Hint, hint
from fwtui.model.key_names import USUAL, KeyNames
from fwtui.model.keys import ROWS
from fwtui.model.tabs import Tab
from fwtui.widgets.bindings import bindings_of
from fwtui.widgets.drawing import COLOURS
from fwtui.widgets.footer import Footer
from fwtui.widgets.lines_pane import LinesPane
from fwtui.widgets.tabs import TabsRule

__all__ = ["Page"]

R = TypeVar("R")


class Page(Screen[R], inherit_bindings=False):
    """What pages have in common.

    Args:
        names: the keys as the person has them.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {*COLOURS}

    BINDINGS: ClassVar[list[BindingType]] = bindings_of("page")

    def __init__(self, names: KeyNames = USUAL) -> None:
        super().__init__()
        self.names = names

    def compose(self) -> ComposeResult:
        """A title, the lines, the keys."""
        yield TabsRule(self.names, id="rule")
        yield LinesPane(id="page")
        yield Footer(id="footer")

    def on_mount(self) -> None:
        """Fill the page."""
        self.fill()
        self.lines.focus()

    @property
    def lines(self) -> LinesPane:
        """What can be scrolled."""
        return self.query_one(LinesPane)

    def fill(self) -> None:
        """Write the page, or write it anew."""
        raise NotImplementedError

    def head(self, key_id: str, title: str, right: str = "", own: Sequence[Hint] = ()) -> None:
        """Say what the page is, and which keys it has.

        Args:
            key_id: of the key that opens it.
            title: its name.
            right: what stands at the right end of its first line.
            own: its own keys in the footer.
        """
        tab = Tab(self.names.shown(key_id), title, "page")
        self.query_one(TabsRule).show([tab], tab.name, right, focused=True)
        moves, back = hint(self.names, "pane.up pane.down", "scroll"), hint(self.names, "page.leave", "back")
        self.query_one(Footer).show([*own, moves, back], stay=1)

    async def on_footer_picked(self, event: Footer.Picked) -> None:
        """A click on a key of the footer does what the key does here, or in the lines."""
        row = ROWS[event.key_id]
        await (self.lines if row.where == "pane" else self).run_action(row.action)

    def key_escape(self, event: Key) -> None:
        """End a selection, and nothing else."""
        if self.get_selected_text():
            self.clear_selection()
            event.stop()

    def action_leave(self) -> None:
        """Back to the dashboard."""
        self.dismiss()
