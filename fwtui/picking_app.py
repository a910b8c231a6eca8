"""The dashboard behind a list: a workflow is picked, looked at and run, and the list is there again."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from fwtui.background import in_thread
from fwtui.dashboard_app import DashboardApp
from fwtui.leaving import close
from fwtui.model import messages
from fwtui.model.picker import Candidate
from fwtui.model.verdict import Ending
from fwtui.screens.dashboard import Dashboard
from fwtui.screens.picker import Picker
from fwtui.session.folder import Workflows
from fwtui.session.port import LoadProblem, SessionPort, SeveralWorkflows

__all__ = ["PickingApp"]


class PickingApp(DashboardApp):
    """A list of workflows, and the dashboard of the one that was picked.

    Args:
        session: the workflow to open at once; None to begin with the list.
        workflows: what is in the list, or in that of a file which turns out to have several; None for no list at all.
        run_at_start: a run starts as soon as the first workflow is loaded, whether it was named or picked.
        options: those of the dashboard.

    Attributes:
        endings: how the last run of each session ended that the person has gone back from, in order.
        left_code: the exit code of the last of them, 0 if there was none.
        left_behind: threads of theirs may be stuck in tasks.
    """

    def __init__(
        self,
        session: SessionPort | None,
        workflows: Workflows | None = None,
        *,
        run_at_start: bool = False,
        **options: Any,
    ) -> None:
        super().__init__(session, run_at_start=run_at_start, **options)
        self._run_at_start = run_at_start
        self.endings: list[Ending] = []
        self.left_code = 0
        self.left_behind = False
        self._workflows = workflows
        self._pickers: list[Picker] = []
        self._picked: Candidate | None = None
        self._being_closed: asyncio.Future[None] | None = None
        if session is None and workflows is not None:
            self._pickers.append(Picker(workflows, self._clock, self.names))

    @property
    def front(self) -> Dashboard | Picker:
        """The dashboard, if one is open, else the list."""
        return self.dashboard or self._pickers[-1]

    # -- to a workflow ----------------------------------------------------------------------------------------------

    def on_picker_picked(self, event: Picker.Picked) -> None:
        """Open a workflow."""
        self.run_worker(self._open(event.candidate), exit_on_error=True)

    async def _open(self, candidate: Candidate) -> None:
        picker = self._pickers[-1]
        if self._being_closed is not None:
            # What was open before takes its modules out of the process: two files may have one name.
            await self._being_closed
        session = await in_thread(picker.workflows.open, candidate)
        self._picked = candidate
        board = self.take(session, run_at_start=self._run_at_start)
        self._run_at_start = False
        board.inside = True
        picker.busy = False
        self.push_screen(board)

    def asks_which(self, problem: LoadProblem | None) -> bool:
        """Ask, if the file has several workflows and none was named."""
        if self._workflows is None or not isinstance(problem, SeveralWorkflows) or problem.path is None:
            return False
        self._close()
        self._pickers.append(
            Picker(self._workflows.of_file(Path(problem.path), problem.names), self._clock, self.names)
        )
        self._pop_to(self._pickers[-2] if len(self._pickers) > 1 else None)
        self.push_screen(self._pickers[-1])
        return True

    # -- and back ---------------------------------------------------------------------------------------------------

    def board_left(self, *, whole: bool) -> None:
        """Go back to the list; without one, or for good, leave."""
        if whole or not self._pickers:
            self.exit()
        elif self.dashboard is not None:
            self._go_back()

    def give_up(self, why: str) -> None:
        """The state cannot be used: say so in the list; without one, leave."""
        if self._pickers:
            self._go_back()
            self._pickers[-1].say(messages.refused(why))
        else:
            super().give_up(why)

    def _go_back(self) -> None:
        problem = None if self.session is None else self.session.problem
        self._close()
        picker = self._pickers[-1]
        self._pop_to(picker)
        if self._picked is not None:
            picker.came_back(self._picked.key, "" if problem is None else _told(problem))

    def _close(self) -> None:
        """Close what is open, beside the list, and remember how its last run ended."""
        session = self.session
        if session is None:
            return
        ending = session.ending()
        if ending is not None:
            self.endings.append(ending)
            self.left_code = session.exit_code
        self.liking.let_go()
        self.left_behind = self.left_behind or session.running or bool(session.threads_left)
        self.session = self.dashboard = None
        self._being_closed = asyncio.ensure_future(in_thread(close, session))

    def _pop_to(self, screen: Picker | None) -> None:
        while len(self.screen_stack) > 1 and self.screen is not screen:
            self.pop_screen()

    def on_picker_left(self, event: Picker.Left) -> None:
        """Go back to the list that this one was opened from; from the first, or for good, leave."""
        if event.whole or len(self._pickers) == 1:
            self.exit()
        else:
            self._pickers.pop()
            self._pop_to(self._pickers[-1])
            self._pickers[-1].read()


def _told(problem: LoadProblem) -> str:
    """Return why a file does not load; the file itself is named beside it."""
    return f"line {problem.line}, {problem.text}" if problem.line else problem.text
