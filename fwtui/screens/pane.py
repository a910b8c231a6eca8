"""The views of the selected task and of its run: which of them are seen, what fills them, what their rules say."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, cast

from textual.widget import Widget

from fwtui.model.ansi import coloured
from fwtui.model.breakpoints import WIDE
from fwtui.model.details import details_lines
from fwtui.model.graph.part import MOST_AT_ONCE
from fwtui.model.graph.words import WALK_HINT
from fwtui.model.key_names import USUAL, KeyNames
from fwtui.model.layout import Layout
from fwtui.model.runs import run_rows
from fwtui.model.segments import Line, line
from fwtui.model.status import OPEN_STATES
from fwtui.model.tabs import Tab
from fwtui.model.views import RunView, TaskView
from fwtui.screens.attempt_log import AttemptLog
from fwtui.screens.conductor import Conductor
from fwtui.screens.problem_page import ProblemPage
from fwtui.widgets.graph import GraphView
from fwtui.widgets.lines_pane import LinesPane
from fwtui.widgets.runs import Runs
from fwtui.widgets.tabs import TabsRule, TitleRule
from fwtui.widgets.timeline import Timeline

__all__ = ["Pane"]

_TABS = (
    Tab("1", "Log", "log"),
    Tab("2", "Details", "details"),
    Tab("3", "Graph", "graph"),
    Tab("4", "Timeline", "timeline"),
    Tab("5", "Runs", "runs"),
)
_LINES = ("log", "details", "output", "problem")
_OUTPUT = Tab("0", "Output", "output")
_PROBLEM = Tab("", "Does not load", "problem")
_FIRST = "log"
_MOST_OUTSIDE = 5_000


class Pane:
    """All views but the tasks. One of them is seen in the pane; some stand beside it where there is room.

    Args:
        conductor: gives logs and source lines.
        clock: seconds since the epoch.
        views: the widgets by name.
        rules: the line above the pane ("rule"), with the tabs, and those of the views beside it.
        run: runs a coroutine beside everything else.
        left: how many seconds the run that goes on still needs, None if that is not known.
        names: the keys as the person has them.
        watching: saves of the file are noticed.

    Attributes:
        wanted: name of the view that was asked for last; it is the active one unless it stands aside.
        aside: names of the views that stand beside the pane.
        log: what the log shows.
        problem: why the file does not load, where there is nothing else to show.
        task: the selected task.
    """

    def __init__(
        self,
        conductor: Conductor,
        clock: Callable[[], float],
        views: Mapping[str, Widget],
        rules: Mapping[str, Widget],
        run: Callable[[Coroutine[Any, Any, None]], object],
        left: Callable[[], float | None],
        names: KeyNames = USUAL,
        *,
        watching: bool = True,
    ) -> None:
        self._conductor = conductor
        self._clock = clock
        self._views = views
        self._log, self._details, self._output, problem = (cast(LinesPane, views[name]) for name in _LINES)
        self._timeline, self._runs = cast(Timeline, views["timeline"]), cast(Runs, views["runs"])
        self._graph = cast(GraphView, views["graph"])
        self._rules = rules
        self._left = left
        self.wanted = _FIRST
        self.aside: frozenset[str] = frozenset()
        self._last_in_pane = _FIRST
        self._details_width = 0
        self.log = AttemptLog(conductor, self._log, run, self.refresh_rules, names)
        self.problem = ProblemPage(problem, run, names, watching=watching)
        self.task: TaskView | None = None
        self._outside: list[Line] = []
        self._outside_style = ""
        self._output.following = True

    # -- which views are seen ---------------------------------------------------------------------------------------

    @property
    def never_loaded(self) -> bool:
        """There is no workflow to show, because the file does not load and never did."""
        return self._conductor.view is None and self._conductor.problem is not None

    @property
    def active(self) -> str:
        """Name of the view in the pane."""
        if self.never_loaded:
            return _PROBLEM.name
        return self._last_in_pane if self.wanted in self.aside else self.wanted

    @property
    def view(self) -> Widget:
        """The widget in the pane."""
        return self._views[self.active]

    @property
    def lines(self) -> LinesPane | None:
        """The widget in the pane, if it shows text: then it can be searched, wrapped and copied."""
        return self._views[self.active] if self.active in _LINES else None  # type: ignore[return-value]

    @property
    def runs(self) -> Runs:
        """The history."""
        return self._runs

    @property
    def loading(self) -> bool:
        """A log is on its way."""
        return self.log.loading

    @property
    def tabs(self) -> tuple[Tab, ...]:
        """The tabs there are now."""
        if self.never_loaded:
            return (_PROBLEM,)
        tabs = (*_TABS, _OUTPUT) if self._outside else _TABS
        return tuple(tab for tab in tabs if tab.name not in self.aside)

    def widget(self, name: str) -> Widget:
        """Return the widget of a view."""
        return self._views[name]

    def name_of(self, widget: Widget | None) -> str:
        """Return the name of a view, "" for another widget."""
        return next((name for name, each in self._views.items() if each is widget), "")

    def show(self, name: str) -> None:
        """Show a view, if there is one of that name now."""
        if name not in self._views or name == _PROBLEM.name or (name == "output" and not self._outside):
            return
        self.wanted = name
        if name not in self.aside:
            self._last_in_pane = name

    def put_aside(self, names: frozenset[str]) -> None:
        """Have these views beside the pane, and the others in it."""
        self.aside = names
        if self._last_in_pane in names:
            self._last_in_pane = _FIRST

    def arrange(self, layout: Layout) -> None:
        """Take note of the room that a layout gives."""
        box = layout.boxes.get("details") or layout.boxes.get("pane")
        self._details_width = 0 if box is None else box.width
        self._graph.stand(whole="graph" in layout.boxes, details="details" not in layout.boxes)

    # -- what fills them --------------------------------------------------------------------------------------------

    def select(self, view: RunView | None, task: TaskView | None) -> None:
        """Show another task, or the same one as it is now."""
        other = (None if task is None else task.name) != (None if self.task is None else self.task.name)
        self.task = task
        self.fill(keep_place=not other)
        self.log.select(None if view is None else task)
        self.refresh_rules()

    def fill(self, *, keep_place: bool = True) -> None:
        """Fill the views that are seen with what is to be seen."""
        self._fill_details(keep_place=keep_place)
        self._fill_times()

    def _is_seen(self, name: str) -> bool:
        return self._views[name].display

    def other_attempt(self, step: int) -> None:
        """Show an older or a newer attempt of the selected task."""
        self.show("log")
        self.log.other_attempt(step)

    def graph_size(self, view: RunView, width: int, most: tuple[int, int]) -> tuple[int, int]:
        """Return columns and rows of the whole graph on a screen of a width; nothing if it takes more than ``most``."""
        if view.total > MOST_AT_ONCE:
            return 0, 0
        self._graph.show(view)
        return self._graph.size_of_whole(width, most)

    def tick(self) -> None:
        """Move the times that go on."""
        if self.task is not None and self.task.state in OPEN_STATES:
            self._fill_details(keep_place=True)
        for widget in (self._graph, self._timeline, self._runs):
            if widget.display:
                widget.tick()

    def dim(self, text: str, names: Sequence[str] | None) -> None:
        """Dim all tasks but these where a row is not left out by a filter; None dims nothing."""
        self._timeline.dim(names)
        self._graph.mark_matches(text, None if names is None else frozenset(names))

    def _fill_times(self) -> None:
        view, live = self._conductor.view, self._conductor.live
        name = None if self.task is None else self.task.name
        if view is not None and self._is_seen("graph"):
            self._graph.show(view)
            self._graph.select(name)
        if view is not None and self._is_seen("timeline"):
            self._timeline.show(view)
            self._timeline.move_to(name)
        if live is not None and self._is_seen("runs"):
            self._runs.show(run_rows(live))
            if self._runs.cursor is None and self._runs.keys:
                self._runs.move_to(self._runs.keys[0])

    def resized(self) -> None:
        """Write anew what depends on the width."""
        self.problem.fill()
        self._fill_details(keep_place=True)
        self.log.reload()

    def _fill_details(self, *, keep_place: bool = False) -> None:
        view, widget = self._conductor.view, self._details
        if not self._is_seen("details") or view is None or self.task is None:
            return
        widget.show(details_lines(view, self.task, self._clock(), self._details_width), keep_place=keep_place)

    def outside(self, texts: Sequence[str]) -> None:
        """Add lines that came from no task."""
        new: list[Line] = []
        for text in texts[-_MOST_OUTSIDE:]:
            said, self._outside_style = coloured(text, self._outside_style)
            new.append(line(" ", *said))
        self._outside += new
        if len(self._outside) > 2 * _MOST_OUTSIDE:
            self._outside = self._outside[-_MOST_OUTSIDE:]
            self._output.show(self._outside, keep_place=True)
        else:
            self._output.append(new)
        self.refresh_rules()

    # -- what the rules say -----------------------------------------------------------------------------------------

    def refresh_rules(self) -> None:
        """Say anew what each view shows."""
        for name in self.aside:
            rule = cast(TitleRule, self._rules[f"{name}-rule"])
            right, short = self._title(name)
            rule.show(right, short=short, focused=self._views[name].has_focus)
        tabs = cast(TabsRule, self._rules["rule"])
        right, short = self._title(self.active)
        tabs.show(self.tabs, self.active, right, short=short, focused=self.view.has_focus)

    def _title(self, name: str) -> tuple[str, str]:
        """Return what a view shows, in words, and in fewer; "" where there are no fewer."""
        if name == "graph":
            walks = name in self.aside and self._graph.has_focus
            return WALK_HINT if walks else self._graph.title, ""
        if name == "timeline":
            return self._timeline.title(self._left()), ""
        if name == "runs":
            return self._runs.title, ""
        if self.task is None or name in ("output", _PROBLEM.name):
            return "", ""
        if name == "log":
            short = self.log.title(wide=False)
            return (self.log.title(wide=True) if self._log.app.size.width >= WIDE else short), short
        place = self._details.place if self._details.line_count > self._details.size.height else ""
        return "   ".join(part for part in (self.task.title, place) if part), self.task.title
