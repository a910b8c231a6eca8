"""The parts of the dashboard and what they show: everything but what its keys do."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.message import Message as TextualMessage
from textual.screen import Screen

from flowweaver.plan import Action
from fwtui.model import messages
from fwtui.model.estimates import longest_path, seconds_left
from fwtui.model.footer import FooterFacts, Hint, hints_for
from fwtui.model.header import HeaderFacts
from fwtui.model.key_names import USUAL, KeyNames
from fwtui.model.layout import Layout, layout_for
from fwtui.model.messages import Message
from fwtui.model.views import RunView
from fwtui.screens.conductor import Conductor
from fwtui.screens.dialog import Dialog
from fwtui.screens.pane import Pane
from fwtui.session.port import SessionPort
from fwtui.widgets.drawing import ASCII
from fwtui.widgets.footer import Footer
from fwtui.widgets.graph import GraphView
from fwtui.widgets.header import Header
from fwtui.widgets.lines_pane import LinesPane
from fwtui.widgets.message import MessageLine, Prompt
from fwtui.widgets.runs import Runs
from fwtui.widgets.tabs import TabsRule
from fwtui.widgets.task_table import TaskTable
from fwtui.widgets.timeline import Timeline

__all__ = ["Board"]

_SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_STILL = "▸"
_NOTICE_SECONDS = 4.0
_LINES = ("log", "details", "output")
_VIEWS = (*_LINES, "graph", "timeline", "runs")


class Board(Screen[None], inherit_bindings=False):
    """One workflow on one screen.

    Args:
        session: the workflow.
        clock: seconds since the epoch.
        watch: saves of the file are noticed.
        names: the keys as the person has them.

    Attributes:
        busy: a file is being loaded or a run started: keys wait until that is done.
        typing: "filter", "search" or "runs" while that is typed, else "".
        full: the pane has the whole middle.
        auto: a save starts a run.
        dialog: the question that is open.
    """

    AUTO_FOCUS: ClassVar[str | None] = "#tasks"

    class Free(TextualMessage):
        """What keys waited for is done."""

    def __init__(
        self, session: SessionPort, clock: Callable[[], float], *, watch: bool, names: KeyNames = USUAL
    ) -> None:
        super().__init__()
        self.clock = clock
        self.names = names
        self.watching = watch
        self.conductor = Conductor(session, clock, self.refresh_view, self.say)
        self.busy = False
        self.typing = ""
        self.full = False
        self.auto = False
        self.dialog: Dialog | None = None
        self._spin = 0
        self._notice: Message | None = None
        self._notice_at = 0.0
        self._estimated: tuple[object, float, float | None] | None = None
        self._laid_out: tuple[Layout, str, str] | None = None
        self._complete = False

    # -- parts ------------------------------------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        """Every part there may be; the layout says which are seen."""
        yield Header(id="header")
        yield TaskTable(self.clock, self.names, id="tasks")
        yield TabsRule(self.names, id="rule")
        for name in _LINES:
            yield LinesPane(id=name)
        yield GraphView(self.clock, id="graph")
        yield Timeline(self.clock, id="timeline")
        yield Runs(self.clock, id="runs")
        yield MessageLine(self.names, id="message")
        yield Prompt(self.names, id="prompt")
        yield Footer(id="footer")

    def on_mount(self) -> None:
        """Show that nothing is loaded yet."""
        self.table = self.query_one(TaskTable)
        views = {name: self.query_one(f"#{name}") for name in _VIEWS}
        only_ascii = self.app.has_class(ASCII)
        self.query_one(GraphView).ascii = only_ascii
        self.query_one(Timeline).ascii = self.query_one(Runs).ascii = only_ascii
        self.pane = Pane(
            self.conductor, self.clock, views, self.query_one(TabsRule), self.beside, self._seconds_left, self.names
        )
        self._complete = True
        self.lay_out()
        self.refresh_lines()
        self.begin()

    def begin(self) -> None:
        """Every part is there: load the file."""

    def on_resize(self) -> None:
        """Share out the rows anew."""
        self.lay_out()
        self.pane.resized()
        self.refresh_lines()

    def lay_out(self) -> None:
        """Give every part its height; a part without one is not shown."""
        view = self.conductor.view
        layout = layout_for(*self.size, 0 if view is None else view.total, full=self.full, shown=self.pane.active)
        if self._laid_out == (layout, self.typing, self.pane.active):
            return
        self._laid_out = (layout, self.typing, self.pane.active)
        heights = {
            "#header": layout.header,
            "#tasks": layout.table,
            "#rule": layout.rule,
            "#message": 0 if self.typing else layout.message,
            "#prompt": layout.message if self.typing else 0,
            "#footer": layout.footer,
            **{f"#{name}": layout.pane if name == self.pane.active else 0 for name in _VIEWS},
        }
        for selector, height in heights.items():
            widget = self.query_one(selector)
            widget.display = height > 0
            widget.styles.height = height

    # -- doing things one after the other ---------------------------------------------------------------------------

    def beside(self, work: Coroutine[Any, Any, None]) -> object:
        """Do something while the screen goes on."""
        return self.run_worker(work, exit_on_error=True)

    def do(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something that loads a file or starts a run; keys wait until it is done."""
        self.busy = True
        self.beside(self._until_done(work))

    async def _until_done(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        finally:
            self.busy = False
            self.post_message(self.Free())

    # -- what is shown ----------------------------------------------------------------------------------------------

    @property
    def view(self) -> RunView | None:
        """The workflow as it is shown."""
        return self.conductor.view

    @property
    def in_pane(self) -> bool:
        """The focus is in the pane."""
        return self.focused is not None and self.focused is self.pane.view

    def focus_home(self) -> None:
        """Give the focus to the tasks, or to what has taken their place."""
        self.set_focus(self.table if self.table.display else self.pane.view)

    def _seconds_left(self) -> float | None:
        live = self.conductor.live
        return self._estimate(live, self.clock()) if live is not None and live.running else None

    def refresh_view(self) -> None:
        """Show the conductor's view."""
        if not self._complete:
            return
        view = self.conductor.view
        if view is not None:
            self.table.show(view)
            self.lay_out()
            self.pane.select(view, self.table.selected)
        self.refresh_lines()

    def refresh_lines(self) -> None:
        """Compose header, rule, message and footer anew; only what differs is drawn."""
        view, problem, now = self.conductor.view, self.conductor.problem, self.clock()
        facts = HeaderFacts(
            spinner=_STILL if self.app.animation_level == "none" and self._spin else _SPINNER[self._spin],
            watching=self.watching,
            edited=self.conductor.edited,
            broken=problem is not None,
            auto=self.auto,
            past=self.conductor.past is not None,
            seconds=self._estimate(view, now),
        )
        self.query_one(Header).show(view, facts, now, "" if problem is None else problem.file)
        self.pane.refresh_rule()
        self.query_one(MessageLine).show(self._message())
        self.query_one(Footer).show(self._hints())

    def _estimate(self, view: RunView | None, now: float) -> float | None:
        """Return how long it will take, looked at anew once a second: that is as often as it is shown otherwise."""
        if view is None:
            return None
        about = (view.running, None if view.run is None else view.run.run_id, id(view.plan))
        if self._estimated is None or self._estimated[0] != about or abs(now - self._estimated[1]) >= 1.0:
            infos = {name: task.info for name, task in view.tasks.items()}
            names = view.plan.names(Action.RUN)
            seconds = seconds_left(view, now) if view.running else longest_path(infos, names, view.durations)
            self._estimated = (about, now, seconds)
        return self._estimated[2]

    def turn(self) -> None:
        """Turn the one thing that turns."""
        if self.conductor.running:
            self._spin = (self._spin + 1) % len(_SPINNER)
            self.refresh_lines()

    def _hints(self) -> list[Hint]:
        if self.dialog is not None:
            return self.dialog.hints
        view = self.conductor.view
        if view is None:
            return hints_for(None, FooterFacts(names=self.names))
        part = self.pane.active if self.full or self.in_pane else "tasks"
        selected = self.table.selected
        chosen = tuple(view.tasks[name] for name in self.table.chosen if name in view.tasks)
        if part != "tasks":
            chosen = () if selected is None else (selected,)
        facts = FooterFacts(
            part=part,
            full=self.full,
            typing=self.typing,
            chosen=chosen,
            broken=self.conductor.problem is not None,
            searching=self.pane.lines is not None and bool(self.pane.lines.needle),
            past=self.conductor.past is not None,
            whole=not self.table.display,
            names=self.names,
        )
        return hints_for(view, facts)

    # -- the message line -------------------------------------------------------------------------------------------

    def say(self, message: Message | None) -> None:
        """Say something until the next key, but for four seconds at least; None takes back what was said."""
        self._notice, self._notice_at = message, self.clock()
        if self._complete:
            self.refresh_lines()

    def key_pressed(self) -> None:
        """A key was pressed: what was said before has been read."""
        if self._notice is not None and self.clock() - self._notice_at >= _NOTICE_SECONDS:
            self.say(None)

    @property
    def message_text(self) -> str:
        """What the message line says, in its long form; "" for nothing."""
        message = self._message()
        return "" if message is None else message.text

    def _message(self) -> Message | None:
        if self.dialog is not None:
            return None
        over = self._notice is not None and self._notice.in_run and not self.conductor.running
        return self._banner() if over else self._notice or self._banner()

    def _banner(self) -> Message | None:
        view, problem = self.conductor.live, self.conductor.problem
        if view is not None and view.quitting:
            return messages.quitting()
        past = self.conductor.past
        if past is not None and past.run is not None:
            return messages.past_run(past.run.run_id)
        if problem is not None:
            return messages.broken(problem.file, problem.line, problem.text, None if view is None else view.loaded_at)
        if view is not None and view.holder is not None:
            return messages.held(None if view.run is None else view.run.run_id, view.holder)
        if view is not None and view.run is not None and view.run.error:
            return messages.run_error(view.run.error)
        return None
