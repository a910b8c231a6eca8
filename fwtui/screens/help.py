"""Every key on one page."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen

from fwtui.model.footer import Hint
from fwtui.model.helptext import help_lines
from fwtui.model.tabs import Tab
from fwtui.widgets.footer import Footer
from fwtui.widgets.lines_pane import LinesPane
from fwtui.widgets.tabs import TabsRule

__all__ = ["HelpScreen"]


class HelpScreen(Screen[None]):
    """The help page; q, ? and esc lead back."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q,escape,question_mark", "leave", "back", show=False),
    ]

    def __init__(self, part: str) -> None:
        super().__init__()
        self._part = part

    def compose(self) -> ComposeResult:
        """A title, the page, its keys."""
        yield TabsRule(id="rule")
        yield LinesPane(id="page")
        yield Footer(id="footer")

    def on_mount(self) -> None:
        """Fill the page."""
        self.query_one(TabsRule).show([Tab("?", "Help", "help")], "help", "", focused=True)
        self.query_one(Footer).show([Hint("↑↓", "scroll"), Hint("esc", "back", "leave"), Hint("q", "back", "leave")])
        self.query_one(LinesPane).focus()
        self._fill()

    def on_resize(self) -> None:
        """Write the page anew for the width."""
        self._fill()

    def _fill(self) -> None:
        self.query_one(LinesPane).show(help_lines(self._part, self.size.width), keep_place=True)

    def on_footer_picked(self) -> None:
        """A click on a key of the footer leads back."""
        self.action_leave()

    def action_leave(self) -> None:
        """Back to the dashboard."""
        self.dismiss()
