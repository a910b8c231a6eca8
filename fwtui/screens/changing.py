"""The keys that change something: running, stopping, clearing, and leaving."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from flowweaver.plan import Plan
from fwtui.model import dialogs, messages
from fwtui.model.ladder import Rung, climb
from fwtui.model.status import DONE_STATES
from fwtui.model.views import RunView
from fwtui.screens.board import Board
from fwtui.screens.dialog import ClearDialog, Dialog
from fwtui.screens.plan import PlanScreen
from fwtui.session.port import RunRequest

__all__ = ["ChangingKeys"]

_LEAVE_SECONDS = 2.0


class ChangingKeys(Board):
    """What these keys do.

    Attributes:
        rung: how far up the ladder somebody is who wants to leave.
        whole: they want to leave for good.
    """

    rung: Rung = Rung.GROUND
    whole = False

    def _may_change(self) -> bool:
        """Tell whether state may be changed now, and say why not."""
        past = self.conductor.past
        if past is not None and past.run is not None:
            self.say(messages.past_run(past.run))
            return False
        if self.conductor.running:
            self.say(messages.run_goes_on())
            return False
        return not self._is_watched()

    def _is_watched(self) -> bool:
        """Tell whether another process has the workflow, and say so."""
        live = self.conductor.live
        if live is None or live.holder is None:
            return False
        self.say(messages.held(live))
        return True

    def refresh_view(self) -> None:
        """Show the conductor's view; what is asked, and the plan that is shown, follow it."""
        super().refresh_view()
        self.renew_questions()

    def renew_questions(self) -> None:
        """Ask about what is now, with the estimates of now."""
        view = self.conductor.live
        if view is None or not self.is_attached:
            return
        if self.dialog is not None and self.dialog.is_current:
            self.dialog.renew(view)
        if isinstance(self.app.screen, PlanScreen):
            self.app.screen.renew(view)

    # -- running ----------------------------------------------------------------------------------------------------

    def action_resume(self) -> None:
        """Run what is not done."""
        if self._may_change():
            self.do(self.conductor.resume())

    def action_run_everything(self) -> None:
        """Run everything again, after a question."""
        if self._may_change():
            self.do(self._run_everything())

    async def _run_everything(self) -> None:
        if await self.conductor.ready() and self.view is not None:
            self._ask_then(lambda view: dialogs.run_all_dialog(view, self.names), RunRequest(fresh=True))

    def action_run_again(self) -> None:
        """Run the selected or marked tasks again; a question first if one is done."""
        if self._may_change() and self.table.chosen:
            self.do(self._run_again(self.table.chosen, self.table.hidden_marks))

    async def _run_again(self, names: list[str], hidden: int) -> None:
        if not await self.conductor.ready() or self.view is None:
            return
        chosen = [self.view.tasks[name] for name in names if name in self.view.tasks]
        names = [task.name for task in chosen]
        request = RunRequest(force=names, start_from=names)
        if any(task.state in DONE_STATES for task in chosen):
            self._ask_then(lambda view: self._about_done(view, names, hidden), request)
        elif chosen:
            await self.conductor.start(request)

    def _about_done(self, view: RunView, names: list[str], hidden: int) -> dialogs.DialogSpec | None:
        chosen = [view.tasks[name] for name in names if name in view.tasks]
        done = any(task.state in DONE_STATES for task in chosen)
        if not done or len(chosen) != len(names):
            return None
        return dialogs.run_again_dialog(view, chosen, hidden, self.names)

    def action_auto(self) -> None:
        """Run on every save, or not any more."""
        self.auto = self.watching and not self.auto
        self.say(messages.auto(on=self.auto, watching=self.watching))

    def run_on_save(self) -> None:
        """Something was saved: run what is to be run, if that is wanted and nothing stands in the way."""
        view = self.conductor.live
        free = self.dialog is None and self.conductor.past is None and not self.conductor.running
        if not self.auto or not free or view is None or self.conductor.problem is not None or view.holder is not None:
            return
        if self.rung is Rung.GROUND and (view.to_run or view.maybe):
            self.do(self.conductor.start(RunRequest()))

    def action_plan(self) -> None:
        """Show what a run would do, and why."""
        live = self.conductor.live
        if live is not None and live.holder is not None and self.conductor.past is None:
            self.do(self._look_at_plan(self.conductor.refresh))  # looking is no harm
        elif self._may_change():
            self.do(self._look_at_plan(self.conductor.ready))

    async def _look_at_plan(self, made_current: Callable[[], Awaitable[object]]) -> None:
        if await made_current():
            self._show_plan()

    def _show_plan(self, *, changed: bool = False) -> None:
        view = self.conductor.live
        if view is None:
            return

        page = PlanScreen(view, self.names, changed=changed)

        def answered(wanted: bool | None) -> None:
            self.focus_home()
            if wanted:
                self.do(self._run_plan(page.view.plan))

        self.app.push_screen(page, answered)

    async def _run_plan(self, plan: Plan) -> None:
        """Run what was looked at; if a run would do something else by now, show that."""
        if not await self.conductor.ready() or self.conductor.live is None:
            return
        if self.conductor.live.plan != plan:
            self._show_plan(changed=True)
        else:
            await self.conductor.resume()

    def action_stop(self) -> None:
        """Start no further task; pressed again, stop at once after a question."""
        view = self.view
        if not self.conductor.running or view is None:
            self._nothing_to_stop()
        elif view.stopping:
            self.action_stop_now()
        else:
            self.conductor.stop()
            self.say(messages.stopping(view))

    def action_stop_now(self) -> None:
        """Give up what runs, after a question."""
        if not self.conductor.running or self.view is None:
            self._nothing_to_stop()
        else:
            dialog = Dialog(self._about_stopping(self.view), self.names)
            dialog.renewed = lambda view: self._about_stopping(view) if view.running else None
            self._ask(dialog, self._stop_at_once)

    def _about_stopping(self, view: RunView) -> dialogs.DialogSpec:
        return dialogs.stop_dialog(view, self.names, isolated=self.conductor.session.isolated)

    def _nothing_to_stop(self) -> None:
        if not self._is_watched():
            self.say(messages.nothing_runs())

    def _stop_at_once(self, answer: str) -> None:
        if answer == "yes":
            self.conductor.stop()
            self.conductor.session.cancel()

    # -- dialogs ----------------------------------------------------------------------------------------------------

    def _ask(self, dialog: Dialog, then: Callable[[str], None]) -> None:
        """Ask something; what follows gets the answer, "" where nothing is to change."""

        def answered(answer: str | None) -> None:
            if self.dialog is dialog:
                self.dialog = None
            self.focus_home()
            if dialog.over and not self._is_watched():
                self.say(messages.question_over())
            self.refresh_lines()
            then(answer or "")

        # At once, and not in a worker: the next key may already be its answer.
        self.dialog = dialog
        self.app.push_screen(dialog, answered)
        self.refresh_lines()

    def _ask_then(self, about: Callable[[RunView], dialogs.DialogSpec | None], request: RunRequest) -> None:
        """Ask whether a run is to begin; what is asked about is looked at anew when it may be other by now."""
        spec = None if self.view is None else about(self.view)
        if spec is not None:
            dialog = Dialog(spec, self.names)
            dialog.renewed = lambda view: None if view.going_on or view.holder is not None else about(view)
            self._ask(dialog, lambda answer: self.do(self.conductor.start(request)) if answer == "yes" else None)

    # -- clearing ---------------------------------------------------------------------------------------------------

    def action_clear(self) -> None:
        """Forget results, by scope."""
        if self._may_change() and self.view is not None and self.table.chosen:
            dialog = ClearDialog(self.view, self.table.chosen, self.table.hidden_marks, self.refresh_lines, self.names)
            self._ask(dialog, lambda answer: self._clear(dialog.names) if answer == "clear" else None)

    def _clear(self, names: list[str]) -> None:
        self.table.unmark()
        self.do(self.conductor.clear(names))

    def action_undo(self) -> None:
        """Undo the last clear."""
        if self._may_change() and self.view is not None:
            self.do(self.conductor.undo())

    # -- leaving ----------------------------------------------------------------------------------------------------

    def leave(self, *, whole: bool = False) -> None:
        """One more rung of the ladder: ask, finish what runs and leave, leave at once.

        Args:
            whole: for good, and not only to the list that this was opened from.
        """
        self.whole = self.whole or whole
        self.rung = climb(self.rung, running=self.conductor.running)
        if self.rung is Rung.ASKED and self.view is not None:
            dialog = Dialog(self._about_leaving(self.view), self.names)
            dialog.renewed = lambda view: self._about_leaving(view) if self.conductor.running else None
            self._ask(dialog, self._asked_to_quit)
        elif self.rung is Rung.FINISHING:
            self._finish()
        else:
            self.beside(self.leave_now(_LEAVE_SECONDS))

    def _about_leaving(self, view: RunView) -> dialogs.DialogSpec:
        word = "leave" if self.inside and not self.whole else "quit"
        return dialogs.quit_dialog(view, self.clock(), self.names, word=word)

    def _asked_to_quit(self, answer: str) -> None:
        if answer == "now":
            self.beside(self.leave_now(_LEAVE_SECONDS))
        elif answer == "finish":
            self.rung = Rung.FINISHING
            self._finish()
        elif self.rung is Rung.ASKED:
            self.rung, self.whole = Rung.GROUND, False
            if not self.conductor.running:
                self.say(messages.ended_while_asked())

    def _finish(self) -> None:
        """Leave when what runs has finished."""
        if self.dialog is not None and self.dialog.is_current:
            self.dialog.dismiss("finish")
        elif not self.conductor.running:
            self.post_left()
        else:
            self.say(None)
            self.conductor.stop(quitting=True)

    def finish_at_once(self, seconds: float) -> None:
        """Nobody can be asked: start nothing more, and leave when what runs has finished; it has so many seconds."""
        self.rung, self.whole = Rung.FINISHING, True
        if self.dialog is not None and self.dialog.is_current:
            self.dialog.dismiss("")
        elif self.app.screen is not self:
            self.app.pop_screen()
        self.conductor.stop(quitting=True)
        self.say(messages.asked_to_end(seconds))

    async def leave_now(self, seconds: float) -> None:
        """Leave; what runs is given up, and the rest saved, for at most some seconds."""
        if self.conductor.running:
            await self.conductor.leave(seconds)
            self.conductor.drain()
        self.post_left()

    def post_left(self) -> None:
        """Say that nothing holds anybody here."""
        self.post_message(self.Left(whole=self.whole))
