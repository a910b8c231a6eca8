"""What the pane below the tasks shows: the selected task's log and details, the time and the history of runs."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, cast

from textual.widget import Widget

from flowweaver.events import TaskOutput
from flowweaver.records import AttemptRecord
from fwtui.model.details import details_lines
from fwtui.model.frames import Excerpt
from fwtui.model.header import WIDE
from fwtui.model.key_names import USUAL, KeyNames
from fwtui.model.logtext import empty_text, error_lines, log_lines, log_text, pane_title, wants_error
from fwtui.model.runs import run_rows
from fwtui.model.segments import Line, Segment, line
from fwtui.model.status import OPEN_STATES
from fwtui.model.tabs import Tab
from fwtui.model.views import RunView, TaskView
from fwtui.screens.background import in_thread
from fwtui.screens.conductor import Conductor
from fwtui.widgets.graph import GraphView
from fwtui.widgets.lines_pane import LinesPane
from fwtui.widgets.runs import Runs
from fwtui.widgets.tabs import TabsRule
from fwtui.widgets.timeline import Timeline

__all__ = ["Pane"]

_TABS = (
    Tab("1", "Log", "log"),
    Tab("2", "Details", "details"),
    Tab("3", "Graph", "graph"),
    Tab("4", "Timeline", "timeline"),
    Tab("5", "Runs", "runs"),
)
_LINES = ("log", "details", "output")
_OUTPUT = Tab("0", "Output", "output")
_MOST_OUTSIDE = 5_000
_MANY = 1_000

_Key = tuple[str, int | None, int]


class Pane:
    """The pane's views, of which one is seen.

    Args:
        conductor: gives logs and source lines.
        clock: seconds since the epoch.
        views: the widgets by name.
        rule: the line above, with the tabs.
        run: runs a coroutine beside everything else.
        left: how many seconds the run that goes on still needs, None if that is not known.
        names: the keys as the person has them.

    Attributes:
        active: name of the view that is seen.
        task: the selected task.
        loading: a log is on its way.
    """

    def __init__(
        self,
        conductor: Conductor,
        clock: Callable[[], float],
        views: Mapping[str, Widget],
        rule: TabsRule,
        run: Callable[[Coroutine[Any, Any, None]], object],
        left: Callable[[], float | None],
        names: KeyNames = USUAL,
    ) -> None:
        self._conductor = conductor
        self._clock = clock
        self._views = views
        self._log, self._details, self._output = (cast(LinesPane, views[name]) for name in _LINES)
        self._timeline, self._runs = cast(Timeline, views["timeline"]), cast(Runs, views["runs"])
        self._graph = cast(GraphView, views["graph"])
        self._rule = rule
        self._run = run
        self._left = left
        self._names = names
        self.active = "log"
        self.task: TaskView | None = None
        self._attempt: int | None = None
        self._shown: _Key | None = None
        self._shown_state: object = None
        self._empty = True
        self.loading = False
        self._again = False
        self._outside: list[Line] = []

    @property
    def view(self) -> Widget:
        """The widget that is seen."""
        return self._views[self.active]

    @property
    def lines(self) -> LinesPane | None:
        """The widget that is seen, if it shows text: then it can be searched, wrapped and copied."""
        return self._views[self.active] if self.active in _LINES else None  # type: ignore[return-value]

    @property
    def runs(self) -> Runs:
        """The history."""
        return self._runs

    @property
    def tabs(self) -> tuple[Tab, ...]:
        """The tabs there are now."""
        return (*_TABS, _OUTPUT) if self._outside else _TABS

    def show(self, name: str) -> None:
        """Show a view."""
        if name == "output" and not self._outside:
            return
        self.active = name
        for other, widget in self._views.items():
            widget.display = other == name
        self._fill_details()
        self._fill_times()
        self.refresh_rule()

    def select(self, view: RunView | None, task: TaskView | None) -> None:
        """Show another task, or the same one as it is now."""
        other = (None if task is None else task.name) != (None if self.task is None else self.task.name)
        self.task = task
        if other:
            self._attempt = None
        self._fill_details(keep_place=not other)
        self._fill_times()
        key = self._key()
        state = None if task is None else (task.state in OPEN_STATES, task.error, task.state)
        if view is None or task is None:
            self._shown = None
            self._log.show([])
        elif key != self._shown or state != self._shown_state:
            self._load()
        self._shown_state = state
        self.refresh_rule()

    def other_attempt(self, step: int) -> None:
        """Show an older or a newer attempt of the selected task."""
        if self.task is None:
            return
        wanted = min(max((self._attempt or self.task.attempt) + step, 1), max(1, self.task.attempt))
        self._attempt = None if wanted == self.task.attempt else wanted
        self.show("log")
        if self._key() != self._shown:
            self._load()

    def refresh_rule(self) -> None:
        """Say anew what the pane shows."""
        view, widget, log = self._conductor.view, self.view, self._log
        wide = widget.app.size.width >= WIDE
        right = ""
        if view is not None and self.task is not None and self.active == "log":
            right = pane_title(
                view,
                self.task,
                wide=wide,
                place=log.place,
                following=log.following,
                shown=self._attempt,
                names=self._names,
            )
        elif self.active == "details" and self.task is not None:
            right = self.task.title
        elif self.active == "graph":
            right = self._graph.title
        elif self.active == "timeline":
            right = self._timeline.title(self._left())
        elif self.active == "runs":
            right = self._runs.title
        self._rule.show(self.tabs, self.active, right, focused=widget.has_focus)

    # -- the log ----------------------------------------------------------------------------------------------------

    def _key(self) -> _Key | None:
        if self.task is None:
            return None
        return self.task.name, self.task.run_id, self._attempt or self.task.attempt

    def wrote(self, events: Sequence[TaskOutput]) -> None:
        """Add what the shown attempt has written."""
        for event in events:
            if self._shown is None or (event.task, event.attempt) != (self._shown[0], self._shown[2]):
                continue
            if self.loading:
                # What is being loaded may or may not have these lines: it is loaded once more.
                self._again = True
            elif self._empty:
                self._load()
            else:
                self._log.append(log_lines(event.lines))

    def _load(self) -> None:
        """Load the wanted log; while one is being loaded, only the last one wanted is loaded after it."""
        if self.loading:
            self._again = True
            return
        self.loading = True
        self._run(self._load_until_shown())

    async def _load_until_shown(self) -> None:
        try:
            while True:
                self._again = False
                await self._load_once()
                if not self._again:
                    return
        finally:
            self.loading = False

    async def _load_once(self) -> None:
        task, key = self.task, self._key()
        if task is None or key is None:
            return
        number = key[2]
        lines = await self._conductor.log(task, number)
        attempts = [each for each in self._conductor.attempts(task) if each.attempt <= number]
        excerpts = await self._conductor.excerpts(task, number)
        made = log_lines(lines) if len(lines) < _MANY else await in_thread(log_lines, lines)
        now = self.task
        if now is None or key != self._key():
            self._again = True
            return
        self._fill_log(now, key, made, attempts, excerpts)

    def _fill_log(
        self,
        task: TaskView,
        key: _Key,
        made: list[Line],
        attempts: Sequence[AttemptRecord],
        excerpts: Sequence[Excerpt],
    ) -> None:
        view, widget = self._conductor.view, self._log
        if view is None:
            return
        self._empty = not made
        before = len(made)
        error = []
        if key[2] < task.attempt or wants_error(task):
            error = error_lines(attempts, task.attempts_allowed, excerpts, widget.size.width, self._names)
        if not made and not error:
            made = [line(Segment(f" {empty_text(view, task)}", "muted"))]
        live = view.running and task.state in OPEN_STATES
        # The error and its frames are what the pane is opened for; the last lines before them come with it.
        frames = sum(1 + len(each.lines) + each.changed for each in excerpts)
        core = (before, before + 1 + frames) if error else None
        widget.show([*made, *error], follow=live, keep_place=key == self._shown and not error, core=core)
        self._shown = key
        self.refresh_rule()

    # -- the other views --------------------------------------------------------------------------------------------

    def tick(self) -> None:
        """Move the times that go on."""
        if self.task is not None and self.task.state in OPEN_STATES:
            self._fill_details(keep_place=True)
        if self.active == "graph":
            self._graph.tick()
        elif self.active == "timeline":
            self._timeline.tick()
        elif self.active == "runs":
            self._runs.tick()

    def forget(self) -> None:
        """Another run is shown: what a task wrote is loaded anew, whatever it is."""
        self._shown = None

    def dim(self, text: str, names: Sequence[str] | None) -> None:
        """Dim all tasks but these where a row is not left out by a filter; None dims nothing."""
        self._timeline.dim(names)
        self._graph.mark_matches(text, None if names is None else frozenset(names))

    def _fill_times(self) -> None:
        view, live = self._conductor.view, self._conductor.live
        if view is not None and self.active == "graph":
            self._graph.show(view)
            self._graph.select(None if self.task is None else self.task.name)
        elif view is not None and self.active == "timeline":
            self._timeline.show(view)
            self._timeline.move_to(None if self.task is None else self.task.name)
        elif live is not None and self.active == "runs":
            self._runs.show(run_rows(live))
            if self._runs.cursor is None and self._runs.keys:
                self._runs.move_to(self._runs.keys[0])

    def resized(self) -> None:
        """Write anew what depends on the width."""
        self._fill_details(keep_place=True)
        if self.task is not None:
            self._load()

    def _fill_details(self, *, keep_place: bool = False) -> None:
        view, widget = self._conductor.view, self._details
        if self.active != "details" or view is None or self.task is None:
            return
        lines = details_lines(view, self.task, self._clock(), widget.app.size.width)
        widget.show(lines, keep_place=keep_place)

    def outside(self, texts: Sequence[str]) -> None:
        """Add lines that came from no task."""
        new = [line(f" {log_text(text)}") for text in texts]
        self._outside = [*self._outside, *new][-_MOST_OUTSIDE:]
        widget = self._output
        widget.show(self._outside, keep_place=widget.line_count > 0, follow=True)
        self.refresh_rule()
