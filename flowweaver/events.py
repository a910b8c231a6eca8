"""What happened in a run, as frozen facts: the only way in which anything outside the engine learns of it.

Listeners get them one at a time, in the order of their sequence number.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from flowweaver.records import LogLine

__all__ = [
    "Event",
    "Listener",
    "RunFinished",
    "RunStarted",
    "TaskCompleted",
    "TaskFailed",
    "TaskOutput",
    "TaskRestored",
    "TaskRetrying",
    "TaskSkipped",
    "TaskStarted",
    "TaskWriting",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A fact of one run.

    Attributes:
        run_id: the run's number within its workflow.
        sequence: position in the run, from 1, without gaps.
        time: seconds since the epoch.
    """

    run_id: int
    sequence: int
    time: float


Listener = Callable[[Event], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted(Event):
    """The plan is made and the run is in the store; nothing runs yet.

    Attributes:
        planned: decision for each task by name, in the workflow's order: "run", "maybe", "reuse" or "leave".
        reasons: the reasons of each decision, as text.
        warnings: what a person should know of the tasks although it does not decide.
    """

    workflow: str
    planned: Mapping[str, str] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskStarted(Event):
    """An attempt begins, ``attempt`` counted from 1."""

    task: str
    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRetrying(Event):
    """An attempt failed and another will follow after ``delay`` seconds."""

    task: str
    attempt: int
    delay: float
    duration: float
    error: str
    traceback: str | None = None
    timed_out: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskCompleted(Event):
    """A task is done, and its result is in the store if there is one, unless ``not_kept`` says why it is not.

    Attributes:
        duration: seconds the last attempt took.
        summary: what a person sees of the result.
        not_kept: why the result is not kept, None if it is.
        warnings: declared files that were not there, or that it did not make.
    """

    task: str
    attempt: int
    duration: float
    summary: str = ""
    size: int = 0
    not_kept: str | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRestored(Event):
    """A task was not run: its stored result stands. ``from_run`` is the run that made it, None if not known."""

    task: str
    from_run: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFailed(Event):
    """A task failed for good.

    Attributes:
        error: ``TypeName: text``.
        traceback: frames and messages, without source text.
        thread_left: it was given up, and its thread is still running.
        interrupted: it did not fail by itself: the run was cancelled while it ran.
    """

    task: str
    attempt: int
    duration: float
    error: str
    traceback: str | None = None
    timed_out: bool = False
    thread_left: bool = False
    interrupted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskSkipped(Event):
    """A task will not run because ``because``, an ancestor, failed."""

    task: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskOutput(Event):
    """Lines that a task wrote; if there is a store with a history, they are in it.

    Attributes:
        first: number of the first of them in the attempt's log, from 1; 0 if that is not known.
    """

    task: str
    attempt: int
    lines: tuple[LogLine, ...]
    first: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskWriting(Event):
    """What a task that goes on has written that is in no store yet. It replaces what the one before it said.

    Attributes:
        lines: lines that have no end yet, as they read now (a progress bar, say). Of an output so long that only its
            beginning and its end will be kept, also the last lines.
        left_out: how many lines before these are not told of.
    """

    task: str
    attempt: int
    lines: tuple[LogLine, ...]
    left_out: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFinished(Event):
    """The run is over and all of it is in the store.

    Attributes:
        outcome: "completed", "failed" or "cancelled"; "interrupted" where whoever told of the run had to end it,
            because its process died.
        counts: tasks by word: "completed", "reused", "failed", "skipped", "pending", and "interrupted" if any was.
        duration: seconds from the first start to the end.
        error: why the run ended, if it is not a task's failure (a full disk, say).
    """

    workflow: str
    outcome: str
    duration: float
    failed_task: str | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    error: str | None = None
