"""The graph as a part of the screen: laid out once, coloured whenever a task changes, walked along with the arrows."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip

from fwtui.model.breakpoints import VERY_WIDE, WIDE
from fwtui.model.graph.layout import Node
from fwtui.model.graph.paint import Marks, lit_cells, row_line
from fwtui.model.graph.part import MOST_AT_ONCE, Part, Room, least_size, levels_for, part_for, whole
from fwtui.model.graph.shape import Shape, shape_of
from fwtui.model.graph.walk import Direction, walk, walk_far
from fwtui.model.graph.words import Surroundings, foot_lines, graph_title
from fwtui.model.segments import Line, Segment, line
from fwtui.model.status import OPEN_STATES, State
from fwtui.model.views import RunView
from fwtui.widgets.bindings import bindings_of
from fwtui.widgets.drawing import Scrolled

__all__ = ["GraphView"]

_LONGEST, _LONGEST_VERY_WIDE = 24, 32
_FEWEST_ROWS = 4
_MARGIN_X, _MARGIN_Y = 8, 1
_BACK: dict[Direction, Direction] = {"left": "right", "right": "left"}


class GraphView(Scrolled, can_focus=True):
    """The whole graph, or what of it is near the selected task, and below it what is to be said of that task.

    Args:
        clock: seconds since the epoch, for times that go on.
        details: say below the graph what the selected task is doing, needs and feeds.

    Attributes:
        selected: name of the selected task, None if there is none.
    """

    BINDINGS: ClassVar[list[BindingType]] = bindings_of("graph")
    ALLOW_SELECT = False

    class Selected(Message):
        """A person walked to another task, or clicked it."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    class Opened(Message):
        """A person asks for a task's log."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    class Retitled(Message):
        """The title is another one."""

    def __init__(
        self,
        clock: Callable[[], float],
        *,
        details: bool = True,
        id: str | None = None,  # noqa: A002
    ) -> None:
        super().__init__(id=id)
        self._clock = clock
        self._details = details
        self._fits = False
        self.selected: str | None = None
        self._view = RunView("", "")
        self._shape = Shape()
        self._stale = True
        self._whole: tuple[Room, Part] | None = None
        self._room = Room()
        self._part: Part | None = None
        self._levels: int | None = None
        self._marks = Marks()
        self._filter = ""
        self._came_from: tuple[str, Direction] | None = None
        self._foot: list[Line] = []
        self._title = ""

    # -- what is shown ----------------------------------------------------------------------------------------------

    def show(self, view: RunView) -> None:
        """Show a view; only tasks that it names as changed are drawn anew, unless the tasks are others."""
        before, self._view = self._view, view
        if view.tasks.keys() != before.tasks.keys() or view.dependents != before.dependents:
            self._stale = True
        if self.selected not in view.tasks:
            self.selected = None
        if self._stale and not self._seen:
            # What was drawn of other tasks must not be seen again, not even until this is laid out.
            self._part = None
        elif self._stale:
            self._choose()
        elif self._seen:
            self._refresh_tasks(view.changed)
            self._refresh_foot()

    def select(self, name: str | None) -> None:
        """Select a task from outside; nobody is told."""
        if name != self.selected:
            self._came_from = None
            self._select(name)

    def stand(self, *, whole: bool, details: bool) -> None:
        """Take note of what else is on the screen.

        Args:
            whole: the graph has a place into which all of it fits.
            details: say below the graph what the selected task is doing; nothing else on the screen does.
        """
        if (whole, details) != (self._fits, self._details):
            self._fits, self._details = whole, details
            self._choose()

    def mark_matches(self, text: str, names: Collection[str] | None) -> None:
        """Dim all tasks but those that a filter finds; None ends that."""
        self._filter = text
        self._marks = replace(self._marks, matches=names)
        self.refresh()
        self._retitle()

    def tick(self) -> None:
        """Draw the times that go on."""
        task = self._view.tasks.get(self.selected or "")
        if task is not None and task.state in OPEN_STATES:
            self._refresh_foot()

    def draw_anew(self) -> None:
        """Lay out and draw anew."""
        self._choose()
        self.refresh()

    @property
    def title(self) -> str:
        """What of the graph is shown, in words."""
        if self._part is None:
            return ""
        return graph_title(self._shape, self._part, self._filter, self._marks.matches)

    def size_of_whole(self, width: int, most: tuple[int, int]) -> Size:
        """Return how many cells the whole graph takes, for whoever has to make room for it.

        Args:
            width: columns of the screen.
            most: columns and rows that there may be for it; of a graph that surely takes more the size is (0, 0).
        """
        if len(self._view.tasks) > MOST_AT_ONCE:
            return Size(0, 0)
        self._take_shape()
        room = Room(longest=_longest(width), ascii_only=self.ascii)
        if self._whole is None or self._whole[0] != room:
            least = least_size(self._shape, room)
            if least[0] > most[0] or least[1] > most[1]:
                return Size(0, 0)
            self._whole = room, whole(self._shape, room)
        made = self._whole[1]
        return Size(made.width + 1, made.layout.height)

    def _take_shape(self) -> None:
        """Find out what depends on what, if that may be other than it was."""
        if not self._stale:
            return
        self._stale = False
        shape = shape_of({name: task.info.deps for name, task in self._view.tasks.items()})
        if shape != self._shape:
            self._shape, self._part, self._whole, self._levels = shape, None, None, None

    # -- which part -------------------------------------------------------------------------------------------------

    def _choose(self, *, aside: bool = False) -> None:
        """Choose the part of the graph that is shown, and draw what is other than before."""
        if not self._seen:
            return
        self._take_shape()
        room = self._room_now()
        drawn = before = self._part
        if room != self._room:
            before = self._whole[1] if self._whole is not None and self._whole[0] == room else None
        self._room = room
        self._part = part_for(self._shape, self.selected, room, before, aside=aside)
        self._marks = replace(
            self._marks,
            selected=self.selected,
            focused=self.has_focus,
            lit=lit_cells(self._part.layout, self.selected),
            ascii=self.ascii,
        )
        self._refresh_foot()
        self._measure()
        if self._part is not drawn:
            self.scroll_to(x=0, y=0, animate=False, force=True, immediate=True)
        self._into_sight()
        self.refresh()
        self._retitle()

    @property
    def _seen(self) -> bool:
        return self.display and self.size.width > 0

    def _room_now(self) -> Room:
        screen = self.app.size.width
        width = None if self._fits or self.size.width >= WIDE else self.size.width
        return Room(width, _longest(screen), self._levels, self.ascii)

    def _retitle(self) -> None:
        if self.title != self._title:
            self._title = self.title
            self.post_message(self.Retitled())

    def on_resize(self) -> None:
        """Choose anew what fits."""
        self._choose()

    def on_show(self) -> None:
        """Draw what happened while it was hidden."""
        self._choose()

    def on_focus(self) -> None:
        """Show the selected task as that of the focused part."""
        self._focus_is(focused=True)

    def on_blur(self) -> None:
        """Mute the selected task."""
        self._focus_is(focused=False)

    def _focus_is(self, *, focused: bool) -> None:
        self._marks = replace(self._marks, focused=focused)
        if self.selected is not None:
            self._refresh_tasks({self.selected})

    # -- rows -------------------------------------------------------------------------------------------------------

    @property
    def _rows(self) -> int:
        """How many rows the graph has, with the blank one above it."""
        return 1 + (0 if self._part is None else self._part.layout.height)

    @property
    def _rows_seen(self) -> int:
        """How many rows of the widget are for the graph."""
        return min(self._rows, max(self.size.height - len(self._foot), 0))

    def _measure(self) -> None:
        width = 0 if self._part is None else self._part.width + 1
        hidden = self._rows - self._rows_seen
        self.virtual_size = Size(max(width, self.size.width), self.size.height + hidden)

    def _foot_lines(self) -> list[Line]:
        """Return what stands below the graph, as much of it as there is room for."""
        if self._part is None or self._fits:
            return []
        around = Surroundings(self.size.width, self.size.width >= WIDE, self._clock(), self.ascii)
        room = self.size.height - min(self._rows, _FEWEST_ROWS)
        return foot_lines(self._view, self._shape, self._part, self.selected, around, room, details=self._details)

    def _refresh_foot(self) -> None:
        before, self._foot = self._foot, self._foot_lines()
        if len(before) != len(self._foot):
            self._measure()
            self.refresh()
            return
        for number, (old, new) in enumerate(zip(before, self._foot, strict=True)):
            if old != new:
                self.refresh(Region(0, self._rows_seen + number, self.size.width, 1))

    def _refresh_tasks(self, names: Collection[str]) -> None:
        if self._part is None:
            return
        nodes = self._part.layout.nodes
        found = (nodes[name] for name in names if name in nodes)
        if len(names) > len(nodes):
            found = (node for name, node in nodes.items() if name in names)
        for row in {1 + node.y - self.scroll_offset.y for node in found}:
            if 0 <= row < self._rows_seen:
                self.refresh(Region(0, row, self.size.width, 1))

    def render_line(self, y: int) -> Strip:
        """Return a row of the graph, or one of the lines below it."""
        width = self.size.width
        if self._part is None:
            return Strip.blank(width, self.rich_style)
        seen = self._rows_seen
        if y >= seen:
            below = self._foot[y - seen] if y - seen < len(self._foot) else ()
            return self.strip_of(below, width)
        row = y + self.scroll_offset.y - 1
        if not 0 <= row < self._part.layout.height:
            return Strip.blank(width, self.rich_style)
        left, margin = self.scroll_offset.x, self._part.margin
        indent = max(0, margin - left)
        first = max(0, left - margin)
        drawn = row_line(self._part.layout, row, self._state_of, self._marks, first, first + width - indent)
        return self.strip_of(line(Segment(" " * indent), *drawn), width)

    def _state_of(self, name: str) -> State:
        return self._view.tasks[name].state

    # -- walking ----------------------------------------------------------------------------------------------------

    def _select(self, name: str | None, *, aside: bool = False) -> None:
        self.selected = name
        self._choose(aside=aside)

    def _go(self, name: str, *, aside: bool = False) -> None:
        if name != self.selected:
            self._select(name, aside=aside)
            self.post_message(self.Selected(name))

    def _into_sight(self) -> None:
        node = None if self._part is None else self._part.layout.nodes.get(self.selected or "")
        if node is None or self._part is None:
            return
        x, y = self._part.margin + node.x, 1 + node.y
        left = _nearest(self.scroll_offset.x, x, node.width, self.size.width, _MARGIN_X)
        top = _nearest(self.scroll_offset.y, y, 1, self._rows_seen, _MARGIN_Y)
        if (left, top) != self.scroll_offset:
            self.scroll_to(x=left, y=top, animate=False, force=True, immediate=True)

    def action_walk(self, direction: Direction) -> None:
        """Go along an edge, or up and down in a layer."""
        if self._part is None or self.selected is None:
            self._begin()
            return
        came_from = None
        if self._came_from is not None and _BACK.get(self._came_from[1]) == direction:
            came_from = self._came_from[0]
        before = self.selected
        self._go(walk(self._shape, self._part.layout, before, direction, came_from), aside=direction in ("up", "down"))
        if self.selected != before:
            self._came_from = before, direction

    def action_walk_far(self, direction: Direction) -> None:
        """Go along edges as far as they lead."""
        if self._part is None or self.selected is None:
            self._begin()
            return
        self._came_from = None
        self._go(walk_far(self._shape, self._part.layout, self.selected, direction))

    def _begin(self) -> None:
        first = next(iter(self._shape.needs), None)
        if first is not None:
            self._go(first)

    def action_open(self) -> None:
        """Ask for the selected task's log."""
        if self.selected is not None:
            self.post_message(self.Opened(self.selected))

    def action_scroll_pages(self, pages: float) -> None:
        """Scroll by pages; the selected task stays the selected one."""
        rows = round(pages * max(1, self._rows_seen - 1))
        self.scroll_to(y=self.scroll_offset.y + rows, animate=False, force=True, immediate=True)

    def action_zoom(self, step: int) -> None:
        """Show more levels round the selected task (-1), up to the whole graph, or fewer (1)."""
        choices = levels_for(self._shape, self._room_now())
        at = choices.index(self._levels if self._levels in choices else None)
        self._levels = choices[min(max(at - step, 0), len(choices) - 1)]
        self._choose()

    # -- the mouse --------------------------------------------------------------------------------------------------

    def on_click(self, event: events.Click) -> None:
        """Select what was clicked; a double click opens it."""
        node = self._node_at(event.x, event.y)
        if node is None:
            return
        self._came_from = None
        # What is under the pointer stays there, for a second click.
        self._go(node.name, aside=not node.counts)
        if event.chain == 2 and not node.counts:
            self.post_message(self.Opened(node.name))

    def _node_at(self, x: int, y: int) -> Node | None:
        if self._part is None or y >= self._rows_seen:
            return None
        return self._part.layout.at(x + self.scroll_offset.x - self._part.margin, y + self.scroll_offset.y - 1)


def _longest(screen_width: int) -> int:
    return _LONGEST_VERY_WIDE if screen_width >= VERY_WIDE else _LONGEST


def _nearest(now: int, first: int, size: int, room: int, margin: int) -> int:
    """Return the scroll offset nearest to that of now at which something is in sight, with a margin if it fits."""
    margin = max(0, min(margin, (room - size) // 2))
    return max(0, min(max(now, first + size + margin - room), first - margin))
