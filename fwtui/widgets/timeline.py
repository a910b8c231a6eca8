"""The timeline of a run: a line-API widget over the model, for ten thousand tasks as for nine.

While a run goes on only rows whose bars grow are drawn anew, once a second; the axis grows by steps, and only then
everything is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.binding import BindingType
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip

from fwtui.model.segments import Segment, cells, line
from fwtui.model.status import OPEN_STATES
from fwtui.model.timeline import Timeline as Times
from fwtui.model.timeline import pieces_in, timeline_of
from fwtui.model.timeline_lines import (
    Frame,
    RowFacts,
    axis_line,
    frame_for,
    legend_lines,
    row_line,
    title_text,
)
from fwtui.model.timeline_window import Axis, Window, axis_of, horizon_of, scrolled, zoomed
from fwtui.model.views import RunView
from fwtui.widgets.bindings import bindings_of
from fwtui.widgets.cursor_rows import CursorRows

__all__ = ["Timeline"]

_LOOK_AGAIN = 1.0
"""Seconds between two looks at every task of a run that goes on."""


class Timeline(CursorRows[str]):
    """One row of bars a task, with the cursor that the task table has.

    Args:
        clock: seconds since the epoch.
    """

    BINDINGS: ClassVar[list[BindingType]] = bindings_of("timeline")

    class Selected(Message):
        """A person has moved the cursor to another task."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    class Opened(Message):
        """A person wants to see the log of a task."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    class Changed(Message):
        """The title is another one, or another part of the time is seen."""

    def __init__(self, clock: Callable[[], float], *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._clock = clock
        self._view = RunView("", "")
        self._now = 0.0
        self._times: Times | None = None
        self._critical: frozenset[str] = frozenset()
        self._window = Window()
        self._longest = 0
        self._matching: frozenset[str] | None = None

    # -- what is shown ----------------------------------------------------------------------------------------------

    def show(self, view: RunView) -> None:
        """Show a view; while its run goes on, only the rows of the tasks that it names as changed are drawn anew."""
        before, self._view = self._view, view
        if view is before:
            return
        if view.tasks.keys() != before.tasks.keys():
            self._longest = max((cells(task.title) for task in view.tasks.values()), default=0)
            self._set_rows()
        old, new = before.run, view.run
        if old is None or new is None or old.run_id != new.run_id:
            self._window = Window()
        if not self._going_on or old != new:
            self._look()
        elif self._clock() - self._now >= _LOOK_AGAIN:
            self.tick()
        else:
            self.refresh_rows(view.changed)

    @property
    def _going_on(self) -> bool:
        return self._view.run is not None and self._view.run.outcome is None

    def tick(self) -> None:
        """Move what goes on; to be called once a second."""
        if not self._going_on:
            return
        before, critical = self._geometry(), self._critical
        self._take_times()
        if self._geometry() != before:
            self.refresh()
        else:
            grows = {name for name in self.in_sight() if self._view.tasks[name].state in OPEN_STATES}
            self.refresh_rows(grows | (critical ^ self._critical))
            frame = self._frame()
            self.refresh(Region(0, frame.head + frame.rows, self.size.width, frame.foot))
        self.post_message(self.Changed())

    def _look(self) -> None:
        self._take_times()
        self.measure()
        self.refresh()
        self.post_message(self.Changed())

    def _take_times(self) -> None:
        self._now = self._clock()
        self._times = timeline_of(self._view, self._now)
        self._critical = frozenset() if self._times is None else frozenset(self._times.chain.names)

    def dim(self, matching: Sequence[str] | None) -> None:
        """Dim all tasks but these, and let the cursor pass over them; None dims nothing."""
        self._matching = None if matching is None else frozenset(matching)
        self._set_rows()

    def _set_rows(self) -> None:
        names = list(self._view.tasks)
        stops = None if self._matching is None else [name for name in names if name in self._matching]
        self.set_rows(names, stops)

    def title(self, left: float | None = None) -> str:
        """Return what the rule above says: run, seconds, how long it still needs if that is known, zoom."""
        return title_text(self._times, self._window.zoom, left, width=self.size.width)

    # -- measures ---------------------------------------------------------------------------------------------------

    def _frame(self) -> Frame:
        seconds = 0.0 if self._times is None else self._times.reach
        return frame_for(*self.size, len(self.keys), self._longest, seconds)

    def _axis(self, times: Times, frame: Frame) -> Axis:
        return axis_of(self._window, horizon_of(times), frame.bars)

    def _geometry(self) -> object:
        frame = self._frame()
        return frame, None if self._times is None else self._axis(self._times, frame)

    @property
    def head(self) -> int:
        """Lines above the rows."""
        return self._frame().head

    @property
    def room(self) -> int:
        """Lines for rows."""
        return self._frame().rows

    # -- drawing ----------------------------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        """Return the axis, a row, or a line of the legend."""
        width = self.size.width
        frame = self._frame()
        if self._times is None:
            empty = line(Segment(" Nothing has run yet.", "muted")) if y == frame.blank else ()
            return self.strip_of(empty, width)
        if y < frame.head:
            shown = axis_line(frame, self._axis(self._times, frame)) if y == frame.blank else ()
            return self.strip_of(shown, width)
        name = self.row_at(y)
        if name is not None:
            return self._row(name, self._times, frame)
        at = y - frame.head - frame.rows
        legend = legend_lines(self._times, frame, ascii_only=self.ascii)
        return self.strip_of(legend[at] if 0 <= at < len(legend) else (), width)

    def _row(self, name: str, times: Times, frame: Frame) -> Strip:
        facts = RowFacts(self._now, name == self.cursor, name in self._critical, self.ascii)
        row = row_line(self._view, self._view.tasks[name], times, frame, self._axis(times, frame), facts)
        over = self.role_of_row(name)
        if not over and self._matching is not None and name not in self._matching:
            over = "muted"
        return self.strip_of(row, self.size.width, over)

    # -- the cursor and the time ------------------------------------------------------------------------------------

    def moved(self) -> None:
        """Say where the cursor is."""
        if self.cursor is not None:
            self.post_message(self.Selected(self.cursor))

    def opened(self) -> None:
        """Say which task is to be opened."""
        if self.cursor is not None:
            self.post_message(self.Opened(self.cursor))

    def action_zoom(self, steps: int) -> None:
        """Show half (or, for negative steps, twice) the time, around the selected task."""
        if self._times is not None:
            bars, horizon = self._frame().bars, horizon_of(self._times)
            self._see(zoomed(self._window, steps, horizon, bars, self._point_of_interest(self._times)))

    def _point_of_interest(self, times: Times) -> float:
        """Return the moment of the selected task that is nearest to the middle of what is seen."""
        frame = self._frame()
        axis = self._axis(times, frame)
        middle = axis.left + frame.bars / axis.per_second / 2
        task = self._view.tasks.get(self.cursor or "")
        pieces = () if task is None else pieces_in(self._view, task, self._now)
        if not pieces:
            return middle
        return min(max(middle, pieces[0].start - times.started_at), pieces[-1].end - times.started_at)

    def action_sideways(self, by: int) -> None:
        """Scroll the time by cells."""
        if self._times is not None:
            self._see(scrolled(self._window, by, horizon_of(self._times), self._frame().bars))

    def _see(self, window: Window) -> None:
        if window != self._window:
            self._window = window
            self.refresh()
            self.post_message(self.Changed())
