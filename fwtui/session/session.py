"""One workflow of one file, open: everything that the dashboard and the commands do with it, without any screen."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from flowweaver.errors import WorkflowBusyError
from flowweaver.events import Event
from flowweaver.plan import Plan
from flowweaver.records import AttemptRecord, LogLine, RunRecord, TaskRecord
from flowweaver.tracebacks import Frame
from fwtui.model.verdict import Ending
from fwtui.session.archive import Archive, attempts_behind
from fwtui.session.ending import ending_of
from fwtui.session.loaded import Ask, Known, Loaded, LoadedFile, Outdated, Workers
from fwtui.session.loader import load
from fwtui.session.port import LoadProblem, Picture, Reload, RunRequest
from fwtui.session.private_file import write_private
from fwtui.session.project import Project, copy_file, make_state_folder, shown
from fwtui.session.recorder import Recorder
from fwtui.session.runner import Runner
from fwtui.session.selection import forced_names, merged, selected_names
from fwtui.session.settings import Settings
from fwtui.session.source import Source

if TYPE_CHECKING:
    from flowweaver.stores.sqlite_reader import SQLiteWorkflowState
    from fwtui.session.follower import Follower
    from fwtui.session.isolation.loaded import Isolation

__all__ = ["Session"]

_RESUME = RunRequest()
_RUNS_SHOWN = 200
_GRACE = 1.0
"""Seconds that running tasks get to end when the session is closed."""


class Session:
    """The implementation of :class:`fwtui.session.port.SessionPort`, for several threads at once.

    Whatever reads the state raises StateError where it cannot be used.

    Args:
        project: the workflow file and where its state is.
        settings: what the command line says.
        on_event: called with each event in the engine's threads; by default events only wait to be drained.
        one_run: a single run is started, and nothing is asked of the workflow after it.
        clock: seconds since the epoch.
    """

    def __init__(
        self,
        project: Project,
        settings: Settings | None = None,
        *,
        on_event: Callable[[Event], None] | None = None,
        one_run: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.project = project
        self.settings = settings or Settings()
        self._clock = clock
        self._isolation: Isolation | None = None
        if self.settings.isolate:
            from fwtui.session.isolation.loaded import Isolation

            self._isolation = Isolation(project, self.settings, one_run=one_run, clock=clock)
        self._source = Source(project.file, self._load if self._isolation is None else self._isolation.load)
        self._archive = Archive(project)
        self._runner = Runner(Workers(self.settings.executor, self.settings.workers), on_event)
        self._follower: Follower | None = None
        self._plan: Plan | None = None
        self._first = True
        # Several threads of a screen load, plan and start; events and stopping are not behind it.
        self._lock = threading.RLock()

    # -- what is open -----------------------------------------------------------------------------------------------

    @property
    def running(self) -> bool:
        """A run of this session goes on."""
        return self._runner.running

    @property
    def problem(self) -> LoadProblem | None:
        """Why the file on disk does not load, None if it does."""
        return self._source.problem

    @property
    def file(self) -> LoadedFile:
        """The file as it was last loaded; it is loaded now if it was not.

        Raises:
            LoadProblem: it does not load.
        """
        with self._lock:
            return self._source.loaded or self._source.load()

    @property
    def loaded(self) -> Loaded:
        """The same with its workflow, for who needs that itself.

        Raises:
            LoadProblem: it does not load.
            TypeError: its modules are not in this process.
        """
        file = self.file
        if not isinstance(file, Loaded):
            raise TypeError(f"{self.project.file} is loaded in another process")
        return file

    def _load(self, before: LoadedFile | None) -> LoadedFile:
        return load(
            self.project,
            name=self.settings.name,
            params=self.settings.params,
            replaces=before.imports if isinstance(before, Loaded) else None,
            clock=self._clock,
        )

    @property
    def _name(self) -> str:
        return self.file.name

    @property
    def target(self) -> str:
        """The file, and the workflow's name if the command line gave one, as it is named in a command."""
        return shown(self.project.file) + (f":{self.settings.name}" if self.settings.name else "")

    def open(self) -> Picture:
        """Load the file and return the picture.

        Raises:
            LoadProblem: it does not load.
        """
        return self.refresh()

    # -- pictures and plans -----------------------------------------------------------------------------------------

    def refresh(self) -> Picture:
        """Return the picture of now, from the store, without loading anything that is loaded.

        Raises:
            LoadProblem: nothing was loaded yet, and it does not load.
        """
        with self._lock:
            loaded, follower = self.file, self._follower
            mark = None if follower is None else follower.mark(loaded.name, loaded.tasks)
            picture = self._picture(loaded)
            self._plan = picture.plan
            if follower is not None and mark is not None and not self.running:
                follower.based(picture, mark)
            return picture

    def _picture(self, loaded: LoadedFile) -> Picture:
        state = self._archive.of(self._name)
        records = {} if state is None else state.records()
        bare = Picture(
            workflow=loaded.name,
            file=shown(self.project.file),
            tasks=loaded.tasks,
            plan=self._plan_for(_RESUME, records, state),
            loaded_at=loaded.loaded_at,
            params=loaded.shown_params,
            hint=loaded.hint,
            printed=tuple(loaded.output.splitlines()),
        )
        if state is None:
            return bare
        return replace(
            bare,
            records=records,
            runs=tuple(state.runs(_RUNS_SHOWN)),
            attempts=attempts_behind(state, records),
            durations=state.durations(),
            holder=None if self.running else state.holder(),
            undoable=tuple(state.restorable()),
        )

    def plan(self, request: RunRequest = _RESUME) -> Plan:
        """Return what a run would do now.

        Raises:
            LoadProblem: the file does not load.
            DefinitionError: the request names what is not there.
        """
        with self._lock:
            state = self._archive.of(self._name)
            return self._plan_for(request, {} if state is None else state.records(), state)

    def _plan_for(
        self, request: RunRequest, records: Mapping[str, TaskRecord], state: SQLiteWorkflowState | None
    ) -> Plan:
        running_in = None if state is None else state.running_in()
        known = Known(records, self._clock(), self._archive.keeps(), running_in)
        return self.file.plan(self.ask(request), known)

    def ask(self, request: RunRequest = _RESUME) -> Ask:
        """Return what a run is asked to do: the request, what the command line said, and names in place of globs.

        Raises:
            LoadProblem: the file does not load.
            UnknownTaskError: the request names what is not there.
        """
        with self._lock:
            wanted = merged(request, self.settings.request, first=self._first)
            edges = {task.name: task.deps for task in self.file.tasks}
            last = self._archive.last_run(self._name) if wanted.continue_or_new else None
            unfinished = last is not None and last.unfinished
            return Ask(
                resume=not (wanted.fresh or (wanted.continue_or_new and not unfinished)),
                only=selected_names(edges, wanted),
                force=forced_names(edges, wanted.force),
                keep_going=wanted.keep_going,
            )

    # -- what others do ----------------------------------------------------------------------------------------------

    def follow(self, on_change: Callable[[], None], *, files: bool = True) -> None:
        """Call back, from another thread, whenever the last picture holds no more, and tell of another's run."""
        from fwtui.session.follower import Follower  # commands follow nothing

        with self._lock:
            self._follower = Follower(self._archive, self._lock, on_change, files=files)

    @property
    def _goes_on(self) -> bool:
        """A run goes on, of this session or of another process."""
        return self.running or (self._follower is not None and self._follower.following)

    def _look_away(self) -> None:
        """This session changes the state itself: what is seen of that until the next picture says nothing."""
        if self._follower is not None:
            self._follower.suspend()

    # -- what a save does -------------------------------------------------------------------------------------------

    def watch(self, on_change: Callable[[], None]) -> None:
        """Call back, from another thread, whenever source files were saved."""
        with self._lock:
            self._source.watch(on_change)

    def check_disk(self) -> Reload | None:
        """Load what is newer on disk than what is loaded, if anything; during a run it is only compiled."""
        with self._lock:
            source = self._source
            changed = source.changed()
            # A file that did not load may load now although it is the same: a module that it misses may be there.
            if not changed and (source.problem is None or self._goes_on):
                return None
            saved = shown(self.project.file if self.project.file in changed or not changed else min(changed))
            if self._goes_on:
                if not source.not_compiled(changed):
                    return None
                source.compile(changed)
                return Reload(saved, self._clock(), problem=source.problem, during_run=True)
            return self._reload(saved)

    def _reload(self, saved: str) -> Reload:
        old, old_plan = self._source.loaded, self._plan
        try:
            self._source.load()
        except LoadProblem as problem:
            return Reload(saved, self._clock(), problem=problem)
        picture = self.refresh()
        names = [task.name for task in picture.tasks]
        before = names if old is None else [task.name for task in old.tasks]
        return Reload(
            saved,
            self._clock(),
            picture=picture,
            added=tuple(name for name in names if name not in before),
            removed=tuple(name for name in before if name not in names),
            affected=_affected(old_plan, picture.plan),
        )

    # -- running ----------------------------------------------------------------------------------------------------

    def start(self, request: RunRequest = _RESUME) -> None:
        """Start a run in the background, on what is on disk now.

        Raises:
            LoadProblem: the file does not load; nothing started.
            StateLockedError: another process runs this workflow.
            FlowWeaverError: anything else that is refused before a task starts.
        """
        with self._lock:
            if self.running:
                raise WorkflowBusyError("A run is going on", workflow_name=self._name)
            self._look_away()
            while True:
                loaded = self._source.latest()
                try:
                    self._runner.start(loaded, self.ask(request))
                except Outdated:
                    continue  # it was saved while its process was being started
                break
            self._first = False

    def stop(self) -> None:
        """Start no further task; what runs may finish."""
        self._runner.stop()

    def cancel(self, grace: float = _GRACE) -> None:
        """Give up what runs, too, after ``grace`` seconds."""
        self._runner.cancel(grace)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the end of the run; return whether it has ended."""
        return self._runner.wait(timeout)

    def drain(self) -> list[Event]:
        """Take the events that have come since the last call, of a run of this session or of one that is followed."""
        events = self._runner.drain()
        return events if self._follower is None else [*events, *self._follower.drain()]

    def stack(self, task: str) -> list[Frame]:
        """Return where a task that is being run is now: its frames, outermost first; none if it is nowhere."""
        return self._runner.stack(task)

    @property
    def exit_code(self) -> int:
        """The exit code of the last run of this session that has ended, 0 if none has."""
        return self._runner.exit_code

    @property
    def threads_left(self) -> tuple[str, ...]:
        """The tasks that a run gave up while a thread of this process is still in them, one for each thread."""
        return self._runner.threads_left

    @property
    def isolated(self) -> bool:
        """Runs have processes of their own."""
        return self._isolation is not None

    def recorder(self) -> Recorder:
        """Return a listener from which ``ending`` will tell, for who runs the workflow by himself."""
        self._runner.recorder = Recorder()
        return self._runner.recorder

    def ending(self) -> Ending | None:
        """Return how the last run of this session ended, None if none has."""
        loaded = self._source.loaded
        if loaded is None:
            return None
        return ending_of(
            self._runner.recorder,
            attempts={task.name: task.retries + 1 for task in loaded.tasks},
            belongs=loaded.belongs,
            target=self.target,
            options=self.settings.command,
            state=() if self.project.own_state else ("--state", shown(self.project.state)),
            threads_left=self.threads_left,
        )

    # -- what is stored ---------------------------------------------------------------------------------------------

    def holder(self) -> str | None:
        """Return who holds the state now, in another process ("process 4711 on lab-3, since 10:02"), None if nobody."""
        with self._lock:
            state = self._archive.of(self._name)
            return None if state is None or self.running else state.holder()

    def last_run(self) -> RunRecord | None:
        """Return the latest run, None if there was none."""
        with self._lock:
            return self._archive.last_run(self._name)

    def runs(self, limit: int | None = None) -> list[RunRecord]:
        """Return the latest runs, the newest first; all that are remembered without a limit."""
        with self._lock:
            return self._archive.runs(self._name, limit)

    def attempts(self, task: str, run_id: int | None = None) -> list[AttemptRecord]:
        """Return the attempts of a task in a run, or in all of them, the first first."""
        with self._lock:
            return self._archive.attempts(self._name, task, run_id)

    def attempts_of_run(self, run_id: int) -> list[AttemptRecord]:
        """Return all attempts of a run, in the order in which they began."""
        with self._lock:
            return self._archive.attempts_of_run(self._name, run_id)

    def log(self, task: str, *, run_id: int | None = None, attempt: int | None = None) -> list[LogLine]:
        """Return what an attempt wrote; by default the attempt whose result or error is recorded."""
        with self._lock:
            return self._archive.log(self._name, task, run_id, attempt)

    def result(self, task: str) -> Any:
        """Return the stored result of a task. A pickle is opened only if this user signed it.

        Raises:
            ResultUnavailable: it cannot be had.
        """
        with self._lock:
            return self._archive.result(self._name, task)

    def keep_copy(self, text: str) -> str:
        """Write text to a file beside the state, which only its user can read; return its path as shown.

        Raises:
            OSError: it cannot be written.
        """
        make_state_folder(self.project)
        path = copy_file(self.project)
        write_private(path, text)
        return shown(path)

    def clear(self, names: Sequence[str]) -> list[str]:
        """Forget these tasks; return those that had something to forget.

        Raises:
            StateLockedError: a run goes on.
        """
        with self._lock:
            self._look_away()
            return self._archive.change(self._name, lambda state: state.forget(names))

    def undo_clear(self) -> list[str]:
        """Undo the last clear; return the tasks that are back.

        Raises:
            StateLockedError: a run goes on.
        """
        with self._lock:
            self._look_away()
            return self._archive.change(self._name, lambda state: state.restore())

    def close(self) -> None:
        """End what runs (bounded) and let go of everything."""
        if self._follower is not None:
            self._follower.close()
        if self.running:
            self._runner.cancel(_GRACE)
            self._runner.wait(2 * _GRACE)
        if self._isolation is not None:
            self._isolation.close()  # first: a file that never finishes loading holds the lock
        with self._lock:
            self._source.close(forget=not self.running)


def _affected(before: Plan | None, now: Plan) -> tuple[str, ...]:
    """Return the tasks that are stale now and were not, or for another reason."""
    old = {} if before is None else before.tasks
    return tuple(
        name
        for name, task in now.tasks.items()
        if task.stale and (name not in old or not old[name].stale or old[name].why != task.why)
    )
