"""Every key on one page."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import BindingType

from fwtui.model.helptext import help_lines
from fwtui.model.key_names import USUAL, KeyNames
from fwtui.screens.page import Page
from fwtui.widgets.bindings import binding_of

__all__ = ["HelpScreen"]


class HelpScreen(Page[None]):
    """The help page; the key that opened it leads back, too.

    Args:
        part: where the focus is, as in ``Key.where``.
        names: the keys as the person has them.
        why_not: why nothing can be changed now, "" if it can.
    """

    BINDINGS: ClassVar[list[BindingType]] = [binding_of("look.help", "leave")]

    def __init__(self, part: str, names: KeyNames = USUAL, *, why_not: str = "") -> None:
        super().__init__(names)
        self._part = part
        self._why_not = why_not

    def on_resize(self) -> None:
        """Write the page anew for the width."""
        self.fill()

    def fill(self) -> None:
        """Write every key."""
        self.head("look.help", "Help")
        lines = help_lines(self._part, self.size.width, self.names, why_not=self._why_not)
        self.lines.show(lines, keep_place=True)
