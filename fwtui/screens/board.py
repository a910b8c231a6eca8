"""The parts of the dashboard and what they show: everything but what its keys do."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.message import Message as TextualMessage
from textual.screen import Screen
from textual.widget import Widget

from flowweaver.plan import Action
from fwtui.model.estimates import longest_path, seconds_left
from fwtui.model.footer import FooterFacts, Hint, hints_for
from fwtui.model.header import HeaderFacts
from fwtui.model.key_names import USUAL, KeyNames
from fwtui.model.layout import Layout, has_left, layout_for, left_width
from fwtui.model.messages import Message
from fwtui.model.views import RunView
from fwtui.screens.conductor import Conductor
from fwtui.screens.dialog import Dialog
from fwtui.screens.notices import Notices
from fwtui.screens.pane import Pane
from fwtui.session.port import SessionPort
from fwtui.widgets.drawing import ASCII, COLOURS
from fwtui.widgets.footer import Footer
from fwtui.widgets.graph import GraphView
from fwtui.widgets.header import Header
from fwtui.widgets.lines_pane import LinesPane
from fwtui.widgets.message import MessageLine, Prompt
from fwtui.widgets.runs import Runs
from fwtui.widgets.tabs import Divider, TabsRule, TitleRule
from fwtui.widgets.task_table import TaskTable
from fwtui.widgets.timeline import Timeline

__all__ = ["Board"]

_SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_STILL = "▸"
_LINES = ("log", "details", "output", "problem")
_VIEWS = (*_LINES, "graph", "timeline", "runs")
_BESIDE = ("graph", "details")
_RULES = ("rule", "graph-rule", "details-rule")
_PARTS = ("header", "tasks", "divider", "message", "prompt", "footer", *_RULES, *_VIEWS)


class Board(Screen[None], inherit_bindings=False):
    """One workflow on one screen.

    Args:
        session: the workflow.
        clock: seconds since the epoch.
        watch: saves of the file are noticed.
        names: the keys as the person has them.

    Attributes:
        busy: a file is being loaded or a run started, or there are no parts yet: keys wait until that is done.
        typing: "filter", "search" or "runs" while that is typed, else "".
        full: the part that has the whole middle: "tasks", "pane", or the name of a view beside it; "" for none.
        auto: a save starts a run.
        dialog: the question that is open.
        motion: something turns while a run goes on.
        inside: it was opened from a list of workflows, to which leaving it leads back.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {*COLOURS}

    AUTO_FOCUS: ClassVar[str | None] = "#tasks"

    class Free(TextualMessage):
        """What keys waited for is done."""

    class Left(TextualMessage):
        """The person has left, and nothing holds them here any more.

        Attributes:
            whole: for good, and not only to the list that this was opened from.
        """

        def __init__(self, *, whole: bool) -> None:
            super().__init__()
            self.whole = whole

    def __init__(
        self, session: SessionPort, clock: Callable[[], float], *, watch: bool, names: KeyNames = USUAL
    ) -> None:
        super().__init__()
        self.clock = clock
        self.names = names
        self.watching = watch
        self.conductor = Conductor(session, clock, self.refresh_view, self.say)
        self.notices = Notices(self.conductor, clock)
        self.busy = True
        self.typing = ""
        self.full = ""
        self.auto = False
        self.dialog: Dialog | None = None
        self.motion = True
        self.inside = False
        self._spin = 0
        self._estimated: tuple[object, float, float | None] | None = None
        self._laid_out: tuple[Layout, str, str] | None = None
        self._complete = False
        self._had_focus: Widget | None = None

    # -- parts ------------------------------------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        """Every part there may be; the layout says which are seen."""
        yield Header(id="header")
        yield TaskTable(self.clock, self.names, id="tasks")
        yield TitleRule("Graph", "graph", id="graph-rule")
        yield TitleRule("Details", "details", id="details-rule")
        yield Divider(id="divider")
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
        self._parts = {name: self.query_one(f"#{name}") for name in _PARTS}
        views = {name: self._parts[name] for name in _VIEWS}
        rules = {name: self._parts[name] for name in _RULES}
        self.pane = Pane(
            self.conductor,
            self.clock,
            views,
            rules,
            self.beside,
            self._seconds_left,
            self.names,
            watching=self.watching,
        )
        self._complete = True
        self.lay_out()
        self.refresh_lines()
        self.begin()

    def begin(self) -> None:
        """Every part is there: load the file."""

    def on_descendant_focus(self) -> None:
        """Remember what has the focus: a terminal that is left takes it, and what is shown stays as it is."""
        self._had_focus = self.focused or self._had_focus

    def key_escape(self) -> None:
        """Keep Textual from ending a selection before the key's own action sees it: that would be two steps back."""

    # -- where the parts are ----------------------------------------------------------------------------------------

    def on_resize(self) -> None:
        """Share out the cells anew; the focus stays where it is as long as that is seen."""
        self.lay_out()
        self.pane.resized()
        within = self.focused if self.app.app_focus else self._had_focus
        if not self.typing and self.dialog is None and (within is None or not within.display):
            self.focus_home()
        self.refresh_lines()

    def lay_out(self) -> None:
        """Give every part its place; a part without one is not shown."""
        layout = self._layout_now()
        if layout.aside != self.pane.aside:
            self._move_aside(layout.aside)
            layout = self._layout_now()
        if self._laid_out == (layout, self.typing, self.pane.active):
            return
        self._laid_out = (layout, self.typing, self.pane.active)
        boxes = dict(layout.boxes)
        if "pane" in boxes:
            boxes[self.pane.active] = boxes.pop("pane")
        if self.typing and "message" in boxes:
            boxes["prompt"] = boxes.pop("message")
        self.pane.arrange(layout)
        self.query_one(Divider).join(layout.joints)
        for name, widget in self._parts.items():
            box = boxes.get(name)
            widget.display = box is not None
            if box is not None:
                widget.styles.offset = box.x, box.y
                widget.styles.width, widget.styles.height = box.width, box.height
        self.pane.fill()

    def _layout_now(self) -> Layout:
        view = self.conductor.view
        graph = (0, 0)
        if view is not None and has_left(*self.size):
            width, height = self.size
            graph = self.pane.graph_size(view, width, (left_width(width), height))
        total = 0 if view is None else view.total
        full = "pane" if self.pane.never_loaded else self.full
        return layout_for(*self.size, total, graph=graph, full=full, shown=self.pane.active)

    def _move_aside(self, aside: frozenset[str]) -> None:
        """Have other views beside the pane: what has the focus, or the whole middle, is seen wherever it is then."""
        was, seen, before = self.full, self.pane.active, self.pane.aside
        self.pane.put_aside(aside)
        for name in (self.here, was):
            if name in before - aside:
                self.pane.show(name)
        if was in before - aside:
            self.full = "pane"
        elif was == "pane" and seen in aside:
            self.full = seen

    @property
    def here(self) -> str:
        """Where the focus is, or was when the terminal lost it: "tasks", or the name of a view."""
        return self.pane.name_of(self.focused or self._had_focus) or "tasks"

    @property
    def parts(self) -> list[Widget]:
        """What may have the focus now, in the order of tab."""
        pane = self.pane
        beside = [self._parts[name] for name in _BESIDE if name in pane.aside]
        return [part for part in (self.table, pane.view, *beside) if part.display]

    def focus_home(self) -> None:
        """Give the focus to the tasks, or to what has taken their place."""
        self.set_focus(next(iter(self.parts), None))

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

    def _seconds_left(self) -> float | None:
        live = self.conductor.live
        return self._estimate(live, self.clock()) if live is not None and live.going_on else None

    def refresh_view(self) -> None:
        """Show the conductor's view."""
        if not self._complete:
            return
        view, problem = self.conductor.view, self.conductor.problem
        if view is not None:
            self.table.show(view)
            self.lay_out()
            self.pane.select(view, self.table.selected)
        elif problem is not None:
            self.lay_out()
            self.pane.problem.show(problem)
        if view is None or self.here == "problem":
            self.focus_home()
        self.refresh_lines()

    def refresh_lines(self) -> None:
        """Compose header, rule, message and footer anew; only what differs is drawn."""
        view, problem, now = self.conductor.view, self.conductor.problem, self.clock()
        facts = HeaderFacts(
            spinner=_SPINNER[self._spin] if self.motion else _STILL,
            watching=self.watching,
            edited=self.conductor.edited,
            broken=problem is not None,
            auto=self.auto,
            past=self.conductor.past is not None,
            ascii=self.app.has_class(ASCII),
            seconds=self._estimate(view, now),
        )
        self.query_one(Header).show(view, facts, now, "" if problem is None else problem.file)
        self.pane.refresh_rules()
        self.query_one(MessageLine).show(self._message())
        self.query_one(Footer).show(self._hints())

    def _estimate(self, view: RunView | None, now: float) -> float | None:
        """Return how long it will take, looked at anew once a second: that is as often as it is shown otherwise."""
        if view is None:
            return None
        about = (view.going_on, None if view.run is None else view.run.run_id, id(view.plan))
        if self._estimated is None or self._estimated[0] != about or abs(now - self._estimated[1]) >= 1.0:
            infos = {name: task.info for name, task in view.tasks.items()}
            names = view.plan.names(Action.RUN)
            seconds = seconds_left(view, now) if view.going_on else longest_path(infos, names, view.durations)
            self._estimated = (about, now, seconds)
        return self._estimated[2]

    def turn(self) -> None:
        """Turn the one thing that turns."""
        live = self.conductor.live
        if self.motion and (self.conductor.running or (live is not None and live.going_on)):
            self._spin = (self._spin + 1) % len(_SPINNER)
            self.refresh_lines()

    def _hints(self) -> list[Hint]:
        if self.dialog is not None:
            return self.dialog.hints
        view = self.conductor.view
        if view is None:
            broken = self.conductor.problem is not None
            return hints_for(None, FooterFacts(broken=broken, names=self.names, inside=self.inside))
        part = self.here
        within = self._parts[part]
        selected = self.table.selected
        chosen = tuple(view.tasks[name] for name in self.table.chosen if name in view.tasks)
        if part != "tasks":
            chosen = () if selected is None else (selected,)
        facts = FooterFacts(
            part=part,
            full=bool(self.full),
            typing=self.typing,
            chosen=chosen,
            broken=self.conductor.problem is not None,
            searching=isinstance(within, LinesPane) and bool(within.needle),
            past=self.conductor.past is not None,
            whole=not self.table.display,
            inside=self.inside,
            names=self.names,
        )
        return hints_for(view, facts)

    # -- the message line -------------------------------------------------------------------------------------------

    def say(self, message: Message | None) -> None:
        """Say something until the next key, but for four seconds at least; None takes back what was said."""
        self.notices.take(message)
        if self._complete:
            self.refresh_lines()

    def say_first(self, message: Message) -> None:
        """Say something, and what is said now after it."""
        self.notices.take_first(message)
        self.refresh_lines()

    def key_pressed(self) -> None:
        """A key was pressed: what was said before has been read."""
        self.notices.key_pressed()
        self._forget_read()

    def _forget_read(self) -> None:
        if self.notices.read:
            self.say(None)

    @property
    def message_text(self) -> str:
        """What the message line says, in its long form; "" for nothing."""
        message = self._message()
        return "" if message is None else message.text

    def _message(self) -> Message | None:
        return None if self.dialog is not None else self.notices.message
