"""The verdict and the progress, at the top of the screen."""

from __future__ import annotations

from textual import events
from textual.message import Message

from fwtui.model.header import HeaderFacts, progress_line, states_at, verdict_line
from fwtui.model.segments import Line, Segment, line
from fwtui.model.status import State
from fwtui.model.views import RunView
from fwtui.widgets.drawing import Lines

__all__ = ["Header"]


class Header(Lines):
    """Two lines; the second goes where there is no room for it. A click on a count asks for those tasks."""

    class Picked(Message):
        """A count was clicked: these states are wanted."""

        def __init__(self, states: tuple[State, ...]) -> None:
            super().__init__()
            self.states = states

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._view: RunView | None = None
        self._facts = HeaderFacts()
        self._now = 0.0
        self._loading = ""

    def show(self, view: RunView | None, facts: HeaderFacts, now: float, loading: str = "") -> None:
        """Show a view at a moment; before there is one, what is being loaded."""
        self._view, self._facts, self._now, self._loading = view, facts, now, loading
        self.redraw()

    def compose_lines(self, width: int, height: int) -> list[Line]:
        """Return both lines, or one."""
        if self._view is None:
            word = Segment("does not load", "error") if self._facts.broken else Segment("loading", "muted")
            return [line(" ", Segment(self._loading, "strong"), "  ", word), ()][:height]
        lines = [verdict_line(self._view, self._facts, width)]
        if height > 1:
            lines.append(progress_line(self._view, self._facts, width, self._now))
        return lines

    def on_click(self, event: events.Click) -> None:
        """Ask for the tasks whose count was clicked."""
        states = (
            () if self._view is None or event.y != 1 else states_at(self._view, self._facts, self.size.width, event.x)
        )
        if states:
            self.post_message(self.Picked(states))
