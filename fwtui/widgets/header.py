"""The verdict and the progress, at the top of the screen."""

from __future__ import annotations

from fwtui.model.header import HeaderFacts, progress_line, verdict_line
from fwtui.model.segments import Line, Segment, line
from fwtui.model.views import RunView
from fwtui.widgets.drawing import Lines

__all__ = ["Header"]


class Header(Lines):
    """Two lines; the second goes where there is no room for it."""

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
