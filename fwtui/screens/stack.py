"""Where a running task is, on a page: ``b`` looks again, esc leads back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import ClassVar

from textual.binding import BindingType

from fwtui.model.footer import hint
from fwtui.model.key_names import USUAL, KeyNames
from fwtui.model.stacktext import Sighting, stack_lines, stack_title
from fwtui.screens.page import Page
from fwtui.widgets.bindings import binding_of

__all__ = ["StackScreen"]


class StackScreen(Page[None]):
    """The stack of a running task.

    Args:
        seen: where it was.
        look: looks again.
        names: the keys as the person has them.
    """

    BINDINGS: ClassVar[list[BindingType]] = [binding_of("look.stack")]

    def __init__(self, seen: Sighting, look: Callable[[], Awaitable[Sighting]], names: KeyNames = USUAL) -> None:
        super().__init__(names)
        self._seen = seen
        self._look = look

    def fill(self) -> None:
        """Write where it was."""
        again = hint(self.names, "look.stack", "look again")
        self.head("look.stack", "Stack", stack_title(self._seen), [again])
        self.lines.show(stack_lines(self._seen), keep_place=True)

    def action_stack(self) -> None:
        """Look where it is now."""
        self.run_worker(self._look_again(), exclusive=True)

    async def _look_again(self) -> None:
        self._seen = await self._look()
        self.fill()
