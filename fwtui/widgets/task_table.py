"""The tasks as rows: a line-API widget over the model, for ten thousand tasks as for nine.

It keeps no copy of any row. A line is composed when it is drawn, and an update draws only the rows that changed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip

from fwtui.model.filters import Named, named, parse_filter
from fwtui.model.key_names import USUAL, KeyNames
from fwtui.model.rows import Columns, RowFacts, column_at, columns_for, heading_line, row_line, shown_columns
from fwtui.model.segments import Line, cells
from fwtui.model.sorting import SLOW, Order, sorted_tasks
from fwtui.model.views import RunView, TaskView
from fwtui.widgets.bindings import bindings_of
from fwtui.widgets.drawing import Scrolled
from fwtui.widgets.selecting import SelectableRows

__all__ = ["TaskTable"]

_MANY = 2_000
"""Tasks from which on what takes long is not done between two frames."""


class TaskTable(SelectableRows, Scrolled, can_focus=True):
    """A heading and one row a task, with a cursor, marks and a filter.

    Args:
        clock: seconds since the epoch, for times that go on.
        names: the keys as the person has them.

    Attributes:
        shown: names of the rows that the filter shows, in order.
        cursor: name of the task under the cursor, None if no row is shown.
        marks: names of the marked tasks, hidden ones too.
        filter_text: the filter that holds.
        filter_kept: it is not being typed any more: the heading says that it holds.
        order: in which order the rows are.
    """

    BINDINGS: ClassVar[list[BindingType]] = bindings_of("tasks")

    class Moved(Message):
        """The cursor is on another task.

        Attributes:
            by_person: a person moved it, and not a filter or the program.
        """

        def __init__(self, name: str | None, *, by_person: bool) -> None:
            super().__init__()
            self.name = name
            self.by_person = by_person

    class Opened(Message):
        """A task was double-clicked."""

    class Marked(Message):
        """Other tasks are marked than before."""

    def __init__(self, clock: Callable[[], float], names: KeyNames = USUAL, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._clock = clock
        self._keys = names
        self._view = RunView("", "")
        self.shown: list[str] = []
        self._index: dict[str, int] = {}
        self.cursor: str | None = None
        self.marks: set[str] = set()
        self.filter_text = ""
        self.filter_kept = True
        self.order = Order()
        self._sideways = 0
        self._names: list[Named] = []
        self._named: dict[str, Named] = {}
        self._sorted_for: RunView | None = None
        self._longest = 0
        self._columns = columns_for(0, 80)

    # -- what is shown ----------------------------------------------------------------------------------------------

    def show(self, view: RunView) -> None:
        """Show a view; only rows that it names as changed are drawn anew, unless the tasks are others."""
        same_tasks = view.tasks.keys() == self._view.tasks.keys()
        self._view = view
        if not same_tasks:
            self._names = named(view.tasks.values())
            self._named = {each.name: each for each in self._names}
            self._longest = max((cells(each.title) for each in self._names), default=0)
            self.marks.intersection_update(view.tasks)
        # While a run goes on, rows change places no more often than the times do: at a tick.
        if self.order.column and (not same_tasks or not view.going_on):
            self._sort()
        if not same_tasks or "!" in self.filter_text:
            self._filter()
            return
        columns = self._columns
        if self._measure() != columns:
            self.refresh()
            return
        self.refresh_tasks(view.changed)

    def refresh_tasks(self, names: frozenset[str]) -> None:
        """Draw the rows of these tasks anew, as far as they are in sight."""
        first = self.scroll_offset.y
        last = first + max(0, self.size.height - 1)
        if len(names) > last - first:
            rows = [row for row in range(first, min(last, len(self.shown))) if self.shown[row] in names]
        else:
            rows = [row for row in map(self._index.get, names) if row is not None and first <= row < last]
        for row in rows:
            self._refresh_row(row)

    def tick(self) -> None:
        """Draw the rows whose time goes on, and put all in order anew."""
        if self.order.column and self._sorted_for is not self._view:
            self._sort()
        self.refresh_tasks(self._view.in_flight)

    def set_order(self, order: Order) -> None:
        """Put the rows in another order; the cursor stays on its task."""
        self.order = order
        self._into_sight()
        self._sort()
        self._refresh_heading()

    def sort_by_next(self) -> None:
        """Put the rows in the order of the next column, or of the workflow."""
        self.set_order(self.order.next(shown_columns(self._measure())))

    def _sort(self) -> None:
        if self.order.column in SLOW and self._view.total > _MANY:
            self.run_worker(self._sort_aside(), exclusive=True, group="sort")
        else:
            self._place(self._view, self.order, sorted_tasks(self._view, self.order, self._clock()))

    async def _sort_aside(self) -> None:
        view, order = self._view, self.order
        self._place(view, order, await asyncio.to_thread(sorted_tasks, view, order, self._clock()))

    def _place(self, view: RunView, order: Order, tasks: list[TaskView]) -> None:
        """Have the rows in an order, unless it was looked for too long ago."""
        if order != self.order or view.tasks.keys() != self._view.tasks.keys():
            return
        self._sorted_for = view
        names = [self._named[task.name] for task in tasks]
        if names != self._names:
            self._names = names
            self._filter()

    @property
    def row_names(self) -> list[str]:
        """The names of all tasks in the order of the rows, those that the filter hides, too."""
        return [each.name for each in self._names]

    def set_filter(self, text: str, *, kept: bool) -> None:
        """Show only the tasks that match; a cursor on a hidden row goes to the first match."""
        self.filter_text, self.filter_kept = text, kept
        self._into_sight()
        self._filter()

    def _filter(self) -> None:
        """Have other rows in sight; a cursor that was in sight stays there, and nothing is scrolled to another one."""
        follow = self._in_sight()
        self.shown = parse_filter(self.filter_text).shown(self._names, self._view.tasks)
        self._index = {name: row for row, name in enumerate(self.shown)}
        self._measure()
        self.virtual_size = Size(self.size.width, len(self.shown) + 1)
        if self.cursor not in self._index:
            self.move_to(self.shown[0] if self.shown else None)
        elif follow:
            self._into_sight()
        self.refresh()

    def _measure(self) -> Columns:
        states = (state for state, number in self._view.counts.items() if number)
        width, screen = self.size.width, self.app.size.width
        # On a side of the screen a reason that is cut does not touch what stands beside it.
        self._columns = columns_for(self._longest, width - (width < screen), states, screen=screen)
        return self._columns

    def _note(self) -> str:
        total, number = self._view.total, len(self.shown)
        if self.filter_text and self.filter_kept:
            marked = f"{len(self.marks):,} marked, " if self.marks else ""
            return f"{marked}filter: {self.filter_text}, {number:,} of {total:,}"
        if self.marks:
            return f"{len(self.marks):,} marked"
        room = max(0, self.size.height - 1)
        if number > room:
            first = self.scroll_offset.y + 1
            return f"{first:,}-{min(number, first + room - 1):,} of {number:,}"
        return ""

    # -- drawing ----------------------------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        """Return the heading, or a row."""
        self._measure()
        if y == 0:
            return self.strip_at(0)
        row = self.scroll_offset.y + y
        if row > len(self.shown):
            return Strip.blank(self.size.width, self.style_of(""))
        under_cursor = self.shown[row - 1] == self.cursor
        return self.strip_at(row, ("cursor" if self.has_focus else "cursor-blurred") if under_cursor else "")

    def line_at(self, row: int) -> Line:
        """Return the heading, which is row 0, or a row."""
        if row == 0:
            return heading_line(self._columns, self._note(), self.order)
        task = self._view.tasks[self.shown[row - 1]]
        cursor, marked = task.name == self.cursor, task.name in self.marks
        facts = RowFacts(self._clock(), cursor, marked, self._sideways, names=self._keys)
        return row_line(self._view, task, self._columns, facts)

    @property
    def row_count(self) -> int:
        """How many rows there are, with the heading."""
        return len(self.shown) + 1

    def _refresh_row(self, row: int) -> None:
        self.refresh(Region(0, row + 1 - self.scroll_offset.y, self.size.width, 1))

    def _refresh_heading(self) -> None:
        self.refresh(Region(0, 0, self.size.width, 1))

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Draw the heading anew as well: it says which rows are shown."""
        super().watch_scroll_y(old_value, new_value)
        self._refresh_heading()

    def on_resize(self) -> None:
        """Measure again."""
        self.virtual_size = Size(self.size.width, len(self.shown) + 1)
        self._into_sight()

    def on_focus(self) -> None:
        """Show the cursor as that of the focused part."""
        self._refresh_cursor()

    def on_blur(self) -> None:
        """Mute the cursor."""
        self._refresh_cursor()

    def _refresh_cursor(self) -> None:
        row = self._index.get(self.cursor or "")
        if row is not None:
            self._refresh_row(row)

    # -- the cursor -------------------------------------------------------------------------------------------------

    @property
    def selected(self) -> TaskView | None:
        """The task under the cursor."""
        return self._view.tasks.get(self.cursor) if self.cursor is not None else None

    @property
    def chosen(self) -> list[str]:
        """The tasks that a key acts on: the marked ones in the workflow's order, else the one under the cursor."""
        if self.marks:
            return [name for name in self._view.tasks if name in self.marks]
        return [] if self.cursor is None else [self.cursor]

    @property
    def hidden_marks(self) -> int:
        """How many marked tasks the filter hides."""
        return len(self.marks.difference(self._index))

    def move_to(self, name: str | None, *, by_person: bool = False) -> None:
        """Put the cursor on a task that is shown."""
        if name == self.cursor:
            self._into_sight()
            return
        self._refresh_cursor()
        self.cursor = name
        self._refresh_cursor()
        self._into_sight()
        self.post_message(self.Moved(name, by_person=by_person))

    def _in_sight(self) -> bool:
        row = self._index.get(self.cursor or "")
        return row is not None and 0 <= row - self.scroll_offset.y < max(1, self.size.height - 1)

    def _into_sight(self) -> None:
        row = self._index.get(self.cursor or "")
        room = self.size.height - 1
        if row is None or room < 1:
            return
        top = self.scroll_offset.y
        wanted = min(max(top, row - room + 1), row, max(0, len(self.shown) - room))
        if wanted != top:
            self.scroll_to(y=wanted, animate=False, force=True, immediate=True)

    def _move_row(self, row: int) -> None:
        if self.shown:
            self.move_to(self.shown[min(max(row, 0), len(self.shown) - 1)], by_person=True)

    def action_move(self, delta: int) -> None:
        """Move the cursor by rows."""
        self._move_row(self._index.get(self.cursor or "", 0) + delta)

    def action_page(self, pages: float) -> None:
        """Move the cursor by pages."""
        self.action_move(round(pages * max(1, self.size.height - 1)))

    def action_ends(self, direction: int) -> None:
        """Move the cursor to the first or the last row."""
        self._move_row(0 if direction < 0 else len(self.shown) - 1)

    def action_sideways(self, delta: int) -> None:
        """Scroll WHY."""
        self._sideways = max(0, self._sideways + delta)
        self.refresh()

    def action_mark(self) -> None:
        """Mark the task under the cursor, or unmark it, and go down."""
        if self.cursor is not None:
            self.marks.symmetric_difference_update({self.cursor})
            self._refresh_cursor()
            self._marked()
            self.action_move(1)

    def mark_all(self) -> None:
        """Mark all that the filter shows; if they all are, none."""
        shown = set(self.shown)
        self.marks = self.marks - shown if shown <= self.marks else self.marks | shown
        self._marked()

    def unmark(self) -> None:
        """Mark nothing."""
        self.marks.clear()
        self._marked()

    def _marked(self) -> None:
        self.refresh()
        self.post_message(self.Marked())

    def on_click(self, event: events.Click) -> None:
        """Put the cursor where it was clicked; a double click opens; a title of the heading sorts."""
        if self.text_selection is not None:
            return  # it was dragged
        if event.y == 0:
            column = column_at(self._measure(), event.x)
            if column:
                self.set_order(self.order.by(column))
            return
        row = self.scroll_offset.y + event.y - 1
        if row < len(self.shown):
            self._move_row(row)
            if event.chain == 2:
                self.post_message(self.Opened())
