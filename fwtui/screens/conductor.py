"""What is asked of a session, and the view that follows from its answers. No widgets: what is, not how it looks.

Every blocking call is made in a thread, one after the other; keys that ask for more meanwhile wait for it.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from flowweaver.errors import FlowWeaverError, StateLockedError
from flowweaver.events import Event, TaskWriting
from flowweaver.records import AttemptRecord, LogLine
from fwtui.background import in_thread
from fwtui.model import messages
from fwtui.model.folding import fold
from fwtui.model.frames import Excerpt, own_frames, users_frames
from fwtui.model.logbook import Logbook
from fwtui.model.logtext import wants_error
from fwtui.model.messages import Message
from fwtui.model.noticed import noticed
from fwtui.model.runs_past import view_of_run
from fwtui.model.stacktext import Sighting
from fwtui.model.text import visible
from fwtui.model.views import RunView, TaskView, idle_view
from fwtui.pauses import let_go_of_what_was_loaded
from fwtui.screens.sources import read_excerpts, read_frames
from fwtui.session.port import LoadProblem, Picture, Reload, RunRequest, SessionPort

__all__ = ["Conductor"]

T = TypeVar("T")


class Conductor:
    """A session as a screen needs it.

    Args:
        session: the session; nothing else calls it.
        clock: seconds since the epoch.
        changed: called when there is another view.
        say: called with what is to be said on the message line; None takes back what was said.

    Attributes:
        live: the workflow as it is now; None before it was loaded once.
        past: an old run that is shown in its place, read-only.
        edited: the file was saved during the run that goes on.
        fatal: why the state cannot be used; nothing is to be shown then.
    """

    def __init__(
        self,
        session: SessionPort,
        clock: Callable[[], float],
        changed: Callable[[], None],
        say: Callable[[Message | None], None],
    ) -> None:
        self.session = session
        self._clock = clock
        self._changed = changed
        self._say = say
        self._one_at_a_time = asyncio.Lock()
        self._starting = False
        self._pictures = 0
        self._excerpts: dict[tuple[str, int | None, int], list[Excerpt]] = {}
        self.live: RunView | None = None
        self.past: RunView | None = None
        self._cleared: tuple[float, list[str]] = (0.0, [])
        self.edited = False
        self.fatal: FlowWeaverError | None = None
        self.logbook = Logbook()

    @property
    def view(self) -> RunView | None:
        """What is shown: the workflow as it is now, or an old run."""
        return self.past or self.live

    @property
    def problem(self) -> LoadProblem | None:
        """Why the file on disk does not load."""
        return self.session.problem

    @property
    def running(self) -> bool:
        """A run of this session goes on, or is being started."""
        return self._starting or self.session.running or (self.live is not None and self.live.running)

    @property
    def why_not(self) -> str:
        """Why nothing can be changed, "" if it can: an old run is shown, or another process has the workflow."""
        if self.past is not None and self.past.run is not None:
            return messages.past_run(self.past.run).text
        return messages.held(self.live).text if self.live is not None and self.live.holder is not None else ""

    async def _call(self, function: Callable[..., T], *args: Any, **options: Any) -> T:
        async with self._one_at_a_time:
            return await in_thread(function, *args, **options)

    async def _picture(self, function: Callable[..., T]) -> T:
        """Call what makes a picture; events that come meanwhile wait, for they are told on top of it."""
        self._pictures += 1
        try:
            return await self._call(function)
        finally:
            self._pictures -= 1

    def _show(self, view: RunView) -> None:
        before, self.live = self.live, view
        if view.followed and not (before is not None and before.followed and _same_run(before, view)):
            # What its tasks in flight have written so far has come, too; whoever shows a log finds it in the book.
            self.logbook.clear()
            self._take_events()
            self.live = replace(self.live, changed=view.changed)
        self._changed()

    # -- opening and saving -----------------------------------------------------------------------------------------

    async def open(self) -> None:
        """Load the file and the state of its last run."""
        try:
            hint, view = await self._picture(self._open)
        except LoadProblem:
            self._changed()
            return
        except FlowWeaverError as error:
            self.fatal = error
            self._changed()
            return
        self._show(view)
        if hint:
            self._say(messages.note(visible(hint)))
        elif view.run is not None and view.run.outcome == "interrupted":
            self._say(messages.interrupted(view))
        elif view.plan.warnings:
            self._say(messages.warned(view.plan.warnings))
        elif view.run is None and not view.records and view.total:
            self._say(messages.never_ran(view.total))

    def _open(self) -> tuple[str, RunView]:
        picture = self.session.open()
        return picture.hint, self._idle(picture)

    def _idle(self, picture: Picture, *, after: RunView | None = None) -> RunView:
        return idle_view(picture, after=after, threads_left=self.session.threads_left)

    async def check_disk(self) -> bool:
        """Take what was saved, if anything, and say what it means; return whether anything was."""
        try:
            reload, view = await self._picture(self._reload)
        except FlowWeaverError as error:
            self._say(messages.refused(str(error)))
            return False
        if reload is None:
            return False
        self._take(reload, view)
        return True

    def _reload(self) -> tuple[Reload | None, RunView | None]:
        reload = self.session.check_disk()
        if reload is None or reload.picture is None:
            return reload, None
        let_go_of_what_was_loaded()
        return reload, self._idle(reload.picture)

    def _take(self, reload: Reload, view: RunView | None) -> None:
        if reload.during_run:
            self.edited = True
            self._changed()
            if reload.problem is None:
                self._say(messages.saved_in_run(reload.file, reload.time))
            return
        if view is None:
            self._say(None)  # what was said is of an earlier version; why this one does not load is to be seen
            self._changed()
            return
        before = self.live
        self._show(view)
        if before is None:
            return
        unheard = [text for text in view.plan.warnings if text not in before.plan.warnings]
        if unheard:
            said = messages.warned(unheard)
        elif reload.added or reload.removed:
            said = messages.graph_edited(view, reload.file, reload.time, len(reload.added), len(reload.removed))
        else:
            said = messages.saved(view, reload.file, reload.time, reload.affected)
        self._say(said)

    async def refresh(self) -> RunView | None:
        """Look at the store again; return what was shown before if that could be done."""
        watched = self.live if self.live is not None and self.live.followed else None
        try:
            view = await self._picture(lambda: self._idle(self.session.refresh(), after=watched))
        except (LoadProblem, FlowWeaverError) as error:
            self._say(messages.refused(str(error)))
            return None
        before = self.live
        self._show(view)
        return before

    async def look_again(self) -> None:
        """What is shown holds no more, and not by what this session did: look, and say what has happened."""
        before = await self.refresh()
        if before is None or self.live is None:
            return
        if before.followed and not self.live.followed:
            self.logbook.clear()
            self.edited = False
        if self.live.followed and not before.followed:
            self._say(None)
        said = noticed(before, self.live)
        if said is not None:
            self._say(said)
        if before.followed and not self.live.followed:
            await self.check_disk()

    # -- running ----------------------------------------------------------------------------------------------------

    async def ready(self) -> bool:
        """Load what is newer on disk; return whether a run may start on it, and say why not."""
        if self.running:
            self._say(messages.run_goes_on())
            return False
        if not await self.check_disk() and self.problem is None:
            await self.refresh()
        problem = self.problem
        if problem is not None:
            self._say(messages.not_started(problem.file, problem.line))
            return False
        view = self.live
        if view is not None and view.holder is not None:
            self._say(messages.held(view))
            return False
        return view is not None

    async def resume(self) -> None:
        """Run what is not done; if nothing is to be done, say so."""
        if not await self.ready() or self.view is None:
            return
        if not self.view.to_run and not self.view.maybe:
            self._say(messages.nothing_to_do(self.view))
            return
        await self.start(RunRequest())

    async def start(self, request: RunRequest) -> None:
        """Start a run, or say why it is refused."""
        self._starting = True
        left = self.session.threads_left
        try:
            await self._call(self.session.start, request)
        except LoadProblem as problem:
            self._say(messages.not_started(problem.file, problem.line))
        except StateLockedError as error:
            await self.refresh()
            if self.live is None or not self.live.followed:
                self._say(messages.refused(str(error)))
        except FlowWeaverError as error:
            await self.refresh()
            self._say(messages.refused(str(error)))
        else:
            self.edited = False
            self._say(messages.beside(left) if left else None)
        finally:
            self._starting = False
            self._changed()

    def drain(self) -> list[Event]:
        """Take the events that have come, and the view they lead to."""
        if self._pictures and not self.session.running:
            return []
        return self._take_events()

    def _take_events(self) -> list[Event]:
        events = self.session.drain()
        if events and self.live is not None:
            self.logbook.take(events)
            self.live = fold(self.live, events)
        return events

    async def after_run(self) -> None:
        """Take the state that a run left, and what was saved while it went on."""
        await self._call(self.session.wait, 5.0)
        ended = self.live
        try:
            view = await self._picture(lambda: self._idle(self.session.refresh(), after=ended))
        except (LoadProblem, FlowWeaverError) as error:
            self._say(messages.refused(str(error)))
            return
        self.logbook.clear()
        if self.live is not None and self.live.quitting:
            view = replace(view, quitting=True)
        self.edited = False
        self._show(view)
        await self.check_disk()

    def stop(self, *, quitting: bool = False) -> None:
        """Start no further task."""
        self.session.stop()
        if self.live is not None:
            quits = quitting or self.live.quitting
            changed = self.live.in_flight
            self._show(replace(self.live, stopping=True, quitting=quits, changed=changed))

    async def leave(self, seconds: float) -> None:
        """Give up what runs, and wait for the state to be saved, but not for longer than ``seconds``."""
        self.session.cancel()
        await in_thread(self.session.wait, seconds)

    async def open_run(self, run_id: int) -> bool:
        """Show an old run; return whether that is what is shown. The newest one is what is shown without any."""
        live = self.live
        if live is None or (live.run is not None and live.run.run_id == run_id):
            self.leave_run()
            return False
        run = next((each for each in live.runs if each.run_id == run_id), None)
        if run is None:
            return False
        try:
            attempts = await self._call(self.session.attempts_of_run, run_id)
        except (LoadProblem, FlowWeaverError) as error:
            self._say(messages.refused(str(error)))
            return False
        self.past = view_of_run(live, run, attempts)
        self._changed()
        return True

    def leave_run(self) -> None:
        """Show the workflow as it is now."""
        if self.past is not None and self.live is not None:
            self.past = None
            self._show(replace(self.live, changed=frozenset(self.live.tasks)))

    # -- what is stored ---------------------------------------------------------------------------------------------

    async def clear(self, names: Sequence[str]) -> None:
        """Forget tasks."""
        found = await self._change(self.session.clear, names)
        if found is not None:
            self._cleared = self._clock(), found
            self._say(messages.cleared([visible(name) for name in found]))

    async def undo(self) -> None:
        """Undo the last clear; of what was cleared here, say what is too late."""
        back = await self._change(self.session.undo_clear)
        if back is None or self.live is None:
            return
        since, cleared = self._cleared
        records = self.live.records
        ran = [name for name in cleared if name in records and (records[name].started_at or 0.0) >= since]
        self._cleared = since, ran
        self._say(messages.undone([visible(name) for name in back], [visible(name) for name in ran]))

    async def _change(self, call: Callable[..., list[str]], *args: Any) -> list[str] | None:
        """Change what is stored; return the tasks that it was about, None if it was refused."""
        try:
            names = await self._call(call, *args)
        except FlowWeaverError as error:
            await self.refresh()
            self._say(messages.refused(str(error)))
            return None
        await self.refresh()
        return names

    async def log(self, task: TaskView, attempt: int) -> list[LogLine]:
        """Return what an attempt of a task's last run wrote."""
        live = None if self.past is not None else self.logbook.lines(task.name, attempt)
        if live is not None:
            return live
        try:
            return await self._call(self.session.log, task.name, run_id=task.run_id, attempt=attempt or None)
        except (LoadProblem, FlowWeaverError) as error:
            self._say(messages.refused(str(error)))
            return []

    async def keep_copy(self, text: str) -> tuple[str, str]:
        """Keep what is copied in a file; return its path as shown, or "" and why it could not be written."""
        try:
            return await in_thread(self.session.keep_copy, text), ""
        except OSError as error:
            return "", error.strerror or type(error).__name__
        except FlowWeaverError as error:
            return "", str(error).split("\n", 1)[0]

    def unkept(self, task: str, attempt: int) -> TaskWriting | None:
        """Return what an attempt that goes on has written that is in no store."""
        return None if self.past is not None else self.logbook.unkept(task, attempt)

    async def sighting(self, task: TaskView) -> Sighting:
        """Return where a task that is being run is now."""
        # Not behind the other calls: whatever they wait for may be what somebody wants to know.
        return await in_thread(self._look, task, self._clock())

    def _look(self, task: TaskView, now: float) -> Sighting:
        frames = self.session.stack(task.name)
        excerpts = read_frames(own_frames(frames), now if task.started_at is None else task.started_at)
        return Sighting(task.title, now, task.started_at, frames, excerpts, os.getcwd())

    async def excerpts(self, task: TaskView, attempt: int) -> list[Excerpt]:
        """Return the user's frames of a failed attempt, as they were when they were first looked at."""
        found = next((one for one in self.attempts(task) if one.attempt == attempt), None)
        if found is None or found.traceback is None:
            return []
        key = (task.name, found.run_id, attempt)
        if key not in self._excerpts:
            self._excerpts[key] = await in_thread(read_excerpts, found)
        return self._excerpts[key]

    def failing_line(self, task: TaskView) -> tuple[str, int] | None:
        """Return file and line of the user's innermost frame of a task's last error, None if it has none."""
        if not wants_error(task):
            return None
        for attempt in reversed(self.attempts(task)):
            frames = users_frames(attempt.traceback)
            if frames:
                return frames[0].file, frames[0].line
        return None

    def attempts(self, task: TaskView) -> list[AttemptRecord]:
        """Return the attempts of the run that a task's state is from, the first first."""
        if self.view is None:
            return []
        found = self.view.attempts.get(task.name, ())
        return [attempt for attempt in found if task.run_id is None or attempt.run_id in (task.run_id, None)]


def _same_run(one: RunView, other: RunView) -> bool:
    return one.run is not None and other.run is not None and one.run.run_id == other.run.run_id
