"""The port between whoever shows a workflow and whatever runs it.

The screen and the commands know only this: frozen pictures come out, calls go in, events are drained. A session's
blocking calls (``open``, ``refresh``, ``start``, ``clear`` ...) touch files and the store, so a screen makes them in a
worker thread; ``drain``, ``stop``, ``cancel`` and the properties never block.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from flowweaver.events import Event
from flowweaver.plan import Plan
from flowweaver.records import AttemptRecord, LogLine, RunRecord, TaskRecord
from flowweaver.tracebacks import Frame
from fwtui.model.verdict import Ending

__all__ = ["LoadProblem", "Picture", "Reload", "RunRequest", "SessionPort", "SeveralWorkflows", "TaskInfo"]


@dataclass(frozen=True, slots=True)
class TaskInfo:
    """What a task is, for display.

    Attributes:
        source: the file that defines its function, as shown to a person (relative to where they are if below it).
        path: the same file, absolute; None where the function has no file.
        line: line of its ``def``, from 1.
        retry_waits: seconds before each retry, without jitter; of very many only the first.
        inputs, outputs: the files that it declares, paths or globs.
        base: the folder that these are relative to.
    """

    name: str
    deps: tuple[str, ...] = ()
    source: str | None = None
    path: str | None = None
    line: int | None = None
    retries: int = 0
    retry_waits: tuple[float, ...] = ()
    timeout: float | None = None
    description: str = ""
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    base: str = ""


@dataclass(frozen=True, slots=True)
class Picture:
    """A workflow as it is now: its tasks, what is recorded of them, and what would run.

    Attributes:
        file: the workflow file as shown to a person.
        runs: newest first.
        durations: remembered seconds by task.
        holder: who runs this workflow now, in another process ("process 4711 on lab-3, since 10:02"), or None.
        loaded_at: when the file that this shows was read, seconds since the epoch.
        undoable: tasks whose clear can still be undone.
        hint: what a person should know of how the file was loaded, or empty.
        printed: lines that the file wrote while it was imported.
    """

    workflow: str
    file: str
    tasks: tuple[TaskInfo, ...]
    plan: Plan
    records: Mapping[str, TaskRecord] = field(default_factory=dict)
    runs: tuple[RunRecord, ...] = ()
    attempts: Mapping[str, tuple[AttemptRecord, ...]] = field(default_factory=dict)
    durations: Mapping[str, float] = field(default_factory=dict)
    holder: str | None = None
    loaded_at: float = 0.0
    undoable: tuple[str, ...] = ()
    params: Mapping[str, Any] = field(default_factory=dict)
    hint: str = ""
    printed: tuple[str, ...] = ()


@dataclass(slots=True, eq=False)
class LoadProblem(Exception):
    """A workflow file that does not load: one to three plain lines, never our traceback.

    Attributes:
        file: as shown to a person.
        line: in that file, from 1, or None.
        text: "SyntaxError: '[' was never closed", "it has no workflow" ...
        frames: the user's own frames, innermost last, as "file:line in function".
        code: exit code of a command that meets it (3; 2 for a file that is not there).
        path: the file, absolute, for an editor; None where there is none.
    """

    file: str
    text: str
    line: int | None = None
    frames: tuple[str, ...] = ()
    hint: str = ""
    code: int = 3
    path: str | None = None

    def __str__(self) -> str:
        where = f"{self.file} line {self.line}" if self.line else self.file
        return f"{where}, {self.text}" if self.line else f"{where}: {self.text}"


@dataclass(slots=True, eq=False)
class SeveralWorkflows(LoadProblem):
    """The file is well, but has several workflows and none was named.

    Attributes:
        names: what they are called.
    """

    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reload:
    """What a save did.

    Attributes:
        file: the file that was saved, as shown to a person.
        picture: the new picture; None if the file does not load (``problem``) or a run goes on.
        added, removed: tasks that are new or gone.
        affected: tasks that are stale now and were not before, or whose reason changed.
    """

    file: str
    time: float
    picture: Picture | None = None
    problem: LoadProblem | None = None
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    affected: tuple[str, ...] = ()
    during_run: bool = False


@dataclass(frozen=True, slots=True)
class RunRequest:
    """What a person asks to be run; everything empty means: resume.

    Attributes:
        fresh: run everything again.
        only: tasks to consider (names or globs), None for all.
        force: tasks to run again although they are done (names or globs).
        start_from: consider only these (names or globs) and what depends on them.
        up_to: consider only these (names or globs) and what they depend on.
        continue_or_new: finish an unfinished run; if there is none, run everything again.
    """

    fresh: bool = False
    only: Sequence[str] | None = None
    force: Sequence[str] = ()
    keep_going: bool = False
    start_from: Sequence[str] = ()
    up_to: Sequence[str] = ()
    continue_or_new: bool = False


class SessionPort(Protocol):
    """One workflow of one file, open."""

    @property
    def running(self) -> bool:
        """A run of this session goes on."""

    @property
    def problem(self) -> LoadProblem | None:
        """Why the file on disk does not load, None if it does."""

    @property
    def exit_code(self) -> int:
        """The exit code of the last run of this session that has ended, 0 if none has."""

    @property
    def threads_left(self) -> tuple[str, ...]:
        """The tasks that a run gave up while a thread of this process is still in them, one for each thread."""

    @property
    def isolated(self) -> bool:
        """Runs have processes of their own, which end with all that is in them."""

    def ending(self) -> Ending | None:
        """Return how the last run of this session ended, for ``fwtui.model.verdict``; None if none has."""

    def watch(self, on_change: Callable[[], None]) -> None:
        """Call back, from another thread, whenever source files were saved: ``check_disk`` then tells what it means."""

    def follow(self, on_change: Callable[[], None], *, files: bool = True) -> None:
        """Call back, from another thread, whenever the last picture holds no more: ``refresh`` then gives the next one.

        That is so when another process begins a run, ends it or dies, or clears something, and when a declared file
        has changed. While another process runs the workflow, what happens in its run comes as events, as in a run of
        this session but for their beginning and end.

        Args:
            on_change: never called between two pictures twice for the same reason.
            files: declared files are looked at, too.
        """

    def open(self) -> Picture:
        """Load the file and return the picture.

        Raises:
            LoadProblem: it does not load.
            flowweaver.StateError: the state cannot be used.
        """

    def refresh(self) -> Picture:
        """Return the picture of now, from the store, without loading anything."""

    def check_disk(self) -> Reload | None:
        """Load what is newer on disk than what is loaded, if anything; during a run it is only compiled."""

    def start(self, request: RunRequest) -> None:
        """Start a run in the background, on what is on disk now.

        Raises:
            LoadProblem: the file does not load; nothing started.
            flowweaver.StateLockedError: another process runs it.
            flowweaver.StateError: the state cannot be used.
            flowweaver.FlowWeaverError: anything else that is refused before a task starts.
        """

    def stop(self) -> None:
        """Start no further task; what runs may finish."""

    def cancel(self) -> None:
        """Give up what runs, too."""

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the end of the run; return whether it has ended."""

    def drain(self) -> list[Event]:
        """Take the events that have come since the last call, of a run of this session or of one that is followed."""

    def log(self, task: str, *, run_id: int | None = None, attempt: int | None = None) -> list[LogLine]:
        """Return what an attempt wrote; by default the attempt whose result or error is recorded."""

    def stack(self, task: str) -> list[Frame]:
        """Return where a task that this session runs is now: its frames, outermost first; none if it is nowhere."""

    def attempts_of_run(self, run_id: int) -> list[AttemptRecord]:
        """Return all attempts of a run, in the order in which they began."""

    def keep_copy(self, text: str) -> str:
        """Write text to a file beside the state, which only its user can read; return its path as shown.

        Raises:
            OSError: it cannot be written.
            StateError: nothing can be kept where the state is.
        """

    def clear(self, names: Sequence[str]) -> list[str]:
        """Forget these tasks; return those that had something to forget."""

    def undo_clear(self) -> list[str]:
        """Undo the last clear; return the tasks that are back."""

    def close(self) -> None:
        """End what runs (bounded) and let go of everything."""
