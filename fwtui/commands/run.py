"""``fwtui run``: a run from its first line to its exit code, without a screen."""

from __future__ import annotations

import os
import sys
import time
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from flowweaver.events import Event, TaskWriting
from fwtui.afterwards import hand_over
from fwtui.commands.problems import naming_the_run
from fwtui.headless import (
    Display,
    JsonDisplay,
    PlainDisplay,
    RawLine,
    Sayer,
    stopping_notice,
)
from fwtui.model.verdict import verdict_text
from fwtui.session.project import Project
from fwtui.session.rawoutput import RawOutput
from fwtui.session.session import Session
from fwtui.session.settings import Settings
from fwtui.signals import Ladder, Stopped
from fwtui.standard import complain, end_at_once
from fwtui.streams import SteadyStream, ascii_only

if TYPE_CHECKING:
    from fwtui.model.views import RunView

__all__ = ["run_headless"]

_TICK = 0.05
"""Seconds between two looks at what has come."""

_BATCH = 2_000
_BACKLOG = 20_000
"""Items that wait to be shown before whoever writes past the tasks has to wait, too."""

Item = Event | RawLine


def run_headless(project: Project, settings: Settings, *, output: str) -> int:
    """Run a workflow and return the exit code.

    Args:
        project: the file and where its state is.
        settings: what the command line says.
        output: "text" or "json".

    Raises:
        LoadProblem: the file does not load.
        FlowWeaverError: the run is refused, or the state cannot be used.
        Unwritable: the run has ended, and not all of what was said of it could be written.
    """
    headless = _Headless(project, settings, output)
    with Ladder() as ladder:
        try:
            code = headless.run(ladder)
        except (Stopped, Exception) as error:
            # Before anything ran; click would make 130 of every signal, and the file may have made another error of it.
            if not ladder.ended_before and not isinstance(error, Stopped):
                raise
            complain("interrupted; nothing was running")
            return ladder.code
        if headless.leaves:
            # Threads that are stuck in a task, and what they started, must not hold up the end of the process.
            end_at_once(code)
    headless.check_output(code)
    return code


class _Headless:
    def __init__(self, project: Project, settings: Settings, output: str) -> None:
        self._items: SimpleQueue[Item] = SimpleQueue()
        self._output = output
        self._clock = time.time
        self._out = SteadyStream(sys.stdout)
        self.leaves = False
        self.session = Session(project, settings, on_event=self._take, one_run=True, clock=self._clock)

    def run(self, ladder: Ladder) -> int:
        """Load, run, show, and return the exit code."""
        session = self.session
        with RawOutput(self._take_raw) as raw:
            out = self._out = SteadyStream(raw.out)
            loaded = session.file
            display = self._display(out)
            if loaded.hint:
                self._say(loaded.hint)
            for line in loaded.output.splitlines():
                self._items.put(RawLine(loaded.loaded_at, line, session.project.file.name))
            try:
                ladder.hold()
                with naming_the_run(session):
                    session.start()
                ladder.guard(session, lambda: self._say(stopping_notice(hint=ladder.code == 130)))
                self._show_until_the_end(display)
                self.leaves = ladder.left or bool(session.threads_left)
                # A thread that is left behind in a task may go on writing until the process has ended: only once that
                # leads nowhere is what waits to be shown all there is.
                raw.close(silence=True) if self.leaves else raw.give_all()
                for _ in range(self._items.qsize() // _BATCH + 1):
                    display.show(self._waiting(), self._clock())
            except BaseException:
                display.close("")
                session.close()
                raise
            ending = session.ending()
            display.close("" if ending is None else verdict_text(ending, ascii_only=ascii_only(out)))
            session.close()
            hand_over(raw)
            # A signal that came after the last task changes nothing.
            done = ending is not None and ending.outcome == "completed"
            return 0 if done else ladder.code or session.exit_code

    def check_output(self, code: int) -> None:
        """Tell, now that the run has ended, if what was said of it could not be written.

        Raises:
            Unwritable: with this exit code, or 1 for 0.
        """
        self._out.check(code or 1)

    def _display(self, out: SteadyStream) -> Display:
        if self._output == "json":
            return JsonDisplay(out)
        file = self.session.file
        sayer = Sayer(file.name, {task.name: task.retries + 1 for task in file.tasks})
        if out.isatty() and os.environ.get("TERM", "dumb") != "dumb":
            from fwtui.headless_live import LiveDisplay

            return LiveDisplay(sayer, out, self._view())
        return PlainDisplay(sayer, out)

    def _view(self) -> RunView:
        from fwtui.model.views import idle_view

        return idle_view(self.session.open())

    # -- showing ----------------------------------------------------------------------------------------------------

    def _say(self, text: str) -> None:
        self._items.put(RawLine(self._clock(), text, "fwtui"))

    def _take(self, event: Event) -> None:
        if not isinstance(event, TaskWriting):  # a line is said when it has its end
            self._items.put(event)

    def _take_raw(self, text: str) -> None:
        while self._items.qsize() > _BACKLOG and self.session.running:
            time.sleep(0.01)
        self._items.put(RawLine(self._clock(), text))

    def _show_until_the_end(self, display: Display) -> None:
        while self.session.running:
            items = self._waiting()
            display.show(items, self._clock())
            # Not woken by every fact: whoever shows takes the interpreter from those who work.
            if len(items) < _BATCH:
                self.session.wait(_TICK)

    def _waiting(self) -> list[Item]:
        items: list[Item] = []
        while len(items) < _BATCH:
            try:
                items.append(self._items.get_nowait())
            except Empty:
                break
        return items
