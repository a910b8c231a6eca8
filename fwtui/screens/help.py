"""Every key on one page."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import Screen

from fwtui.model.footer import hint
from fwtui.model.helptext import help_lines
from fwtui.model.key_names import USUAL, KeyNames
from fwtui.model.keys import ROWS
from fwtui.model.tabs import Tab
from fwtui.widgets.bindings import binding_of, bindings_of
from fwtui.widgets.drawing import COLOURS
from fwtui.widgets.footer import Footer
from fwtui.widgets.lines_pane import LinesPane
from fwtui.widgets.tabs import TabsRule

__all__ = ["HelpScreen"]


class HelpScreen(Screen[None], inherit_bindings=False):
    """The help page; the key that opened it leads back, too.

    Args:
        part: where the focus is, as in ``Key.where``.
        names: the keys as the person has them.
        why_not: why nothing can be changed now, "" if it can.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {*COLOURS}

    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("page"), binding_of("look.help", "leave")]

    def __init__(self, part: str, names: KeyNames = USUAL, *, why_not: str = "") -> None:
        super().__init__()
        self._part = part
        self._names = names
        self._why_not = why_not

    def compose(self) -> ComposeResult:
        """A title, the page, its keys."""
        yield TabsRule(self._names, id="rule")
        yield LinesPane(id="page")
        yield Footer(id="footer")

    def on_mount(self) -> None:
        """Fill the page."""
        opener = self._names.shown("look.help")
        self.query_one(TabsRule).show([Tab(opener, "Help", "help")], "help", "", focused=True)
        moves = hint(self._names, "pane.up pane.down", "scroll")
        self.query_one(Footer).show([moves, hint(self._names, "page.leave", "back")])
        self.query_one(LinesPane).focus()
        self._fill()

    def on_resize(self) -> None:
        """Write the page anew for the width."""
        self._fill()

    def _fill(self) -> None:
        lines = help_lines(self._part, self.size.width, self._names, why_not=self._why_not)
        self.query_one(LinesPane).show(lines, keep_place=True)

    async def on_footer_picked(self, event: Footer.Picked) -> None:
        """A click on a key of the footer does what the key does."""
        row = ROWS[event.key_id]
        await (self if row.where == "page" else self.query_one(LinesPane)).run_action(row.action)

    def action_leave(self) -> None:
        """Back to the dashboard."""
        self.dismiss()
