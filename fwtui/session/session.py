"""One workflow of one file, open: everything that the dashboard and the commands do with it, without any screen."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flowweaver.errors import WorkflowBusyError
from flowweaver.events import Event
from flowweaver.plan import Plan
from flowweaver.prepare import Options, plan_of
from flowweaver.records import AttemptRecord, LogLine, RunRecord, TaskRecord
from fwtui.model.verdict import Ending
from fwtui.session.describe import describe
from fwtui.session.ending import ending_of
from fwtui.session.loader import Loaded, check_syntax, load
from fwtui.session.port import LoadProblem, Picture, Reload, RunRequest
from fwtui.session.project import Project, shown
from fwtui.session.recorder import Recorder
from fwtui.session.runner import Ask, ThreadRunner, open_for_reading, open_store
from fwtui.session.selection import forced_names, merged, selected_names
from fwtui.session.stamps import Stamp, newer, read_stamped

if TYPE_CHECKING:
    from flowweaver.stores.sqlite import SQLiteStateStore
    from flowweaver.stores.sqlite_reader import SQLiteWorkflowState
    from fwtui.session.watcher import Watcher

__all__ = ["Session", "Settings"]

_RESUME = RunRequest()
_RUNS_SHOWN = 200
_RUNS_BEHIND = 50
"""Runs whose attempts are in a picture: results that are reused may come from as many."""
_GRACE = 1.0
"""Seconds that running tasks get to end when the session is closed."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the command line says about a session.

    Attributes:
        name: which of the file's workflows.
        params: parameters as typed.
        request: what the first run is asked to do; its selection holds for all runs.
        executor, workers: how tasks are run.
        command: the words that repeat these settings in a command line, for the command that resumes.
    """

    name: str | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    request: RunRequest = _RESUME
    executor: str = "threaded"
    workers: int | None = None
    command: tuple[str, ...] = ()


class Session:
    """The implementation of :class:`fwtui.session.port.SessionPort`.

    Args:
        project: the workflow file and where its state is.
        settings: what the command line says.
        on_event: called with each event in the engine's threads; by default events only wait to be drained.
        clock: seconds since the epoch.
    """

    def __init__(
        self,
        project: Project,
        settings: Settings = Settings(),
        *,
        on_event: Callable[[Event], None] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.project = project
        self.settings = settings
        self._clock = clock
        self._runner = ThreadRunner(settings.executor, settings.workers, on_event)
        self._loaded: Loaded | None = None
        self._plan: Plan | None = None
        self._problem: LoadProblem | None = None
        self._seen: dict[Path, Stamp] = {}
        self._first = True
        self._watcher: Watcher | None = None
        self._store: SQLiteStateStore | None = None
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
        return self._problem

    @property
    def loaded(self) -> Loaded:
        """The file as it was last loaded; it is loaded now if it was not.

        Raises:
            LoadProblem: it does not load.
        """
        with self._lock:
            if self._loaded is None:
                self._load()
            assert self._loaded is not None
            return self._loaded

    def open(self) -> Picture:
        """Load the file and return the picture.

        Raises:
            LoadProblem: it does not load.
            StateError: the state cannot be used.
        """
        with self._lock:
            if self._loaded is None:
                self._load()
            return self.refresh()

    def _load(self) -> Loaded:
        """Load what is on disk; if it does not load, what was loaded before stays.

        Raises:
            LoadProblem: it does not load.
        """
        before = self._loaded
        try:
            loaded = load(
                self.project,
                name=self.settings.name,
                params=self.settings.params,
                replaces=None if before is None else before.imports,
                clock=self._clock,
            )
        except LoadProblem as problem:
            self._problem = problem
            self._see([self.project.file, *([Path(problem.path)] if problem.path else [])])
            raise
        self._loaded, self._problem, self._seen = loaded, None, {}
        if self._watcher is not None:
            self._watcher.watch(loaded.imports.source_files())
        return loaded

    def _see(self, paths: Sequence[Path]) -> None:
        """Remember files as they are now although nothing of them is loaded."""
        for path in paths:
            try:
                self._seen[path] = read_stamped(path)[1]
            except OSError:
                self._seen.pop(path, None)

    def _changed(self) -> frozenset[Path]:
        stamps = {} if self._loaded is None else dict(self._loaded.imports.stamps)
        return newer(stamps | self._seen)

    # -- pictures ---------------------------------------------------------------------------------------------------

    def refresh(self) -> Picture:
        """Return the picture of now, from the store, without loading anything that is loaded.

        Raises:
            LoadProblem: nothing was loaded yet, and it does not load.
            StateError: the state cannot be used.
        """
        with self._lock:
            picture = self._picture()
            self._plan = picture.plan
            return picture

    def _picture(self) -> Picture:
        loaded = self.loaded
        records: Mapping[str, TaskRecord] = {}
        view = self._history()
        facts: dict[str, Any] = {}
        if view is not None:
            records = view.records()
            runs = tuple(view.runs(_RUNS_SHOWN))
            facts = {
                "runs": runs,
                "attempts": _attempts_behind(view, records),
                "durations": view.durations(),
                "holder": None if self.running else view.holder(),
                "undoable": tuple(view.restorable()),
            }
        return Picture(
            workflow=loaded.workflow.name,
            file=shown(self.project.file),
            tasks=describe(loaded.workflow),
            plan=self._plan_for(RunRequest(), records, facts.get("runs", ())),
            records=records,
            loaded_at=loaded.loaded_at,
            params={**loaded.workflow.params, **loaded.params},
            **facts,
        )

    def plan(self, request: RunRequest = _RESUME) -> Plan:
        """Return what a run would do now.

        Raises:
            LoadProblem: the file does not load.
            StateError: the state cannot be used.
            DefinitionError: the request names what is not there.
        """
        with self._lock:
            view = self._history()
            records = {} if view is None else view.records()
            return self._plan_for(request, records, () if view is None else tuple(view.runs(1)))

    def _plan_for(self, request: RunRequest, records: Mapping[str, TaskRecord], runs: Sequence[RunRecord]) -> Plan:
        ask = self._ask(request, runs)
        options = Options(ask.resume, ask.only, ask.force, ask.keep_going, ask.params)
        return plan_of(self.loaded.workflow, records, options)[0]

    def _ask(self, request: RunRequest, runs: Sequence[RunRecord]) -> Ask:
        """Return what a run is asked to do: the request, what the command line said, and names in place of globs."""
        wanted = merged(request, self.settings.request, first=self._first)
        loaded = self.loaded
        unfinished = bool(runs) and runs[0].unfinished
        return Ask(
            resume=not (wanted.fresh or (wanted.continue_or_new and not unfinished)),
            only=selected_names(loaded.workflow, wanted),
            force=forced_names(loaded.workflow, wanted.force),
            keep_going=wanted.keep_going,
            params=loaded.params,
        )

    def _history(self) -> SQLiteWorkflowState | None:
        """Return what is stored of this workflow, for reading; None if there is nothing yet.

        Raises:
            StateError: it cannot be used.
        """
        if self._store is None and not self.project.state.exists():
            return None  # nothing is imported or made for a state that is not there yet
        if self._store is None:
            self._store = open_for_reading(self.project)
        return self._store.for_workflow(self.loaded.workflow.name)

    # -- what a save does -------------------------------------------------------------------------------------------

    def watch(self, on_change: Callable[[], None]) -> None:
        """Call back, from another thread, whenever source files were saved."""
        from fwtui.session.watcher import Watcher

        with self._lock:
            files = {self.project.file} if self._loaded is None else self._loaded.imports.source_files()
            self._watcher = Watcher(lambda _paths: on_change())
            self._watcher.watch(files)

    def check_disk(self) -> Reload | None:
        """Load what is newer on disk than what is loaded, if anything; during a run it is only compiled.

        Raises:
            StateError: the state cannot be used.
        """
        with self._lock:
            changed = self._changed()
            # A file that did not load may load now although it is the same: a module that it misses may be there.
            if not changed and (self._problem is None or self.running):
                return None
            saved = shown(self.project.file if self.project.file in changed or not changed else min(changed))
            if self.running:
                self._problem = check_syntax(sorted(changed))
                self._see(sorted(changed))
                return Reload(saved, self._clock(), problem=self._problem, during_run=True)
            return self._reload(saved)

    def _reload(self, saved: str) -> Reload:
        before_plan = self._plan
        before = {} if self._loaded is None else dict(self._loaded.workflow.dependencies)
        try:
            self._load()
        except LoadProblem as problem:
            return Reload(saved, self._clock(), problem=problem)
        picture = self.refresh()
        names = [task.name for task in picture.tasks]
        return Reload(
            saved,
            self._clock(),
            picture=picture,
            added=tuple(name for name in names if name not in before) if before_plan is not None else (),
            removed=tuple(name for name in before if name not in names),
            affected=_affected(before_plan, picture.plan),
        )

    # -- running ----------------------------------------------------------------------------------------------------

    def start(self, request: RunRequest = _RESUME) -> None:
        """Start a run in the background, on what is on disk now.

        Raises:
            LoadProblem: the file does not load; nothing started.
            StateError: the state cannot be used, or another process runs this workflow.
            FlowWeaverError: anything else that is refused before a task starts.
        """
        with self._lock:
            if self.running:
                raise WorkflowBusyError("A run is going on", workflow_name=self.loaded.workflow.name)
            if self._loaded is None or self._problem is not None or self._changed():
                self._load()
            loaded = self.loaded
            runs: Sequence[RunRecord] = ()
            if merged(request, self.settings.request, first=self._first).continue_or_new:
                view = self._history()
                runs = () if view is None else tuple(view.runs(1))
            self._runner.start(loaded, self._ask(request, runs))
            self._first = False

    def ask(self, request: RunRequest = _RESUME) -> Ask:
        """Return what ``start`` would ask of an executor, for who runs it by himself.

        Raises:
            LoadProblem: the file does not load.
            UnknownTaskError: the request names what is not there.
        """
        with self._lock:
            view = self._history()
            return self._ask(request, () if view is None else tuple(view.runs(1)))

    def recorder(self) -> Recorder:
        """Return a listener from which ``ending`` will tell, for who runs it by himself."""
        self._runner.recorder = Recorder()
        return self._runner.recorder

    def stop(self) -> None:
        """Start no further task; what runs may finish."""
        self._runner.stop()

    def cancel(self, grace: float = 1.0) -> None:
        """Give up what runs, too, after ``grace`` seconds."""
        self._runner.cancel(grace)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the end of the run; return whether it has ended."""
        return self._runner.wait(timeout)

    def drain(self) -> list[Event]:
        """Take the events that have come since the last call."""
        return self._runner.drain()

    @property
    def exit_code(self) -> int:
        """The exit code of the last run of this session that has ended, 0 if none has."""
        return self._runner.exit_code

    @property
    def error(self) -> BaseException | None:
        """What the last run ended with, None while it goes on and after success."""
        return self._runner.error

    @property
    def threads_left(self) -> int:
        """How many threads of given up tasks the last run left behind."""
        return self._runner.recorder.threads_left

    def ending(self) -> Ending | None:
        """Return how the last run of this session ended, None if none has."""
        if self._loaded is None:
            return None
        return ending_of(
            self._loaded.workflow,
            self._runner.recorder,
            belongs=self._loaded.imports.belongs,
            target=self.target,
            options=self.settings.command,
            state=self.state_option,
        )

    @property
    def target(self) -> str:
        """The file, and the workflow's name if the command line gave one, as it is named in a command."""
        return shown(self.project.file) + (f":{self.settings.name}" if self.settings.name else "")

    @property
    def state_option(self) -> tuple[str, ...]:
        """The words that name the state in a command, if it is not where it is by itself."""
        return () if self.project.own_state else ("--state", shown(self.project.state))

    # -- what is stored ---------------------------------------------------------------------------------------------

    def log(self, task: str, *, run_id: int | None = None, attempt: int | None = None) -> list[LogLine]:
        """Return what an attempt wrote; by default the attempt whose result or error is recorded.

        Raises:
            StateError: the state cannot be used.
        """
        with self._lock:
            view = self._history()
            if view is None:
                return []
            if run_id is None or attempt is None:
                record = view.records().get(task)
                if record is None:
                    return []
                run_id, attempt = run_id or record.run_id, attempt or record.attempt
            return list(view.log(task, run_id, attempt))

    def attempts(self, task: str, run_id: int | None) -> list[AttemptRecord]:
        """Return the attempts of a task in a run, the first first.

        Raises:
            StateError: the state cannot be used.
        """
        with self._lock:
            view = self._history()
            return [] if view is None or run_id is None else list(view.attempts(task, run_id))

    def last_run(self) -> int | None:
        """Return the number of the last run, None if there was none.

        Raises:
            StateError: the state cannot be used.
        """
        with self._lock:
            view = self._history()
            runs = [] if view is None else view.runs(1)
            return runs[0].run_id if runs else None

    def clear(self, names: Sequence[str]) -> list[str]:
        """Forget these tasks; return those that had something to forget.

        Raises:
            StateError: the state cannot be used, or a run goes on.
        """
        with self._lock:
            if self._history() is None:
                return []
            return self._writing(lambda state: state.forget(names))

    def undo_clear(self) -> list[str]:
        """Undo the last clear; return the tasks that are back.

        Raises:
            StateError: the state cannot be used, or a run goes on.
        """
        with self._lock:
            if self._history() is None:
                return []
            return self._writing(lambda state: state.restore())

    def _writing(self, work: Callable[[SQLiteWorkflowState], list[str]]) -> list[str]:
        store = open_store(self.project)
        try:
            return work(store.for_workflow(self.loaded.workflow.name))
        finally:
            store.close()

    def close(self) -> None:
        """End what runs (bounded) and let go of everything."""
        if self.running:
            self._runner.cancel(_GRACE)
            self._runner.wait(2 * _GRACE)
        with self._lock:
            if self._watcher is not None:
                self._watcher.close()
            if self._loaded is not None and not self.running:
                self._loaded.imports.remove()


def _attempts_behind(
    view: SQLiteWorkflowState, records: Mapping[str, TaskRecord]
) -> dict[str, tuple[AttemptRecord, ...]]:
    """Return the attempts of the run that made each task's record."""
    run_ids = sorted({record.run_id for record in records.values() if record.run_id is not None}, reverse=True)
    found: dict[str, list[AttemptRecord]] = {}
    for run_id in run_ids[:_RUNS_BEHIND]:
        for attempt in view.attempts(run_id=run_id):
            record = records.get(attempt.task_name)
            if record is not None and record.run_id == run_id:
                found.setdefault(attempt.task_name, []).append(attempt)
    return {name: tuple(attempts) for name, attempts in found.items()}


def _affected(before: Plan | None, now: Plan) -> tuple[str, ...]:
    """Return the tasks that are stale now and were not, or for another reason."""
    old = {} if before is None else before.tasks
    return tuple(
        name
        for name, task in now.tasks.items()
        if task.stale and (name not in old or not old[name].stale or old[name].why != task.why)
    )
