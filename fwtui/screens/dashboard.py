"""The dashboard: what runs, how far, what went wrong, and what the next key does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.binding import BindingType
from textual.message import Message

from flowweaver.events import Event, RunFinished, RunStarted, TaskCompleted, TaskFailed, TaskOutput, TaskWriting
from fwtui.background import from_threads
from fwtui.model import messages
from fwtui.model.filters import filter_for
from fwtui.model.key_names import USUAL, KeyNames
from fwtui.model.keys import ROWS
from fwtui.model.ladder import Rung
from fwtui.model.standing import unforeseen
from fwtui.model.views import RunView, TaskView
from fwtui.screens.changing import ChangingKeys
from fwtui.screens.looking import LookingKeys
from fwtui.session.port import SessionPort
from fwtui.widgets.bindings import bindings_of
from fwtui.widgets.footer import Footer
from fwtui.widgets.graph import GraphView
from fwtui.widgets.header import Header
from fwtui.widgets.lines_pane import LinesPane
from fwtui.widgets.message import Prompt
from fwtui.widgets.runs import Runs
from fwtui.widgets.tabs import TabsRule, TitleRule
from fwtui.widgets.task_table import TaskTable
from fwtui.widgets.timeline import Timeline

__all__ = ["Dashboard"]

_ON_PURPOSE = "persist=False"
_WORTH_FOLLOWING = 1.0
"""Seconds that a task has run before the cursor goes to it."""


class Dashboard(ChangingKeys, LookingKeys):
    """The screen, moved along by whoever owns the time: ``drain``, ``tick`` and ``turn`` are called from outside.

    Args:
        session: the workflow.
        clock: seconds since the epoch.
        watch: saves of the file are noticed.
        run_at_start: a run starts as soon as the file is loaded.
        names: the keys as the person has them.
    """

    BINDINGS: ClassVar[list[BindingType]] = bindings_of("dashboard")

    class Opened(Message):
        """The file was looked at for the first time, and loaded if it loads."""

    def __init__(
        self,
        session: SessionPort,
        clock: Callable[[], float],
        *,
        watch: bool,
        run_at_start: bool,
        names: KeyNames = USUAL,
    ) -> None:
        super().__init__(session, clock, watch=watch, names=names)
        self._run_at_start = run_at_start
        self._moved = False
        self._moved_in_run = False
        self._outside_told = False

    def begin(self) -> None:
        """Load the file."""
        self.conductor.session.follow(from_threads(self.changed_elsewhere), files=self.watching)
        self.do(self._open())

    async def _open(self) -> None:
        await self.conductor.open()
        self.post_message(self.Opened())
        view = self.view
        failed = None if view is None else view.first_failure()
        if failed is not None:
            self.table.move_to(failed.name)
        if self._run_at_start and view is not None:
            await self.conductor.resume()

    # -- time -------------------------------------------------------------------------------------------------------

    def drain(self) -> None:
        """Take the events that have come and draw what they changed; some twenty times a second."""
        before = self.conductor.live
        events = self.conductor.drain()
        if not events:
            return
        if any(isinstance(event, RunStarted) for event in events):
            self._moved_in_run = False
        self.refresh_view()
        if self.conductor.past is None:
            self.pane.log.wrote([event for event in events if isinstance(event, TaskOutput | TaskWriting)])
        self._tell(events, before)
        self._follow_running()
        if any(isinstance(event, RunFinished) for event in events):
            self.do(self._after_run())

    def _tell(self, events: Sequence[Event], before: RunView | None) -> None:
        """Say what a person should know of at once."""
        tasks = {} if self.conductor.live is None else self.conductor.live.tasks
        for event in events:
            if isinstance(event, RunStarted) and before is not None:
                self._tell_unforeseen(event, before)
            elif isinstance(event, TaskFailed) and not event.interrupted and event.task in tasks:
                self._tell_failure(event, tasks[event.task])
            elif isinstance(event, TaskCompleted) and event.not_kept not in (None, _ON_PURPOSE):
                self.say(messages.not_kept(tasks[event.task]))
            elif isinstance(event, TaskCompleted) and event.warnings:
                self.say(messages.warned(event.warnings))
            elif isinstance(event, RunFinished) and event.error:
                self.say(None)  # why the run ended is said where the last result that was lost with it would be

    def _tell_unforeseen(self, event: RunStarted, before: RunView) -> None:
        """Say which results could not be read when they were needed: their tasks were not meant to run."""
        names = unforeseen(before.plan, event)
        if names:
            self.say(messages.runs_again(before.tasks[names[0]], event.reasons.get(names[0], ""), len(names) - 1))

    def _tell_failure(self, event: TaskFailed, task: TaskView) -> None:
        if not self._moved_in_run and self.conductor.past is None:
            # The cursor goes to the first failure once; after that it is where the person wants it.
            self._moved_in_run = True
            self.table.move_to(event.task)
        elif self.table.cursor != event.task:
            self.say(messages.failed_elsewhere(task))
        if event.thread_left:
            self.say(messages.thread_left(task))

    def _follow_running(self) -> None:
        """Put the cursor on the only task that runs, until a person moves it; not while something else is looked at."""
        view = self.view
        if view is None or len(view.in_flight) != 1 or self._moved or self._moved_in_run:
            return
        (name,) = view.in_flight
        began = view.tasks[name].started_at
        # Short tasks one after the other would have it, and the log with it, jump from row to row.
        if began is None or self.clock() - began < _WORTH_FOLLOWING or name not in self.table.shown:
            return
        if self.focused is self.table and self.dialog is None and self.conductor.past is None:
            self.table.move_to(name)

    async def _after_run(self) -> None:
        saved = self.conductor.edited
        await self.conductor.after_run()
        if self.rung is Rung.FINISHING:
            self.post_left()
        elif saved:
            self.run_on_save()

    def tick(self) -> None:
        """Move the times that go on, and let go of what was read; once a second."""
        self._forget_read()
        self._follow_running()
        self.table.tick()
        self.pane.tick()
        self.renew_questions()
        self.refresh_lines()

    def saved(self) -> None:
        """Source files were saved."""
        self.beside(self._take_saved())

    def changed_elsewhere(self) -> None:
        """Another process did something, or a declared file changed: what is shown holds no more."""
        self.beside(self._look_again())

    async def _look_again(self) -> None:
        followed = self.conductor.live is not None and self.conductor.live.followed
        await self.conductor.look_again()
        if not followed and self.conductor.live is not None and self.conductor.live.followed:
            self._moved_in_run = False

    async def _take_saved(self) -> None:
        if await self.conductor.check_disk():
            self.run_on_save()

    def wrote_outside(self, texts: Sequence[str]) -> None:
        """Something was written that belongs to no task."""
        self.pane.outside(texts)
        if not self._outside_told:
            self._outside_told = True
            self.say(messages.outside_output())

    # -- what widgets say -------------------------------------------------------------------------------------------

    def on_task_table_moved(self, event: TaskTable.Moved) -> None:
        """Show the task under the cursor."""
        self._moved = self._moved or event.by_person
        self._moved_in_run = self._moved_in_run or event.by_person
        self.pane.select(self.view, self.table.selected)
        self.refresh_lines()

    def on_task_table_marked(self) -> None:
        """Count the marks in the footer."""
        self.refresh_lines()

    def on_task_table_opened(self) -> None:
        """A double click is enter."""
        self.action_full_log()

    def on_graph_view_selected(self, event: GraphView.Selected) -> None:
        """The tasks have the same cursor."""
        self._go_to(event.name)

    def on_graph_view_opened(self) -> None:
        """Show the log of the task."""
        self.action_full_log()

    def on_graph_view_retitled(self) -> None:
        """Say anew what is seen of the graph."""
        self.pane.refresh_rules()

    def on_timeline_selected(self, event: Timeline.Selected) -> None:
        """The tasks have the same cursor."""
        self._go_to(event.name)

    def on_timeline_opened(self) -> None:
        """Show the log of the task."""
        self.action_full_log()

    def on_timeline_changed(self) -> None:
        """Say anew what is seen of the time."""
        self.pane.refresh_rules()

    def on_runs_opened(self, event: Runs.Opened) -> None:
        """Show an old run."""
        self.do(self.open_run(event.run_id))

    def on_runs_changed(self) -> None:
        """Say anew which runs are shown."""
        self.pane.refresh_rules()

    def _go_to(self, name: str) -> None:
        if name not in self.table.shown:
            self.filter_tasks("", kept=True)
        self.table.move_to(name, by_person=True)

    def on_lines_pane_scrolled(self, event: LinesPane.Scrolled) -> None:
        """Say where in the pane one is."""
        event.stop()
        self.pane.refresh_rules()

    def on_tabs_rule_picked(self, event: TabsRule.Picked) -> None:
        """A click on a tab shows its view."""
        self.show_pane(event.name)

    def on_title_rule_picked(self, event: TitleRule.Picked) -> None:
        """A click on the rule of a part goes there."""
        self.set_focus(self.pane.widget(event.name))

    def on_header_picked(self, event: Header.Picked) -> None:
        """A click on a count shows those tasks, and again all."""
        if self.typing:
            self.keep_typed()
        text = filter_for(event.states)
        self.filter_tasks("" if text == self.table.filter_text else text, kept=True)
        self.refresh_lines()

    async def on_footer_picked(self, event: Footer.Picked) -> None:
        """A click on a key of the footer does what the key does, in the part that has the focus."""
        row = ROWS[event.key_id]
        if row.where == "typing":
            self.query_one(Prompt).take(row.id)
        elif row.where == "dashboard" or self.focused is None:
            await self.run_action(row.action)
        else:
            await self.focused.run_action(row.action)

    def on_descendant_focus(self) -> None:
        """Another part has the focus; what is being typed is kept when one turns to something else."""
        if self.typing and not isinstance(self.focused, Prompt):
            self.keep_typed()
        self.refresh_lines()

    # -- leaving ----------------------------------------------------------------------------------------------------

    def action_quit_or_back(self) -> None:
        """Leave, by the ladder; in full screen one step back."""
        if self.rung is Rung.GROUND and (self.full or self.focused is self.pane.runs):
            self.action_back()
        else:
            self.leave()

    def step_out(self) -> None:
        """Go back to the list that this was opened from; a run is not left by a step back."""
        if self.inside and not self.conductor.running:
            self.leave()

    def action_interrupt(self) -> None:
        """Copy what is selected, else leave."""
        screen = self.app.screen
        selected = screen.get_selected_text()
        if selected:
            self.copy(selected)
            screen.clear_selection()
        else:
            self.leave(whole=True)
